"""The mean of several trainings' weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from pidiff_cli.mini.train.mean import FILES, main, mean


def folder(path: Path, value: float, side: int = 2) -> Path:
    """A weights folder whose numbers all are ``value``."""
    for name in FILES:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        weights = {"layer.weight": torch.full((side, 2), value, dtype=torch.float16)}
        save_file(weights, path / name, {"rows": "12"})
    (path / "wplus.json").write_text(f"{value}")
    return path


def test_shares_weigh_the_numbers_and_the_first_folder_gives_the_rest(tmp_path: Path) -> None:
    a, b, c = (folder(tmp_path / n, v) for n, v in (("a", 0.0), ("b", 4.0), ("c", 8.0)))
    main([str(tmp_path / "new"), f"{a}=0.5", f"{b}=0.25", f"{c}=0.25"])
    for name in FILES:
        found = load_file(tmp_path / "new" / name)["layer.weight"]
        assert found.dtype == torch.float16
        assert found.tolist() == [[3.0, 3.0], [3.0, 3.0]]
        with safe_open(tmp_path / "new" / name, "pt") as file:
            assert file.metadata() == {"rows": "12"}
    assert (tmp_path / "new" / "wplus.json").read_text() == "0.0"
    assert load_file(a / FILES[0])["layer.weight"].sum() == 0


def test_a_mean_with_itself_is_itself_bit_for_bit() -> None:
    state = {"w": torch.randn(50, generator=torch.Generator().manual_seed(0)).half()}
    assert torch.equal(mean([state, state], [0.3, 0.7])["w"], state["w"])


@pytest.mark.parametrize(("share", "side", "told"), [(0.6, 2, "together"), (0.5, 3, "sizes")])
def test_what_does_not_go_together_writes_nothing(
    share: float, side: int, told: str, tmp_path: Path
) -> None:
    a, b = folder(tmp_path / "a", 0.0), folder(tmp_path / "b", 1.0, side)
    with pytest.raises(SystemExit, match=told):
        main([str(tmp_path / "new"), f"{a}=0.5", f"{b}={share}"])
    assert not (tmp_path / "new").exists()


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", 0.0)
    with pytest.raises(SystemExit, match="no mean"):
        main([str(tmp_path / "new"), f"{a}=0.5", f"{tmp_path / 'b'}=0.5"])
