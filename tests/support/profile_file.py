"""alice as a profile and as an exported file, that file changed, and how its import is refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pidiff_cli.core.images import png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.profile.archive.writing import add_entry
from pidiff_cli.stages.export.run import run_export, run_import
from pidiff_cli.stages.progress import Progress

PICTURE = png_bytes(np.zeros((8, 8, 3), np.uint8))
CONFIG = json.dumps(
    {"peft_type": "LORA", "r": 2, "lora_alpha": 2.0, "target_modules": ["x"]}
).encode()
RESULT = {"recipe": "auto", "steps": 1, "seconds": 0.1, "peak_mb": 100, "likeness": {}}
SECRET = "/home/alice/models/mine.safetensors"


def make_alice(home: Path) -> Profile:
    """A profile of every kind of file, with a checkpoint and an HTML report beside."""
    from safetensors.numpy import save

    profile = Profile.create(home, "alice", "woman")
    for name in ("photos/01_face.png", "reports/previews.png"):
        profile.write(name, PICTURE)
    photo = Photo("01", "holiday.jpg", 0.5, face="photos/01_face.png")
    base = {"name": SECRET, "family": "sd15", "fingerprint": "0" * 16}
    profile.update(photos=(photo,), base=base, recipe={"name": "sd15-8gb", "base": SECRET})
    profile.write("reports/loss.jsonl", b'{"loss": 1}\n{"loss": 0.5}\n')
    profile.write("reports/likeness.html", b"<script>alert(1)</script>")
    profile.write("checkpoint/state.json", b"{}")
    weights = save({"a": np.ones((2, 2), np.float32)})

    def fill(folder: Path) -> None:
        (folder / "adapter_config.json").write_bytes(CONFIG)
        (folder / "adapter_model.safetensors").write_bytes(weights)

    profile.write_folder("adapter", fill)
    codes = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    profile.save_identity(codes, np.array([0.5, 0.5], np.float32), codes.mean(0), ("01", "02"))
    profile.update_stage("prepare", kept=[["holiday.jpg", 0.5]])
    profile.update_stage("tune", done=True, base=SECRET, result={**RESULT, "base": SECRET})
    return profile


def export(profile: Profile, out: Path, photos: bool = True) -> Path:
    """The exported file."""
    return run_export(profile, "pidiff", out, photos, out.parent, Progress()).path


def rewritten(file: Path, change, listed: bool = True) -> Path:
    """The file with its entries changed by `change(entries)`, the index made to fit if `listed`."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    if listed:
        with zipfile.ZipFile(io.BytesIO(), "w") as scratch:
            own = {k: v for k, v in entries.items() if k != "export.json"}
            files = {name: add_entry(scratch, name, data) for name, data in own.items()}
        index = {"format": "pidiff profile", "version": 1, "files": files}
        entries["export.json"] = json.dumps(index).encode()
    target = file.with_name("changed.pidiff")
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, data)
    return target


def manifest_of(entries: dict[str, bytes], **changes) -> None:
    """Change the manifest among the entries, its list of files made to fit them."""
    data = json.loads(entries["profile.json"]) | changes
    entries["profile.json"] = json.dumps(data).encode()


def refused(file: Path, home: Path, match: str) -> None:
    """Import says so in a sentence, with exit code 3, and leaves nothing behind."""
    other = home.parent / "other"
    with pytest.raises(InputError, match=match) as caught:
        run_import(file, other)
    assert caught.value.exit_code == 3
    assert not list(other.rglob("*"))
    assert not (home.parent / "evil").exists()
