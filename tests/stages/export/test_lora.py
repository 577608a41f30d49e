"""The profile's LoRA as files for other programs, and a foreign LoRA with photos as a profile."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from pidiff_cli.core.diffusion.unet_layers import unet_layers
from pidiff_cli.core.identity.lora_files import LoraWeights, read_peft, write_peft
from pidiff_cli.core.identity.lora_foreign import read_foreign
from pidiff_cli.core.images import save_png
from pidiff_cli.profile import Profile
from pidiff_cli.weights import locate
from tests.support.faces_fake import Drawn, draw_people, install_finder
from tests.support.lora_made import apart, random_lora, write_dialect
from tests.support.places import beside
from tests.support.tiny_person import install, make_profile
from tests.support.tiny_real import use_tiny_configs


@pytest.fixture
def lora(disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> LoraWeights:
    """A LoRA of the tiny base, which stands for mini."""
    install(monkeypatch, disc_base)
    return random_lora(unet_layers(disc_base / "diffusers", "mini"), alpha=lambda i: 4.0)


@pytest.fixture
def alice(home: Path, lora: LoraWeights) -> Profile:
    """A profile with that LoRA."""
    profile = make_profile(home, photos=1, held_out=0)
    profile.write_folder("lora", lambda folder: write_peft(lora, folder))
    profile.update(base={"name": "mini"}, recipe={"name": "mini-cpu"})
    return profile


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of one person, and face networks that need no weights."""
    finder, folder = install_finder(monkeypatch), tmp_path / "secret-album"
    folder.mkdir()
    for i in range(2):
        people = [Drawn(180 + 30 * i, 200, 110, (220, 90, 60))]
        save_png(folder / f"holiday{i}.png", finder.remember(draw_people(people), people))
    return folder


