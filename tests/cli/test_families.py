"""The five commands on a tiny Stable Diffusion 1.5 and a tiny XL, from a folder and from a file."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pidiff_cli import recipe
from pidiff_cli.core.diffusion.base import open_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.adapter import add_adapter, save_adapter, trainable_parameters
from pidiff_cli.core.images import save_png
from pidiff_cli.profile import Profile
from tests.conftest import Ran
from tests.support.faces_fake import Drawn, draw_people, install_finder
from tests.support.tiny_base import make_wplus
from tests.support.tiny_nudity import install_filter
from tests.support.tiny_person import colour_reader, make_profile
from tests.support.tiny_real import PIPELINES, SIZE, ldm_state, use_tiny_configs

RECIPE = f"""
name: %s
base: %s
tune: {{steps: 2, batch: 1, rank: 2, size: {SIZE}, preview_every: 0, checkpointing: always}}
generate: {{steps: 2, size: {SIZE}}}
"""


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the shipped recipes' place `sd15.yaml` and `sdxl.yaml`, for tiny pictures."""
    for command in ("tune", "generate", "stylemix"):  # their help reads the shipped ones once
        import_module(f"pidiff_cli.cli.{command}")
    folder = tmp_path / "recipes"
    folder.mkdir()
    for family in PIPELINES:
        (folder / f"{family}.yaml").write_text(RECIPE % (family, family))
    monkeypatch.setattr(recipe, "recipes_folder", lambda: folder)
    return folder


