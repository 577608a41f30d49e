"""The five commands on a tiny Stable Diffusion 1.5 and a tiny XL, from a folder and from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from pidiff_cli.core.images import save_png
from pidiff_cli.stages import _choosing, _photos
from tests.conftest import Ran
from tests.faces_fake import ColourEmbedder, Drawn, Finder, draw_people
from tests.tiny_base import make_wplus
from tests.tiny_person import colour_reader
from tests.tiny_real import SIZE, ldm_state, make_folder, use_tiny_configs

RECIPE = f"""
name: tiny
base: %s
tune: {{steps: 2, batch: 1, rank: 2, size: {SIZE}, preview_every: 0, checkpointing: always}}
generate: {{steps: 2, size: {SIZE}}}
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("real")
    return {family: make_folder(root / family, family) for family in ("sd15", "sdxl")}


@pytest.fixture
def album(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of one person, face networks that need no weights, tiny W+ networks in the home."""
    from pidiff_cli.stages import _drawing, _tuning, invert, measure

    finder = Finder()
    monkeypatch.setattr(_photos, "find_faces", finder)
    monkeypatch.setattr(_photos, "candidates", lambda *_, **__: [])
    monkeypatch.setattr(_choosing, "load_embedder", ColourEmbedder)
    monkeypatch.setattr(_tuning, "REPORT_STEPS", 1)
    for module in (measure, invert, _drawing):
        monkeypatch.setattr(module, "open_reader", lambda _: colour_reader())
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    (home / "models" / "ffhq").mkdir(parents=True)
    make_wplus(home / "models" / "ffhq")
    folder = tmp_path / "album"
    folder.mkdir()
    for i in range(2):
        people = [Drawn(180 + 30 * i, 200, 110, (220, 90, 60))]
        save_png(folder / f"{i}.png", finder.remember(draw_people(people), people))
    return folder


def five_commands(
    pidiff: Callable[..., Ran], album: Path, out: Path, base: str, recipe: Path
) -> list[Path]:
    """prepare, invert, tune, generate and stylemix; returns the pictures drawn."""
    made = pidiff("--json", "prepare", album, "--name", "alice")
    assert made.code == 0 and made.json["kept"], made.err
    ran = pidiff("invert", "alice", "--base", base)
    assert ran.code == 0, ran.err
    ran = pidiff("--json", "tune", "alice", "--base", base, "--recipe", recipe)
    assert ran.code == 0, ran.err
    assert ran.json["steps"] == 2
    options = ("--steps", "2", "--size", str(SIZE), "--out", out)
    ran = pidiff("--json", "generate", "alice", "as a woman in snow", "-n", "2", *options)
    assert ran.code == 0, ran.err
    paths = [Path(item["path"]) for item in ran.json["images"]]
    mix = ("--json", "stylemix", "alice", "alice", "--prompt", "in snow", "--out", out)
    ran = pidiff(*mix)
    assert ran.code == 0, ran.err
    assert Path(ran.json["sheet"]).is_file() and len(ran.json["images"]) == 1
    return paths


def test_sd15_from_the_home_then_retuned_on_sdxl(
    pidiff: Callable[..., Ran], home: Path, album: Path, tmp_path: Path, folders: dict[str, Path]
) -> None:
    for family, folder in folders.items():
        (home / "models" / family).mkdir()
        (home / "models" / family / "diffusers").symlink_to(folder)
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(RECIPE % "sd15")
    pictures = five_commands(pidiff, album, tmp_path / "out", "sd15", recipe)
    assert Image.open(pictures[0]).size == (SIZE, SIZE)
    assert not np.array_equal(*(np.asarray(Image.open(path)) for path in pictures))

    recipe.write_text(RECIPE % "sdxl")
    again = ("tune", "alice", "--base", "sdxl", "--recipe", recipe)
    ran = pidiff(*again)
    assert ran.code == 3
    assert "alice is tuned on sd15" in ran.err and "--base sdxl --retune" in ran.err
    ran = pidiff("--json", *again, "--retune")
    assert ran.code == 0, ran.err
    assert ran.json["base"] == "sdxl"


def test_sdxl_from_one_file(
    pidiff: Callable[..., Ran], album: Path, tmp_path: Path, folders: dict[str, Path]
) -> None:
    save_file(ldm_state(folders["sdxl"], "sdxl"), tmp_path / "tuned_xl.safetensors")
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(RECIPE % "sdxl")
    base = str(tmp_path / "tuned_xl.safetensors")
    pictures = five_commands(pidiff, album, tmp_path / "out", base, recipe)
    assert all(path.is_file() for path in pictures)


def test_a_wrong_file_is_a_sentence(
    pidiff: Callable[..., Ran], album: Path, tmp_path: Path, folders: dict[str, Path]
) -> None:
    import torch

    pidiff("prepare", album, "--name", "alice")
    path = tmp_path / "other.safetensors"
    save_file({"double_blocks.0.img_attn.qkv.weight": torch.zeros(3, 3)}, path)
    ran = pidiff("tune", "alice", "--base", path)
    assert ran.code == 3 and "is FLUX" in ran.err and "Stable Diffusion 1.x and XL" in ran.err