@pytest.mark.parametrize("kind", ["diffusers-lora", "kohya", "comfyui"])
def test_export(pidiff, alice, lora, tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = pidiff("--json", "profile", "export", "alice", "--format", kind)
    file = tmp_path / f"alice-{kind}.safetensors"
    assert (ran.code, ran.json["path"], ran.json["word"]) == (0, file.name, "woman"), ran.err
    assert "whole picture" in ran.err and "'woman'" in ran.err
    unet = unet_layers(locate.PACKAGE_WEIGHTS / "diffusers", "mini")
    assert apart(read_foreign(file, unet).weights, lora) < 1e-6
    again = ("profile", "export", "alice", "--format", kind, "--out", file)
    assert pidiff(*again).code == 3 and pidiff(*again, "--force").code == 0
    content = file.read_bytes()
    assert pidiff("profile", "export", "alice", "--format", kind, "--force").code == 0
    assert file.read_bytes() == content  # the same profile, the same bytes


def test_the_header_tells_the_title_and_nothing_of_the_person_s_files(pidiff, alice, tmp_path):
    out = tmp_path / "mine"
    arguments = ("--format", "kohya", "--title", "A woman", "--out", out)
    assert pidiff("profile", "export", "alice", *arguments).code == 0
    with safe_open(tmp_path / "mine.safetensors", framework="pt") as file:
        header = json.dumps(file.metadata())
    assert '"modelspec.title": "A woman"' in header
    for word in ("alice", ".jpg", str(tmp_path), str(Path.home()), alice.manifest.id):
        assert word not in header


def test_a_profile_without_a_lora_says_how_to_get_one(pidiff, home, lora, tmp_path):
    make_profile(home, photos=1, held_out=0)
    ran = pidiff("--json", "profile", "export", "alice", "--format", "kohya", "--out", tmp_path)
    assert ran.code == 3 and "pidiff tune alice" in ran.json["hint"]
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_lora_that_learnt_nothing_is_no_file(pidiff, alice, lora, tmp_path):
    """As `tune` leaves it where nothing is learnt, or where no step did good."""
    still = {path: replace(one, up=torch.zeros_like(one.up)) for path, one in lora.layers.items()}
    alice.write_folder("lora", lambda folder: write_peft(LoraWeights(still), folder))
    export = ("--json", "profile", "export", "alice", "--out", tmp_path / "x", "--format")
    ran = pidiff(*export, "kohya")
    assert ran.code == 3 and "learnt nothing" in ran.json["error"]
    assert "--format diffusers" in ran.json["hint"] and not list(tmp_path.glob("*.safetensors"))
    ran = pidiff(*export, "diffusers")
    assert ran.code == 0 and "a file of its own" not in ran.err, ran.err
    alice.update(base={"name": "mini", "wplus": "off"})
    assert "--retune" in pidiff(*export, "kohya").json["hint"]


def test_nothing_else_is_overwritten(pidiff, alice, tmp_path):
    other = tmp_path / "other.safetensors"
    save_file({"x": torch.ones(1)}, other)
    ran = pidiff("profile", "export", "alice", "--format", "kohya", "--out", other)
    assert ran.code == 3 and "no such export" in ran.err


def test_a_lora_that_does_not_fit_its_base(pidiff, alice, tmp_path):
    alice.update(base={"name": "sdxl", "family": "sdxl"})
    ran = pidiff("profile", "export", "alice", "--format", "kohya", "--out", tmp_path / "x")
    assert ran.code == 3 and not list(tmp_path.glob("*.safetensors"))


def test_a_profile_file_holds_it_and_forget_keeps_it(pidiff, alice, lora, home, tmp_path):
    file = tmp_path / "alice.pidiff"
    assert pidiff("profile", "export", "alice", "--no-photos", "--out", file).code == 0
    assert pidiff("profile", "import", file, "--name", "bob").code == 0
    assert apart(read_peft(home / "profiles" / "bob" / "lora"), lora) == 0
    assert pidiff("profile", "forget", "alice", "--yes").code == 0
    assert pidiff("profile", "verify", "alice").code == 0
    assert (alice.folder / "lora").is_dir()


def test_import(pidiff, lora, album, home, tmp_path):
    unet = unet_layers(locate.PACKAGE_WEIGHTS / "diffusers", "mini")
    more = {
        f"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_{part}.weight": torch.ones(2, 2)
        for part in ("down", "up")
    }
    file = tmp_path / "My LoRA.v1.safetensors"
    told = {"metadata": {"modelspec.trigger_phrase": "ohwx"}}
    write_dialect("kohya sd15", lora, unet, file, tensors=more, **told)
    ran = pidiff("--json", "profile", "import", file, "--photos", album, "--noun", "woman")
    assert ran.code == 0, ran.err
    assert (ran.json["name"], ran.json["base"], ran.json["base_ready"]) == (
        "My-LoRA-v1", "mini", True
    )  # fmt: skip
    assert ran.json["layers"] == len(lora.layers) and ran.json["photos"] == 2
    assert ran.json["left_out"] == {"text encoder layers": 1}
    assert "1 text encoder layers" in ran.err and "pidiff generate My-LoRA-v1" in ran.err

    profile = Profile.open("My-LoRA-v1", home)
    assert profile.verify() == [] and apart(read_peft(profile.folder / "lora"), lora) == 0
    assert (
        profile.manifest.base == {"name": "mini", "wplus": "off"}
        and profile.manifest.noun == "woman"
    )
    state = profile.stage_state("lora")
    assert (state["origin"], state["dialect"]) == ("trained elsewhere", "kohya")
    assert str(tmp_path) not in (profile.folder / "profile.json").read_text()
    out = ("--format", "comfyui", "--out", tmp_path / "back", "--force")
    assert pidiff("--json", "profile", "export", "My-LoRA-v1", *out).json["word"] == "ohwx"

    again = ("profile", "import", file, "--photos", album)
    assert pidiff(*again).code == 0  # the same file and photos
    own = random_lora(unet, rank=lambda i: 1)  # another takes its place: the word was not its
    profile.write_folder("lora", lambda folder: write_peft(own, folder))
    assert pidiff("--json", "profile", "export", "My-LoRA-v1", *out).json["word"] == "woman"
    write_dialect("peft", lora, unet, file)
    ran = pidiff(*again)
    assert ran.code == 3 and "has a LoRA already" in ran.err and "--force" in ran.err
    assert pidiff(*again, "--force").code == 0


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_import_for_a_base_that_is_not_here(
    pidiff, album, folders, home, tmp_path, monkeypatch, family
):
    """The base is told from the file, and the sizes are those of the family."""
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    unet = unet_layers(folders[family], family)
    lora = random_lora(unet, dtype=torch.float16)
    file = write_dialect("kohya sdxl", lora, unet, tmp_path / "x.safetensors")
    ran = pidiff("--json", "profile", "import", file, "--photos", album, "--name", "carl")
    assert ran.code == 0, ran.err
    assert (ran.json["base"], ran.json["base_ready"]) == (family, False)
    assert f"pidiff models pull {family}" in ran.err
    assert apart(read_peft(home / "profiles" / "carl" / "lora"), lora) == 0
    out = ("--format", "kohya", "--out", tmp_path / "y.safetensors")
    assert pidiff("profile", "export", "carl", *out).code == 0
    assert apart(read_foreign(tmp_path / "y.safetensors", unet).weights, lora) == 0
    (other,) = {"sd15", "sdxl"} - {family}
    ran = pidiff("profile", "import", file, "--photos", album, "--name", "d", "--base", other)
    assert ran.code == 3 and "probably for" in ran.err
    assert not (home / "profiles" / "d").exists()


def test_the_base_by_all_sizes_where_no_text_layer_tells_it(
    pidiff, lora, album, folders, tmp_path, monkeypatch
):
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    unet = unet_layers(locate.PACKAGE_WEIGHTS / "diffusers", "mini")
    some = LoraWeights({p: v for p, v in lora.layers.items() if "attn1" in p})
    file = write_dialect("ai-toolkit", some, unet, tmp_path / "x.safetensors")
    ran = pidiff("--json", "profile", "import", file, "--photos", album, "--name", "carl")
    assert ran.code == 0 and ran.json["base"] == "mini", ran.err


def test_a_base_by_its_path(pidiff, album, folders, home, tmp_path):
    unet = unet_layers(folders["sdxl"], "sdxl")
    file = write_dialect("ai-toolkit", random_lora(unet), unet, tmp_path / "x.safetensors")
    base = folders["sdxl"]
    ran = pidiff(
        "profile", "import", file, "--photos", album, "--name", "carl", "--base", base
    )  # fmt: skip
    assert ran.code == 0, ran.err
    told = Profile.open("carl", home).manifest.base
    assert told["family"] == "sdxl" and str(base.parent) not in told["name"]


def test_import_refuses(pidiff, alice, lora, album, home, tmp_path):
    unet = unet_layers(locate.PACKAGE_WEIGHTS / "diffusers", "mini")
    file = write_dialect("kohya sd15", lora, unet, tmp_path / "x.safetensors")
    ran = pidiff("--json", "profile", "import", file)
    assert ran.code == 2 and "--photos" in ran.json["hint"]
    archive = tmp_path / "alice.pidiff"
    assert pidiff("profile", "export", "alice", "--out", archive).code == 0
    assert pidiff("profile", "import", archive, "--photos", album).code == 2
    pickle = tmp_path / "x.pt"
    torch.save({"a": torch.ones(1)}, pickle)
    ran = pidiff("profile", "import", pickle, "--photos", album)
    assert ran.code == 3 and "pickle" in ran.err
    save_file({"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": torch.ones(2, 2)}, file)
    ran = pidiff("profile", "import", file, "--photos", album)
    assert ran.code == 3 and "FLUX" in ran.err
    assert beside(home) == ["alice"]


def test_a_profile_tuned_on_another_base_keeps_it(
    pidiff, lora, album, folders, home, tmp_path, monkeypatch
):
    use_tiny_configs(monkeypatch, tmp_path / "configs")
    assert pidiff("prepare", album, "--name", "carl").code == 0
    Profile.open("carl", home).update(base={"name": "mini"})
    unet = unet_layers(folders["sd15"], "sd15")
    file = write_dialect("kohya sd15", random_lora(unet), unet, tmp_path / "x.safetensors")
    ran = pidiff("profile", "import", file, "--photos", album, "--name", "carl")
    assert ran.code == 3 and "carl is tuned on mini" in ran.err
