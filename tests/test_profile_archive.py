"""A profile as one file: what goes in, the same bytes each time, what is refused coming back."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import random
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from pidiff_cli import _archive, _atomic
from pidiff_cli._paths import path_fault
from pidiff_cli.core.images import png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages.progress import SilentProgress
from pidiff_cli.stages.transfer import run_export, run_import

PICTURE = png_bytes(np.zeros((8, 8, 3), np.uint8))
CONFIG = json.dumps({"peft_type": "LORA", "target_modules": "x"}).encode()
SECRET = "/home/alice/models/mine.safetensors"


@pytest.fixture
def alice(home: Path) -> Profile:
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
    profile.update_stage("tune", done=True, result={"base": SECRET})
    return profile


def export(profile: Profile, out: Path, photos: bool = True) -> Path:
    """The exported file."""
    return run_export(profile, "pidiff", out, photos, out.parent, SilentProgress()).path


@pytest.fixture
def file(alice: Profile, tmp_path: Path) -> Path:
    """alice, exported."""
    return export(alice, tmp_path / "alice.pidiff")


def rewritten(file: Path, change, listed: bool = True) -> Path:
    """The file with its entries changed by `change(entries)`, the index made to fit if `listed`."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    if listed:
        with zipfile.ZipFile(io.BytesIO(), "w") as scratch:
            own = {k: v for k, v in entries.items() if k != "export.json"}
            files = {name: _archive._entry(scratch, name, data) for name, data in own.items()}
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
    assert not [path for path in other.rglob("*") if path.name != "profiles"]
    assert not (home.parent / "evil").exists()


