"""Packages that run when something is asked of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from pidiff_cli.core.lazy import import_lazily, import_never
from tests.support.places import ROOT

WEIGHTS = ROOT / "pidiff_cli" / "weights" / "mini" / "diffusers"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package whose ``__init__`` counts how often it has run, with a module beside it."""
    folder = tmp_path / "slow_package"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "import builtins\n"
        "builtins.slow_package_runs = getattr(builtins, 'slow_package_runs', 0) + 1\n"
        "from slow_package.one import ONE\n"
        "TWO = 2 * ONE\n"
    )
    (folder / "one.py").write_text("ONE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("builtins.slow_package_runs", 0, raising=False)
    for name in ("slow_package", "slow_package.one"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield folder.name
    for name in ("slow_package", "slow_package.one"):
        sys.modules.pop(name, None)


def runs() -> int:
    import builtins

    return int(builtins.slow_package_runs)  # type: ignore[attr-defined]


def test_a_module_of_the_package_does_not_run_the_package(package: str) -> None:
    import_lazily(package)
    from slow_package.one import ONE  # type: ignore[import-not-found]

    assert (ONE, runs()) == (1, 0)


def test_the_package_runs_once_when_it_is_asked(package: str) -> None:
    import_lazily(package)
    import slow_package  # type: ignore[import-not-found]
    from slow_package import TWO

    assert TWO == slow_package.TWO == 2
    assert runs() == 1
    assert type(slow_package) is type(sys)


def test_a_package_that_fails_can_be_asked_again(package: str, tmp_path: Path) -> None:
    file = tmp_path / package / "__init__.py"
    good = file.read_text()
    file.write_text("raise ImportError('half installed')\n")
    import_lazily(package)
    import slow_package

    with pytest.raises(ImportError, match="half installed"):
        _ = slow_package.TWO
    file.write_text(good + "# other size\n")
    assert slow_package.TWO == 2


def test_what_is_there_or_nowhere_is_left_alone(package: str) -> None:
    import slow_package

    import_lazily(package, "json", "no_such_package", "no_such_package.inside")
    assert sys.modules[package] is slow_package
    assert "no_such_package" not in sys.modules


def test_what_is_never_imported_counts_as_not_installed(package: str) -> None:
    import_never(package)
    try:
        assert find_spec(package) is None
        with pytest.raises(ImportError):
            import slow_package  # noqa: F401
    finally:
        del sys.modules[package]


def test_what_is_imported_already_stays(package: str) -> None:
    import slow_package

    import_never(package)
    assert sys.modules[package] is slow_package


def test_a_base_is_read_without_networks_nobody_asked_for() -> None:
    """In a process of its own, since other tests import them; there they can still be had."""
    code = (
        "import sys, torch\n"
        "from pidiff_cli.core.diffusion.parts import read_folder\n"
        "from pathlib import Path\n"
        "parts = read_folder(Path(sys.argv[1]), torch.float32)\n"
        "assert type(parts.unet).__name__ == 'UNet2DConditionModel'\n"
        "for name in ('transformer_flux', 'sana_transformer', 'unet_1d'):\n"
        "    assert not [m for m in sys.modules if m.endswith(name)], name\n"
        "from diffusers import FluxTransformer2DModel, UNet1DModel\n"
        "from diffusers.models.transformers import SD3Transformer2DModel\n"
        "import scipy.stats\n"
        "assert abs(scipy.stats.norm.cdf(0.0) - 0.5) < 1e-9\n"
    )
    command = [sys.executable, "-c", code, str(WEIGHTS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
