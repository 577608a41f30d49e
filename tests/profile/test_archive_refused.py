"""A profile's file that is odd, hostile or damaged: refused in a sentence, and nothing left."""

from __future__ import annotations

import json
import pickle
import random
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pidiff_cli.core.images import png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.profile.archive import limits
from pidiff_cli.profile.manifest import path_fault
from pidiff_cli.stages.export.run import run_import
from tests.support.profile_file import PICTURE, export, make_alice, manifest_of, refused, rewritten


@pytest.fixture
def file(home: Path, tmp_path: Path) -> Path:
    """alice, exported."""
    return export(make_alice(home), tmp_path / "alice.pidiff")


PATHS = {
    "../evil": "outside", "a/../../evil": "outside", "..\\evil": "outside",
    "/evil": "absolute", "\\evil": "absolute", "C:/evil": "absolute", "C:evil": "absolute",
    "~/evil": "absolute", "photos\\01.png": "backslash", "photos/a.png:stream": "colon",
    "photos//a.png": "empty part", "./profile.json": "empty part", "photos/a.png.": "dot",
    "photos/ a.png ": "space", "photos/nul.png": "device", "COM1": "device", "aux.png": "device",
    "photos/a\n.png": "control", "x" * 300: "too long", "photos/": "empty part",
}  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_a_name_that_leaves_its_folder(file: Path, home: Path, name: str) -> None:
    assert PATHS[name] in path_fault(name)
    refused(rewritten(file, lambda e: e.update({name: b"x"})), home, "refused")


@pytest.mark.parametrize("name", ["photos/01_face.png", "profile.json", "reports/loss.jsonl"])
def test_names_that_are_fine(name: str) -> None:
    assert path_fault(name) == ""


UNEXPECTED = {
    "adapter/adapter_model.bin": "pickle", "optimizer.pt": "pickle", "photos/x.pkl": "pickle",
    "run.sh": "no part", "photos/x.html": "no part", "reports/likeness.html": "no part",
    "checkpoint/state.json": "no part", ".lock": "no part", "adapter/README.md": "no part",
}  # fmt: skip


@pytest.mark.parametrize("name", UNEXPECTED)
def test_an_unexpected_file(file: Path, home: Path, name: str) -> None:
    refused(rewritten(file, lambda e: e.update({name: b"x"})), home, UNEXPECTED[name])


@pytest.mark.parametrize("twin", ["photos/01_FACE.png", "photos/01_face.png"])
def test_two_names_that_are_one_file(file: Path, home: Path, twin: str) -> None:
    target = rewritten(file, lambda e: None)
    with pytest.warns(UserWarning) if twin.islower() else _nothing():
        with zipfile.ZipFile(target, "a") as archive:
            archive.writestr(twin, PICTURE)
    refused(target, home, "same file")