def test_a_round_trip(alice: Profile, file: Path, tmp_path: Path) -> None:
    done = run_import(file, tmp_path / "other")
    there = Profile.open("alice", tmp_path / "other")
    assert (done.name, done.files, done.photos) == ("alice", 6, 1)
    assert there.verify() == []
    assert there.manifest.id == alice.manifest.id and there.photos == alice.photos
    for name in there.manifest.files:
        assert (there.folder / name).read_bytes() == (alice.folder / name).read_bytes()
    assert not (there.folder / "checkpoint").exists()
    assert not (there.folder / "reports/likeness.html").exists()
    if os.name == "posix":
        assert stat.S_IMODE(there.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_same_profile_gives_the_same_bytes(alice: Profile, tmp_path: Path) -> None:
    first = export(alice, tmp_path / "a.pidiff").read_bytes()
    os.utime(alice.folder / "photos/01_face.png", (1, 1))
    assert export(alice, tmp_path / "b.pidiff").read_bytes() == first
    run_import(tmp_path / "b.pidiff", tmp_path / "other")
    again = Profile.open("alice", tmp_path / "other")
    assert export(again, tmp_path / "c.pidiff").read_bytes() == first


def test_every_file_has_its_sha256_in_the_index(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        index = json.loads(archive.read("export.json"))
        assert set(archive.namelist()) == {*index["files"], "export.json"}
    assert index["files"]["photos/01_face.png"]["bytes"] == len(PICTURE)


def test_no_path_of_this_machine_goes_along(file: Path, home: Path, tmp_path: Path) -> None:
    content = b"".join(zipfile.ZipFile(file).read(n) for n in zipfile.ZipFile(file).namelist())
    assert b"/home/alice" not in content and str(home).encode() not in content
    done = run_import(file, tmp_path / "other")
    assert (done.base, done.base_ready) == ("mine.safetensors", False)


def test_without_photos(alice: Profile, tmp_path: Path) -> None:
    file = export(alice, tmp_path / "lean.pidiff", photos=False)
    assert b"holiday" not in file.read_bytes() and PICTURE not in file.read_bytes()
    run_import(file, tmp_path / "other")
    there = Profile.open("alice", tmp_path / "other")
    assert sorted(there.manifest.files) == [
        "adapter/adapter_config.json", "adapter/adapter_model.safetensors", "identity.safetensors",
    ]  # fmt: skip
    own, kept = alice.load_identity(), there.load_identity()
    assert kept.codes.shape[0] == 1 and np.array_equal(kept.mean, own.mean)
    assert kept.weights.tolist() == [1.0]
    assert there.photos == () and there.stage_state("tune")["done"]


def test_another_name_and_a_taken_one(file: Path, home: Path) -> None:
    with pytest.raises(InputError, match="there already"):
        run_import(file, home)
    done = run_import(file, home, "bob")
    assert done.profile.name == "bob" and Profile.open("bob", home).name == "bob"
    with pytest.raises(InputError, match="cannot name"):
        run_import(file, home, "../evil")


def test_force_replaces_in_one_move(alice: Profile, file: Path, home: Path) -> None:
    alice.update(noun="man")
    alice.write("photos/02_face.png", PICTURE)
    run_import(file, home, force=True)
    there = Profile.open("alice", home)
    assert there.manifest.noun == "woman" and there.verify() == []
    assert not (there.folder / "photos/02_face.png").exists()
    assert [p.name for p in (home / "profiles").iterdir()] == ["alice"]


def test_force_with_a_bad_file_keeps_the_old_one(alice: Profile, file: Path, home: Path) -> None:
    bad = rewritten(file, lambda e: e.update({"photos/01_face.png": b"no picture"}))
    with pytest.raises(InputError):
        run_import(bad, home, force=True)
    assert alice.verify() == [] and [p.name for p in (home / "profiles").iterdir()] == ["alice"]


def test_a_profile_in_use_is_left_alone(alice: Profile, file: Path, home: Path) -> None:
    with FileLock(alice.folder / ".lock"):
        with pytest.raises(InputError, match="Another pidiff"):
            run_import(file, home, force=True)
        with pytest.raises(InputError, match="Another pidiff"):
            export(alice, home.parent / "other.pidiff")
    assert run_import(file, home, force=True).name == "alice"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("instant", range(1, 9))
def test_killed_while_replacing(alice, file, home, monkeypatch, instant) -> None:
    """Stop before each of the renames in turn, cleaning nothing; what opens is whole."""
    left = [instant]
    original = os.replace

    def count(*args):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return original(*args)

    alice.update(noun="man")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", count)
        patch.setattr(_atomic, "_undo_folder", lambda *a: None)
        try:
            run_import(file, home, force=True)
        except Killed:
            pass
    assert Profile.open("alice", home).verify() == []


def test_a_full_disk_leaves_nothing(file: Path, home: Path, monkeypatch) -> None:
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(_atomic, "_flush", full)
    refused(file, home, "disk is full")


def test_a_profile_that_changed_is_not_exported(alice: Profile, tmp_path: Path) -> None:
    (alice.folder / "photos/01_face.png").write_bytes(b"other")
    with pytest.raises(InputError, match="not as it was written"):
        export(alice, tmp_path / "a.pidiff")
    (alice.folder / "photos/01_face.png").unlink()
    with pytest.raises(InputError, match="missing"):
        export(alice, tmp_path / "a.pidiff")
    assert not list(tmp_path.glob("*.pidiff")) and not list(tmp_path.glob(".tmp*"))


def test_what_cannot_come_in_does_not_go_out(alice: Profile, tmp_path: Path) -> None:
    alice.write("photos/01_face.png", b"written by pidiff, yet no picture")
    with pytest.raises(InputError, match="not what its name says"):
        export(alice, tmp_path / "a.pidiff")
    assert not list(tmp_path.glob("*.pidiff"))


def test_other_peoples_files_are_not_overwritten(alice: Profile, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="there already"):
        export(alice, tmp_path / "letter.txt")
    assert export(alice, tmp_path) == tmp_path / "alice.pidiff"
    assert export(alice, tmp_path) == tmp_path / "alice.pidiff"  # its own older one it may


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
    monkeypatch.setattr(_archive, "MAX_FILE", 20)
    refused(file, home, "too large")
    monkeypatch.setattr(_archive, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(_archive, "MAX_FILES", 3)
    refused(file, home, "too large")
    monkeypatch.setattr(_archive, "MAX_FILES", 100)
    monkeypatch.setattr(_archive, "MAX_BYTES", 1000)
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