@pytest.fixture
def album(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of one person, face networks that need no weights, tiny W+ networks in the home."""
    from pidiff_cli.stages import invert
    from pidiff_cli.stages.person import loading
    from pidiff_cli.stages.tune import run as tune

    finder = install_finder(monkeypatch)
    monkeypatch.setattr(tune, "REPORT_STEPS", 1)
    for module in (tune, invert, loading):
        monkeypatch.setattr(module, "open_reader", lambda _: colour_reader())
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    (home / "models" / "ffhq").mkdir(parents=True)
    make_wplus(home / "models" / "ffhq")
    install_filter(home)
    folder = tmp_path / "album"
    folder.mkdir()
    for i in range(2):
        people = [Drawn(180 + 30 * i, 200, 110, (220, 90, 60))]
        save_png(folder / f"{i}.png", finder.remember(draw_people(people), people))
    return folder


def five_commands(
    pidiff: Callable[..., Ran], album: Path, out: Path, base: str, chosen: Path
) -> list[Path]:
    """prepare, invert, tune, generate and stylemix; returns the pictures drawn."""
    made = pidiff("--json", "prepare", album, "--name", "alice")
    assert made.code == 0 and made.json["kept"], made.err
    ran = pidiff("invert", "alice", "--base", base)
    assert ran.code == 0, ran.err
    ran = pidiff("--json", "tune", "alice", "--base", base, "--recipe", chosen)
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
    pidiff: Callable[..., Ran],
    home: Path,
    album: Path,
    tmp_path: Path,
    folders: dict[str, Path],
    recipes: Path,
) -> None:
    for family, folder in folders.items():
        (home / "models" / family).mkdir()
        (home / "models" / family / "diffusers").symlink_to(folder)
    pictures = five_commands(pidiff, album, tmp_path / "out", "sd15", recipes / "sd15.yaml")
    assert Image.open(pictures[0]).size == (SIZE, SIZE)
    assert not np.array_equal(*(np.asarray(Image.open(path)) for path in pictures))

    again = ("tune", "alice", "--base", "sdxl", "--recipe", "sdxl")
    ran = pidiff(*again)
    assert ran.code == 3
    assert "alice is tuned on sd15" in ran.err and "--base sdxl --retune" in ran.err
    ran = pidiff("--json", *again, "--retune")
    assert ran.code == 0, ran.err
    assert ran.json["base"] == "sdxl"
    options = ("--prompt", "in snow", "--out", tmp_path / "mix")
    ran = pidiff("--json", "generate", "alice", "in snow", "--steps", "2", "--out", tmp_path / "xl")
    assert ran.code == 0 and Path(ran.json["images"][0]["path"]).is_file(), ran.err
    ran = pidiff("--json", "stylemix", "alice", "alice", *options)
    assert ran.code == 0 and len(ran.json["images"]) == 1, ran.err


@pytest.mark.parametrize(
    ("family", "name"), [("sdxl", "tuned_xl.safetensors"), ("sd15", "dream.ckpt")]
)
def test_from_one_file(
    pidiff: Callable[..., Ran],
    album: Path,
    tmp_path: Path,
    folders: dict[str, Path],
    recipes: Path,
    family: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No command reaches for the network, offline or not."""
    for what in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, what, _no_network)
    base = tmp_path / name
    if base.suffix == ".ckpt":
        torch.save({"state_dict": ldm_state(folders[family], family)}, base)
    else:
        save_file(ldm_state(folders[family], family), base)
    pictures = five_commands(pidiff, album, tmp_path / "out", str(base), recipes / f"{family}.yaml")
    assert all(path.is_file() for path in pictures)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_exports_are_read_back_and_drawn_by_a_stock_pipeline(
    pidiff: Callable[..., Ran],
    home: Path,
    album: Path,
    tmp_path: Path,
    folders: dict[str, Path],
    family: str,
) -> None:
    """What `generate` draws in float32, the stock pipeline draws from the exported file."""
    import diffusers

    from pidiff_cli.core.diffusion.person_branch import attach_person

    (home / "models" / family).mkdir()
    (home / "models" / family / "diffusers").symlink_to(folders[family])
    make_profile(home, photos=1, held_out=0)
    profile = Profile.open("alice", home)
    base = open_base(folders[family], None, (12, 16))
    model = add_adapter(base.unet, 2, 2.0)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in trainable_parameters(model).values():
            parameter.normal_(std=0.2)
    profile.write_folder("adapter", lambda folder: save_adapter(model, folder))
    profile.update(base={"name": family, "family": family})
    for kind in ("peft", "diffusers"):
        ran = pidiff("profile", "export", "alice", "--format", kind, "--out", tmp_path / kind)
        assert ran.code == 0 and "the same picture" in ran.err, ran.err
    w = torch.from_numpy(np.array(profile.load_identity().mean))
    text = "a photo of a woman in snow"
    wanted = draw(base, encode_prompt(base, text, "woman"), w, [5], DrawSettings(2, size=SIZE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = getattr(diffusers, PIPELINES[family]).from_pretrained(folders[family])
    pipe.set_progress_bar_config(disable=True)
    person = attach_person(pipe.unet, tmp_path / "diffusers")
    person.aim(text, pipe.tokenizer, getattr(pipe, "tokenizer_2", None))
    made = pipe(
        text, num_inference_steps=2, guidance_scale=DrawSettings().guidance, height=SIZE,
        width=SIZE, generator=torch.Generator().manual_seed(5), output_type="np",
    ).images  # fmt: skip
    assert np.abs((made * 255).round() - wanted.images).max() <= 1


def _no_network(*_: object, **__: object) -> None:
    raise AssertionError("the network was asked")


def test_a_base_refused_leaves_the_codes_as_they_were(
    pidiff: Callable[..., Ran], home: Path, album: Path, tmp_path: Path, folders: dict[str, Path]
) -> None:
    """A profile of mini, then another base without --retune, then a checkpoint with code."""
    (home / "models" / "sd15").mkdir()
    (home / "models" / "sd15" / "diffusers").symlink_to(folders["sd15"])
    profile = make_profile(home, photos=1, held_out=0)
    profile.write("adapter/adapter_config.json", b"{}")
    profile.update(base={"name": "mini"})
    before = profile.path("identity.safetensors").read_bytes()
    ran = pidiff("tune", "alice", "--base", "sd15")
    assert ran.code == 3 and "alice is tuned on mini" in ran.err
    evil = tmp_path / "evil.ckpt"
    state = {"state_dict": ldm_state(folders["sd15"], "sd15"), "x": Trap(tmp_path / "ran")}
    torch.save(state, evil)
    ran = pidiff("tune", "alice", "--base", evil, "--retune")
    assert ran.code == 3 and "refused, nothing was run" in ran.err
    assert profile.path("identity.safetensors").read_bytes() == before
    assert not (tmp_path / "ran").exists()


class Trap:
    """What a malicious checkpoint holds: a call."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def test_a_direction_in_the_folder_is_an_edit(
    pidiff: Callable[..., Ran], home: Path, album: Path, tmp_path: Path, folders: dict[str, Path]
) -> None:
    (home / "models" / "sd15").mkdir()
    (home / "models" / "sd15" / "diffusers").symlink_to(folders["sd15"])
    make_profile(home, photos=1, held_out=0)
    Profile.open("alice", home).update(base={"name": "sd15", "family": "sd15"})
    directions = home / "models" / "ffhq" / "directions"
    directions.mkdir()
    torch.save(9 * torch.ones(1, 16), directions / "smile.pt")
    options = ("--steps", "2", "--size", str(SIZE), "--seed", "4", "--out", tmp_path / "out")
    drawn = {}
    for edit in ("smile=0", "smile=+1.5", "smile=-1.5"):
        ran = pidiff("--json", "generate", "alice", "in snow", "--edit", edit, *options)
        assert ran.code == 0, ran.err
        drawn[edit] = np.asarray(Image.open(ran.json["images"][0]["path"]))
    assert not np.array_equal(drawn["smile=0"], drawn["smile=+1.5"])
    assert not np.array_equal(drawn["smile=-1.5"], drawn["smile=+1.5"])
    ran = pidiff("generate", "alice", "in snow", "--edit", "smiel=1", *options)
    assert ran.code == 2 and "Near it: smile" in ran.err


def test_a_wrong_file_is_a_sentence(
    pidiff: Callable[..., Ran], album: Path, tmp_path: Path, folders: dict[str, Path]
) -> None:
    pidiff("prepare", album, "--name", "alice")
    path = tmp_path / "other.safetensors"
    save_file({"double_blocks.0.img_attn.qkv.weight": torch.zeros(3, 3)}, path)
    ran = pidiff("tune", "alice", "--base", path)
    assert ran.code == 3 and "is FLUX" in ran.err and "Stable Diffusion 1.x and XL" in ran.err