class _nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device(file: Path, home: Path, mode: int) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        info = zipfile.ZipInfo("photos/link.png")
        info.create_system, info.external_attr = 3, (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(file, home, "link|plain file")


def test_a_bomb(file: Path, home: Path) -> None:
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photos/bomb.png", b"\0" * 5_000_000)
    refused(file, home, "unpacks to far more")


def test_too_many_and_too_large(file: Path, home: Path, monkeypatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILE", 20)
    refused(file, home, "too large")
    monkeypatch.setattr(limits, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(limits, "MAX_FILES", 3)
    refused(file, home, "too large")
    monkeypatch.setattr(limits, "MAX_FILES", 100)
    monkeypatch.setattr(limits, "MAX_BYTES", 1000)
    refused(file, home, "too large")


def test_a_size_that_is_a_lie(file: Path, home: Path) -> None:
    """The directory declares a few bytes for an entry that holds more."""
    data = bytearray(file.read_bytes())
    size = len(PICTURE).to_bytes(4, "little")
    at = data.index(size, data.index(b"PK\x01\x02"))
    data[at + 4 : at + 8] = (8).to_bytes(4, "little")
    file.write_bytes(data)
    refused(file, home, "damaged|verify|shorter|larger|far more")


@pytest.mark.parametrize(
    "name, content",
    [
        ("photos/01_face.png", b"GIF89a"),
        ("photos/01_face.png", PICTURE[:16] + b"\x00\x01\x00\x00" * 2 + PICTURE[24:]),
        ("adapter/adapter_model.safetensors", pickle.dumps({"a": 1})),
        ("adapter/adapter_model.safetensors", b"PK\x03\x04 a torch file"),
        ("adapter/adapter_config.json", b"[" * 100_000),
        ("adapter/adapter_config.json", b'{"peft_type": "PREFIX_TUNING"}'),
        ("adapter/adapter_config.json", b'{"peft_type": "LORA", "megatron_config": {"a": 1}}'),
        (
            "adapter/adapter_config.json",
            b'{"peft_type": "LORA", "auto_mapping": {"parent_library": "os"}}',
        ),
        ("identity.safetensors", b"\x02\0\0\0\0\0\0\0{}"),
        ("reports/loss.jsonl", b"{"),
    ],
)
def test_content_that_is_not_what_its_name_says(file, home, name, content) -> None:
    refused(rewritten(file, lambda e: e.update({name: content})), home, "damaged or not what")


def test_content_that_does_not_verify(file: Path, home: Path) -> None:
    other = png_bytes(np.ones((8, 8, 3), np.uint8))
    change = {"photos/01_face.png": other}
    refused(rewritten(file, lambda e: e.update(change), listed=False), home, "does not verify")
    refused(rewritten(file, lambda e: e.update(change)), home, "does not verify")
    refused(rewritten(file, lambda e: e.pop("photos/01_face.png")), home, "does not verify")
    refused(
        rewritten(file, lambda e: e.pop("photos/01_face.png"), listed=False), home, "not verify"
    )


def test_a_manifest_that_names_what_is_not_there(file: Path, home: Path) -> None:
    photo = {"key": "01", "source": "a.jpg", "face": "photos/09_face.png"}
    refused(rewritten(file, lambda e: manifest_of(e, photos=[photo])), home, "does not verify")
    refused(rewritten(file, lambda e: manifest_of(e, name="../evil")), home, "cannot name")


def test_newer_and_foreign_files(file: Path, home: Path, tmp_path: Path) -> None:
    refused(rewritten(file, lambda e: manifest_of(e, schema=99)), home, "newer pidiff")

    def newer(entries: dict[str, bytes]) -> None:
        entries["export.json"] = json.dumps({"format": "pidiff profile", "version": 2}).encode()

    refused(rewritten(file, newer, listed=False), home, "newer pidiff")
    refused(rewritten(file, lambda e: e.pop("export.json"), listed=False), home, "no profile file")
    refused(rewritten(file, lambda e: e.update({"export.json": b"[]"}), False), home, "cannot be")
    (tmp_path / "letter.pidiff").write_text("dear")
    refused(tmp_path / "letter.pidiff", home, "no profile file")
    refused(tmp_path / "nowhere.pidiff", home, "not there")
    refused(tmp_path, home, "no file")


def test_a_base_of_another_machine_is_never_a_path(file: Path, tmp_path: Path) -> None:
    bad = rewritten(file, lambda e: manifest_of(e, base={"name": "\\\\host\\share\\x.ckpt"}))
    assert run_import(bad, tmp_path / "other").base == "x.ckpt"


def test_damage_anywhere_is_a_sentence(file: Path, home: Path) -> None:
    """Cut off at 20 places, one byte changed at 80: refused, or every file is as written."""
    whole, rng = file.read_bytes(), random.Random(0)
    target = file.with_name("broken.pidiff")
    for number in range(100):
        data = bytearray(whole)
        if number < 20:
            data = data[: rng.randrange(len(data))]
        else:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        target.write_bytes(data)
        try:
            run_import(target, home.parent / "other", force=True)
        except InputError:
            continue
        assert Profile.open("alice", home.parent / "other").verify() == []
