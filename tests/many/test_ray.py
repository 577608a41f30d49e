"""A Ray cluster of several machines (as processes here): one is lost, nobody's learning is.

`make slow`; it takes the extra [ray].
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PEOPLE, STEPS = 12, 10
RECIPE = f"""
name: tiny
base: sd15
tune: {{steps: {STEPS}, batch: 1, rank: 0, lora_rank: 2, size: 64, preview_every: 0,
  checkpoint_every: 1}}
generate: {{steps: 1, size: 64}}
"""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Three machines of one core, the first of which is this test's own."""
    ray = pytest.importorskip("ray", reason="pip install -e '.[ray]'")
    from ray.cluster_utils import Cluster

    root = str(Path(__file__).parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # on a busy machine it would never end
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    # Machines that come later are begun by a thread, which may set no handler of signals.
    monkeypatch.setattr("ray._private.utils.set_sigterm_handler", lambda *_: None, raising=False)
    yield made, nodes
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory, folders: dict[str, Path]) -> dict[str, Any]:
    """Twelve people, each of two of the portraits that come along, and a tiny base."""
    import pidiff_cli.stages

    root = tmp_path_factory.mktemp("people")
    (root / "tiny.yaml").write_text(RECIPE)
    portraits = Path(pidiff_cli.stages.__file__).parent / "portraits"
    rows = ["photos,name"]
    for number in range(PEOPLE):
        two = [portraits / f"portrait_{1 + (number + k) % 4}.png" for k in range(2)]
        rows.append(f"{';'.join(map(str, two))},p{number}")
    (root / "people.csv").write_text("\n".join(rows) + "\n")
    return {"list": root / "people.csv", "recipe": root / "tiny.yaml", "base": folders["sd15"]}


def learn(listed: dict[str, Any], home: Path, make_engine: Any, on_person: Any = None) -> Any:
    from pidiff_cli.many.run import tune_many
    from pidiff_cli.stages.opening import Place

    place = Place.of(home, "cpu", True, None)
    settings = {"base": str(listed["base"]), "recipe": str(listed["recipe"]), "wplus": "off"}
    told = on_person or (lambda one: None)
    return tune_many(listed["list"], place, settings, make_engine=make_engine, on_person=told)


def adapters(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted((home / "profiles").rglob("lora/adapter_model.safetensors"))
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, listed: dict[str, Any]) -> Any:
    """Everybody learnt on this machine, by the other engine."""
    from pidiff_cli.many.run import on_this_machine

    home = tmp_path_factory.mktemp("undisturbed")
    result = learn(listed, home, on_this_machine(2))
    assert result.count("done") == PEOPLE, result
    return adapters(home)


def kill_until(cluster: Any, nodes: list[Any], ready: Any, enough: Any) -> threading.Thread:
    """Take a machine away, as a power cut does, whenever somebody is ``ready()``, and bring another
    one, until somebody has gone on from a checkpoint: whose machine it is cannot be seen."""

    def watch() -> None:
        for number in range(6):
            while not ready():
                time.sleep(0.02)
            cluster.remove_node(nodes[number % 2], allow_graceful=False)
            nodes[number % 2] = cluster.add_node(num_cpus=1)
            until = time.monotonic() + 30
            while time.monotonic() < until:
                if enough():
                    return
                time.sleep(0.1)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("stored", [False, True], ids=["shared folder", "store"])
def test_a_machine_is_lost_and_nobody_s_learning_is(
    stored: bool,
    cluster: Any,
    listed: dict[str, Any],
    tmp_path: Path,
    undisturbed: dict[str, bytes],
) -> None:
    from pidiff_cli.many.ray_engine import on_ray

    made, nodes = cluster
    home, store = tmp_path / "home", tmp_path / "store"
    store.mkdir()

    def under_way() -> bool:
        if stored:
            return len(list(store.glob("people/*.tar"))) >= 2
        return len(list(home.glob("profiles/*/checkpoint/state.json"))) >= 2

    ended: list[Any] = []
    killing = kill_until(made, nodes, under_way, lambda: any(one.resumed for one in ended))
    url = f"file://{store}" if stored else None
    result = learn(listed, home, on_ray(made.address, url, None), ended.append)
    assert result.count("done") == PEOPLE, [one for one in ended if one.status != "done"]
    killing.join(1)
    assert any(0 < one.resumed < STEPS for one in ended), "nobody went on from a checkpoint"
    assert adapters(home) == undisturbed and len(undisturbed) == PEOPLE
    again = learn(listed, home, on_ray(made.address, url, None))
    assert again.count("kept") == PEOPLE
