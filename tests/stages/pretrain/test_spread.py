"""Several processes train as one does: the same batches, gradients, losses and checkpoints."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pidiff_cli.config import PretrainConfig
from pidiff_cli.errors import UsageError
from pidiff_cli.stages.pretrain import run as pretrain
from pidiff_cli.stages.progress import Progress
from tests.stages.pretrain.conftest import Draw
from tests.support.processes import free_port, run_processes
from tests.support.tiny_real import SIZE

STEPS = 20
Work = Callable[..., dict[str, Any]]


def train(config: PretrainConfig, stop: int = 0) -> dict[str, Any]:
    """What a process saw: its losses, before they are rounded, and what it was told."""
    losses: list[float] = []
    mean = pretrain.Processes.mean

    def noted(self: pretrain.Processes, value: torch.Tensor) -> float:
        losses.append(mean(self, value))
        if len(losses) == stop:
            raise KeyboardInterrupt
        return losses[-1]

    told: list[str] = []
    progress = Progress()
    progress.line = told.append  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain.Processes, "mean", noted)
        try:
            result = pretrain.run(config, progress)
        except KeyboardInterrupt:
            result = None
    return {"losses": losses, "told": told, "first": result is not None}


@pytest.fixture
def config(draw: Draw, home: Path, tmp_path: Path) -> PretrainConfig:
    return PretrainConfig(
        home=home, base="sd15", data=draw(tmp_path / "people", 6), out=tmp_path / "one",
        steps=STEPS, batch=4, size=SIZE, device="cpu", learning_rate=1e-3, checkpoint_every=10,
    )  # fmt: skip


FSDP = {
    "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "true",  # as `accelerate launch` has it
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_TRANSFORMER_CLS_TO_WRAP": "BasicTransformerBlock",
}  # fmt: skip


def sharded(config: PretrainConfig, stop: int = 0) -> dict[str, Any]:
    """As `train`, in a process that holds a part of the weights.

    accelerate itself shards on accelerators alone, and on a CPU takes DDP in silence; its state is
    told here what it tells itself there. All that follows is accelerate's and torch's own.
    """
    from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin

    opened, spread, seen = pretrain.open_processes, pretrain.spread, []

    def open_sharded(*arguments: Any) -> pretrain.Processes:
        found = opened(*arguments)
        found.accelerator.state.distributed_type = DistributedType.FSDP
        found.accelerator.state.fsdp_plugin = FullyShardedDataParallelPlugin()
        return found

    def spread_seen(*arguments: Any) -> Any:
        found = spread(*arguments)
        seen.extend(type(p.data).__name__ for p in found[1].values())
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain, "open_processes", open_sharded)
        patch.setattr(pretrain, "spread", spread_seen)
        return {**train(config, stop), "kinds": sorted(set(seen))}


def test_two_processes_train_as_one(config: PretrainConfig, tmp_path: Path) -> None:
    found = run_processes(2, lambda: train(replace(config, out=tmp_path / "two")), tmp_path)
    assert found[0]["losses"] == found[1]["losses"] and len(found[0]["losses"]) == STEPS
    assert [f["first"] for f in found] == [True, False]
    one = train(config)
    assert one["losses"] == pytest.approx(found[0]["losses"], abs=1e-4)
    assert abs(one["losses"][-1] - one["losses"][0]) > 1e-3  # or it would say nothing
    assert_same_branch(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize("work", [train, sharded])
def test_a_stopped_run_goes_on_with_any_number_of_processes(
    config: PretrainConfig, tmp_path: Path, work: Work
) -> None:
    config = replace(config, steps=5, checkpoint_every=2)
    settings = FSDP if work is sharded else {}
    whole = train(config)["losses"]
    two = replace(config, out=tmp_path / "two")
    stopped = run_processes(2, lambda: work(two, 3), tmp_path, **settings)
    assert stopped[0]["losses"] == pytest.approx(whole[:3], abs=1e-4)
    shutil.copytree(tmp_path / "two", tmp_path / "alone")
    (first, other) = run_processes(2, lambda: work(two), tmp_path, **settings)
    assert first["told"] == ["Going on from step 2."] and not other["told"]
    assert first["losses"] == pytest.approx(whole[2:], abs=1e-4)
    alone = train(replace(config, out=tmp_path / "alone"))
    assert alone["losses"] == pytest.approx(whole[2:], abs=1e-4)
    if work is sharded:
        assert first["kinds"] == ["DTensor"]
    for name in ("two", "alone"):
        assert_same_branch(tmp_path / "one", tmp_path / name)


def test_processes_share_a_batch_evenly_or_not_at_all(
    config: PretrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(UsageError, match="evenly") as told:
        pretrain.run(config, Progress())
    assert told.value.hint is not None and "--batch 6" in told.value.hint


@pytest.mark.slow
def test_accelerate_launches_the_command(config: PretrainConfig, tmp_path: Path) -> None:
    """The real command line; the pictures come from the cache, as the finder is a stand-in."""
    train(config)
    shutil.copytree(tmp_path / "one" / "training", tmp_path / "two" / "training")
    launch = [sys.executable, *"-m accelerate.commands.launch --multi_gpu".split()]
    launch += "--num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no".split()
    launch += ["--main_process_port", str(free_port()), "-m", "pidiff_cli"]
    command = ["--home", config.home, "--device", "cpu", "pretrain", "identity", "--base", "sd15"]
    command += ["--data", config.data, "--out", tmp_path / "two", "--steps", STEPS, "--batch", 4]
    command += ["--size", SIZE, "--learning-rate", 1e-3, "--json"]
    ran = subprocess.run(
        [*launch, *map(str, command)], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["processes"] == 2  # one document: the first process's
    assert ran.stderr.count("with a face") == 1
    assert_same_branch(tmp_path / "one", tmp_path / "two")


def assert_same_branch(one: Path, other: Path) -> None:
    """Within 0.1 % of a tensor's length: AdamW turns the noise of a gradient near 0 into a step.

    Five steps move a tensor by several per cent.
    """
    for name in ("branch", "wproj"):
        a, b = (load_file(d / f"{name}.safetensors") for d in (one, other))
        assert a.keys() == b.keys()
        for key in a:
            apart = (a[key].float() - b[key].float()).norm()
            assert apart <= 1e-3 * b[key].float().norm(), key
