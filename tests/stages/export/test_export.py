"""`pidiff profile export|import` on the command line, with a tiny base."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    load_adapter,
    save_adapter,
    trainable_parameters,
)
from pidiff_cli.profile import Profile
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import install, make_profile


@pytest.fixture
def alice(home: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A profile with an adapter for the tiny base, which stands for mini."""
    install(monkeypatch, disc_base)
    profile = make_profile(home, photos=1, held_out=0)
    base = load_base(disc_base)
    torch.manual_seed(0)
    model = add_adapter(base.unet, rank=2, alpha=2.0)
    with torch.no_grad():
        for parameter in trainable_parameters(model).values():
            parameter.normal_(std=0.2)
    profile.write_folder("adapter", lambda folder: save_adapter(model, folder))
    profile.update(base={"name": "mini"}, recipe={"name": "mini-cpu"})
    return profile


def test_a_file_there_and_back(pidiff, alice, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = pidiff("profile", "export", "alice")
    assert (ran.code, ran.out) == (0, "alice.pidiff\n")
    assert "with photos of the person" in ran.err
    keys = {"profile", "path", "format", "photos", "base", "mb"}
    document = pidiff("--json", "profile", "export", "alice", "--no-photos", "--force").json
    assert keys <= document.keys() and document["photos"] is False
    ran = pidiff("--json", "profile", "import", "alice.pidiff", "--name", "bob")
    assert {"profile", "name", "base", "base_ready", "files", "photos"} <= ran.json.keys()
    assert (ran.code, ran.json["name"], ran.json["base_ready"]) == (0, "bob", True)
    assert pidiff("profile", "verify", "bob").code == 0


def test_import_tells_what_is_wrong(pidiff, alice, tmp_path):
    file = tmp_path / "alice.pidiff"
    assert pidiff("profile", "export", "alice", "--out", file).out == f"{file}\n"
    ran = pidiff("profile", "import", file)
    assert ran.code == 3 and "there already" in ran.err and "--force" in ran.err
    assert pidiff("profile", "import", file, "--force").code == 0
    assert pidiff("profile", "import", tmp_path / "none.pidiff").code == 3
    assert pidiff("profile", "import").code == 2


def test_a_profile_of_another_base_comes_in_and_says_so(pidiff, alice, tmp_path):
    alice.update(base={"name": "sd15", "family": "sd15"})
    file = tmp_path / "alice.pidiff"
    assert pidiff("profile", "export", "alice", "--out", file).code == 0
    ran = pidiff("profile", "import", file, "--name", "bob")
    assert ran.code == 0 and "needs the base sd15" in ran.err
    assert "pidiff models pull sd15" in ran.err
    assert pidiff("profile", "export", "alice", "--format", "diffusers").code == 4


@pytest.mark.parametrize("kind", ["ip-adapter", "gguf"])
def test_formats_that_cannot_hold_it(pidiff, alice, tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = pidiff("--json", "profile", "export", "alice", "--format", kind)
    assert (ran.code, ran.json["exit_code"]) == (2, 2)
    assert "--format diffusers" in ran.json["hint"] or kind == "gguf"
    assert not list(tmp_path.glob("*alice*"))


def _picture(base, w) -> np.ndarray:
    prompt = encode_prompt(base, "a photo of a woman in snow", "woman")
    return draw(base, prompt, w, [3], DrawSettings(3, size=SIZE)).images.astype(int)


def test_peft_reads_its_folder_back(pidiff, alice, disc_base, tmp_path):
    """As the README in the folder says, with stock PEFT: the same picture."""
    out = tmp_path / "alice-peft"
    ran = pidiff("profile", "export", "alice", "--format", "peft", "--out", out)
    assert (ran.code, ran.out) == (0, f"{out}\n")
    assert "the same picture" in ran.err
    own = load_base(disc_base)
    load_adapter(own.unet, alice.folder / "adapter")
    mean = torch.from_numpy(np.array(alice.load_identity().mean))

    (code,) = re.findall(r"```python\n(.*?)```", (out / "README.md").read_text(), re.DOTALL)
    code = code.replace('"DIFFUSERS_FOLDER"', repr(str(disc_base / "diffusers")))
    code = code.replace('"IDENTITY_FOLDER"', repr(str(disc_base / "identity")))
    names: dict = {}
    exec(code.replace('"."', repr(str(out))), names)
    w = load_file(out / "code.safetensors")["w"]
    assert torch.equal(w, mean)
    apart = np.abs(_picture(names["base"], w) - _picture(own, mean))
    assert apart.max() <= 1
    again = ("profile", "export", "alice", "--format", "peft", "--out", out)
    assert pidiff(*again).code == 3 and pidiff(*again, "--force").code == 0


def test_diffusers_writes_a_folder(pidiff, alice, tmp_path):
    ran = pidiff("profile", "export", "alice", "--format", "diffusers", "--out", tmp_path)
    out = tmp_path / "alice-diffusers"
    assert (ran.code, ran.out) == (0, f"{out}\n")
    assert sorted(p.name for p in out.iterdir()) == ["README.md", "person.safetensors"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    ran = pidiff("profile", "export", "alice", "--format", "diffusers", "--out", tmp_path / "mine")
    assert ran.code == 0 and (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_an_export_that_draws_others_is_not_kept(pidiff, alice, tmp_path, monkeypatch):
    """The read-back is a real one: with answers changed the folder is not there afterwards."""
    from pidiff_cli.core.diffusion import person_branch
    from pidiff_cli.stages.export import diffusers

    def wrong(unet, w):
        return {k: v * 0 for k, v in person_branch.person_branch(unet, w).items()}

    monkeypatch.setattr(diffusers, "person_branch", wrong)
    ran = pidiff("profile", "export", "alice", "--format", "diffusers", "--out", tmp_path / "x")
    assert ran.code == 3 and "looks other by" in ran.err
    assert not (tmp_path / "x").exists() and not list(tmp_path.glob(".tmp*"))


def test_an_adapter_whose_weights_match_nothing(pidiff, alice, tmp_path):
    """Neither drawn with nor exported, where PEFT would only warn."""
    file = alice.folder / "adapter" / "adapter_model.safetensors"
    save_file({f"unet.{k}": v for k, v in load_file(file).items()}, file)
    for kind in ("peft", "diffusers"):
        ran = pidiff("profile", "export", "alice", "--format", kind, "--out", tmp_path / "x")
        assert ran.code == 3 and "does not load" in ran.err
    assert not (tmp_path / "x").exists()


def test_not_tuned(pidiff, alice, tmp_path):
    shutil.rmtree(alice.folder / "adapter")
    ran = pidiff("profile", "export", "alice", "--format", "peft", "--out", tmp_path / "x")
    assert ran.code == 3 and "not tuned yet" in ran.err and not (tmp_path / "x").exists()


DAMAGE = {
    "name": ["../evil", "a/b", 5, "", None], "noun": ["", 5, "a\nb", "x" * 41],
    "id": [5], "created": [None], "consent": [[]], "base": [[], {"name": 5}, {"family": [1]}],
    "recipe": [5, {"name": 5}], "stages": [[], {"tune": 5}], "pending": [[5], 5],
    "files": [[], {"a": 5}, {"a": "short"}, {"../a": "0" * 64}, {"nul.png": "0" * 64}],
    "photos": [
        5, [5], [{"key": "01"}], [{"key": 1, "source": "a"}], [{"key": "../a", "source": "a"}],
        [{"key": "01", "source": "a", "face": "/etc/passwd"}],
        [{"key": "01", "source": "a", "quality": "good"}],
        [{"key": "01", "source": "a", "info": []}], [{"key": "01", "source": "a", "mask": 5}],
    ],
}  # fmt: skip


@pytest.mark.parametrize("key, value", [(k, v) for k, vs in DAMAGE.items() for v in vs])
def test_a_manifest_with_a_wrong_value_is_a_sentence(pidiff, home, key, value):
    profile = Profile.create(home, "alice", "woman")
    path = profile.folder / "profile.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    assert pidiff("profile", "show", "alice").code == 3


def test_a_manifest_that_is_nested_too_deep(pidiff, home):
    profile = Profile.create(home, "alice", "woman")
    (profile.folder / "profile.json").write_text("[" * 200_000)
    assert pidiff("profile", "show", "alice").code == 3
