"""Finding a base: by name, path or hub id; what a checkpoint is; what `auto` takes and why."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.weights import auto, locate
from pidiff_cli.weights.family import family_of
from pidiff_cli.weights.table import EXTRAS, SETS, WEIGHTS, added_by, same_hash, weights_of
from tests.support.places import ROOT
from tests.support.weights_fake import fill

UNET = "model.diffusion_model."


def safetensors(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    """A file with these tensors in its header and holes for contents."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return path


def stable_diffusion(width: int, inputs: int = 4) -> dict[str, tuple[int, ...]]:
    attn = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
    return {
        f"{UNET}input_blocks.0.0.weight": (320, inputs, 3, 3),
        f"{UNET}{attn}": (640, width),
        "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    }


@pytest.mark.parametrize(("width", "family"), [(768, "sd15"), (2048, "sdxl")])
def test_a_single_file_tells_its_family(tmp_path, width, family):
    assert family_of(safetensors(tmp_path / "a.safetensors", stable_diffusion(width))) == family


@pytest.mark.parametrize(
    ("shapes", "told"),
    [
        (stable_diffusion(1024), "Stable Diffusion 2"),
        (stable_diffusion(1280), "refiner"),
        (stable_diffusion(768, 9), "inpainting"),
        ({"model.diffusion_model.joint_blocks.0.x": (1,)}, "Stable Diffusion 3"),
        ({"double_blocks.0.img_attn.qkv.weight": (3, 3)}, "FLUX"),
        ({"lora_unet_down_blocks_0.lora_down.weight": (4, 320)}, "LoRA"),
        ({"encoder.weight": (3, 3)}, "no Stable Diffusion UNet"),
    ],
)
def test_other_files_are_named(tmp_path, shapes, told):
    with pytest.raises(InputError, match=told) as caught:
        family_of(safetensors(tmp_path / "a.safetensors", shapes))
    assert "Stable Diffusion 1.x and XL" in caught.value.hint


def test_damaged_files(tmp_path):
    path = safetensors(tmp_path / "a.safetensors", stable_diffusion(768))
    whole = path.read_bytes()
    for content in (b"", b"abc", whole[:40], whole[:-1], b"\xff" * 64, b"<html>" * 30):
        path.write_bytes(content)
        with pytest.raises(InputError, match="damaged or cut off"):
            family_of(path)
    other = tmp_path / "a.bin"
    other.write_bytes(whole)
    with pytest.raises(InputError, match="neither"):
        family_of(other)
    with pytest.raises(InputError, match="not there"):
        family_of(tmp_path / "none.safetensors")


class Evil:
    """Would write a file if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def test_a_ckpt_is_read_but_never_run(tmp_path):
    target = tmp_path / "ran"
    path = tmp_path / "a.ckpt"
    for mark, family in (
        ("cond_stage_model.transformer.text_model.x", "sd15"),
        ("conditioner.embedders.1.model.x", "sdxl"),
        ("cond_stage_model.model.transformer.x", None),
    ):
        content = {f"{UNET}out.2.weight": 1, mark: 2, "some": {3}}
        for protocol in (2, 4):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", pickle.dumps(content, protocol))
            if family:
                assert family_of(path) == family
            else:
                with pytest.raises(InputError, match="Stable Diffusion 2"):
                    family_of(path)
            with zipfile.ZipFile(path, "w") as archive:
                evil = content | {"evil": [Evil(target), Evil(target)]}
                archive.writestr("archive/data.pkl", pickle.dumps(evil, protocol))
            with pytest.raises(InputError, match="would call .*: refused, nothing was run"):
                family_of(path)
    assert not target.exists()
    path.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match="damaged"):
        family_of(path)


def test_parts_of_a_real_base(home, tmp_path):
    with pytest.raises(MissingWeightError, match="not on this machine") as caught:
        locate.base_parts("sd15", home)
    assert caught.value.hint.endswith("pidiff models pull sd15") and "2.5 GB" in str(caught.value)
    fill(home, "sd15-base")
    assert locate.base_parts("sd15", home).wplus is None
    fill(home, "e4e")
    parts = locate.base_parts("sd15", home)
    assert parts.identity is None and parts.family == "sd15" and parts.judge is None
    fill(home, "sd15-identity")
    parts = locate.base_parts("sd15", home)
    assert parts.identity == home / "models/sd15/identity"
    assert (parts.wplus, parts.faces) == (home / "models/ffhq", home / "models/faces")


def test_a_checkpoint_by_path_is_remembered_by_name(home, tmp_path, monkeypatch):
    file = safetensors(tmp_path / "dream.safetensors", stable_diffusion(2048))
    assert locate.base_parts(str(file), home).family == "sdxl"
    assert locate.base_name(str(file), home) == "dream.safetensors"
    monkeypatch.chdir(home)
    parts = locate.base_parts("dream.safetensors", home)
    assert parts.diffusers == file and parts.identity is None
    file.unlink()
    with pytest.raises(InputError, match="not at"):
        locate.base_parts("dream.safetensors", home)


def test_short_names_of_folders_keep_apart(home, tmp_path):
    for path, label in (
        ("sd15", "sd15-folder"),
        ("a/dream", "dream"),
        ("b/dream", "dream-2"),
        ("a/dream", "dream"),
        ("dream/diffusers", "dream-diffusers"),
    ):
        (tmp_path / path).mkdir(parents=True, exist_ok=True)
        assert locate.base_name(str(tmp_path / path), home) == label


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sd3", UsageError),
        ("some/where/else", InputError),
        ("./x/y", InputError),
        ("dream.safetensors", InputError),
        ("owner/name", MissingWeightError),
    ],
)
def test_names_that_lead_nowhere(home, name, kind):
    with pytest.raises(kind):
        locate.base_parts(name, home)


def test_a_truncated_file_is_seen_before_it_is_loaded(home):
    from pidiff_cli.weights import records

    fill(home, "sd15-base", "e4e")
    folder = home / "models/ffhq"
    files = {name: records.measured(folder / name) for name in WEIGHTS["e4e"].makes}
    records.write_entry(folder, "e4e", records.Entry("x", "d", "s", "", {}, files))
    assert locate.is_ready("sd15", home)
    (folder / "e4e.safetensors").write_text("{")
    assert not locate.is_ready("sd15", home)
    with pytest.raises(MissingWeightError, match="has 1 bytes, it had 2"):
        locate.base_parts("sd15", home)


def test_auto(home):
    assert auto.choose_base(home, None).name == "mini"
    assert "Without a CUDA GPU" in auto.choose_base(home, None).why
    small = auto.choose_base(home, 2000)
    assert small.name == "mini" and "2.0 GB free" in small.why
    poor = auto.choose_base(home, 12000)
    assert poor.name == "mini" and "pidiff models pull sd15" in poor.advice
    fill(home, "sdxl-base", "e4e")
    assert auto.choose_base(home, 12000).name == "sdxl"
    assert auto.choose_base(home, 6000).name == "mini"
    fill(home, "sd15-base")
    assert auto.choose_base(home, 12000).name == "sd15"  # SDXL's branch would start from nothing
    identity = home / "models/sdxl/identity"
    identity.mkdir()
    (identity / "identity.json").write_text("{}")
    assert auto.choose_base(home, 12000).name == "sdxl"
    assert auto.choose_base(home, 6000).name == "sd15"


def test_doctor_names_what_is_missing_and_the_next_command(pidiff, home):
    fill(home, "sd15-base", "nudity", "e4e", "sd15-identity", "yunet", "sface-int8", "facemesh")
    ran = pidiff("doctor")
    assert ran.code == 0 and ran.err == ""
    assert "next       pidiff tune PHOTOS --name NAME" in ran.out
    assert "sdxl lacks sdxl-base (6.9 GB): pidiff models pull sdxl" in ran.out
    assert "sd15 ready · commercial use: yes (creativeml-openrail-m); no with" in ran.out
    assert "OpenCV SFace" in ran.out
    found = pidiff("--json", "doctor").json
    assert found["cores"] >= 1 and found["threads"] >= 1 and found["next"]


def test_doctor_tells_what_fits_and_how_profiles_stand(pidiff, home, monkeypatch):
    from pidiff_cli.core.faces.published import write_choice
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.tune import plan

    monkeypatch.setattr(plan, "free_bytes", lambda device: 8_000_000_000)
    Profile.create(home, "bob", "man")
    alice = Profile.create(home, "alice", "woman")
    likeness = {"held_out": 0.71, "photos": 0.78}
    result = {"base": "sd15", "recipe": "sd15-8gb", "steps": 400, "likeness": likeness}
    alice.update(base={"name": "sd15"})
    alice.update_stage("tune", done=True, result=result)
    (home / "profiles/carol").mkdir()
    (home / "profiles/carol/profile.json").write_text("{")
    fill(home, "landmarks", "yunet", "arcface", "sface")
    lines = pidiff("doctor").out
    assert "fits       sd15 at 512 px: " in lines and "GB, slowly without a GPU" in lines
    assert "sdxl at 1024 px: no. Tuning at 1024 px needs" in lines
    assert "alice (sd15, 0.0 MB, 0.71) · bob (not tuned) · carol (cannot be read)" in lines
    assert "landmarks 2DFAN-4 ready · detector YuNet" in lines
    assert (
        "OpenCV SFace; between drawings mini's own; ArcFace IR-SE50 (research use only) is here too"
        in lines
    )
    write_choice(home / "models/faces", likeness="arcface")
    assert (
        "likeness   ArcFace IR-SE50 (research use only); between drawings" in pidiff("doctor").out
    )
    (home / "models/faces/faces.json").write_text("[")
    ran = pidiff("doctor")
    assert ran.code == 0 and "cannot be understood" in ran.out


def test_the_table_is_whole():
    for weight in WEIGHTS.values():
        assert weight.commercial in ("yes", "no", "unclear") and weight.says and weight.source
        if weight.folder:
            assert weight.makes and weight.mb > 0
            assert weight.files or weight.repo or (weight.by_hand and weight.file_name)
        for file in weight.files:
            assert file.url.startswith("https://")
    assert all(name in WEIGHTS for names in SETS.values() for name in names)
    assert {w.name for w in weights_of("sd15")} == {
        "sd15-base",
        "nudity",
        "yunet",
        "sface-int8",
        "facemesh",
    }
    assert all(w.commercial == "yes" for base in ("sd15", "sdxl") for w in weights_of(base))
    assert all(w.commercial != "yes" for extra in EXTRAS for w in added_by(extra, ["sd15"]))


def test_every_published_pickle_has_its_converter():
    from pidiff_cli.stages.pull.convert import converter

    kinds = {weight.convert for weight in WEIGHTS.values() if weight.convert}
    assert len({converter(kind) for kind in kinds}) == len(kinds) == 7


def test_hashes_known_in_part():
    assert same_hash("", "ab" * 32) and same_hash("abab…", "ab" * 32)
    assert same_hash("ab…bab", "ab" * 32) and not same_hash("ab…aba", "ab" * 32)
    assert not same_hash("ab", "ab" * 32)


def test_the_page_of_weights_is_the_tables():
    import runpy

    docs = ROOT / "docs"
    made = runpy.run_path(str(docs / "make_models_page.py"))["page"]()
    assert (docs / "models.md").read_text(encoding="utf-8") == made, (
        "python docs/make_models_page.py"
    )
    assert all(weight.title in made and weight.licence in made for weight in WEIGHTS.values())


def test_auto_says_what_it_took_and_a_tuned_profile_stays_on_its_base(
    pidiff, stages, photos, home, monkeypatch
):
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages import doctor

    monkeypatch.setattr(doctor, "free_gpu_mb", lambda device="auto": None)
    ran = pidiff("tune", photos, "--name", "alice")
    assert ran.code == 0
    assert [line for line in ran.err.splitlines() if "using mini" in line] == [
        "Without a CUDA GPU: using mini, the embedded 128 px base (drawn portraits). "
        "For photographs: pidiff doctor"
    ]
    assert "using mini" not in pidiff("tune", "alice").err
    Profile.open("alice", home).update(base={"name": "sd15"})
    ran = pidiff("tune", "alice")
    assert ran.code == 4 and ran.err.splitlines()[-1].endswith("pidiff models pull sd15")
