"""A profile as one file: what goes in, the same bytes each time, and how it comes back."""

from __future__ import annotations

import errno
import json
import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from pidiff_cli.errors import InputError
from pidiff_cli.files import sync
from pidiff_cli.profile import Profile, archive
from pidiff_cli.profile.locks import lock_place
from pidiff_cli.stages.export.run import run_import
from tests.support.places import beside
from tests.support.profile_file import PICTURE, export, make_alice, refused, rewritten


@pytest.fixture
def alice(home: Path) -> Profile:
    return make_alice(home)


@pytest.fixture
def file(alice: Profile, tmp_path: Path) -> Path:
    """alice, exported."""
    return export(alice, tmp_path / "alice.pidiff")


def test_a_round_trip(alice: Profile, file: Path, tmp_path: Path) -> None:
    done = run_import(file, tmp_path / "other")
    there = Profile.open("alice", tmp_path / "other")
    assert (done.name, done.files, done.photos) == ("alice", 6, 1)
    assert there.verify() == []
    assert there.manifest.id == alice.manifest.id
    assert there.photos == (replace(alice.photos[0], source="01.png"),)
    for name in there.manifest.files:
        assert (there.folder / name).read_bytes() == (alice.folder / name).read_bytes()
    assert not (there.folder / "checkpoint").exists()
    assert not (there.folder / "reports/likeness.html").exists()
    if os.name == "posix":
        assert stat.S_IMODE(there.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_look_into_a_file_writes_nothing(
    alice: Profile, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")  # nor in the system's own folder
    assert archive.peek(file).id == alice.manifest.id


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


def test_an_export_reads_a_change_that_is_not_moved_yet(
    alice: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pidiff_cli.profile.changing.apply", lambda folder: None)  # a kill here
    alice.write("photos/01_face.png", PICTURE)
    alice.save_identity(*(np.ones(shape, np.float32) for shape in ((1, 2, 3), (1,), (2, 3))))
    archive.write_archive(alice, tmp_path / "a.pidiff", True)  # as from a disk that only reads
    (tmp_path / "read").mkdir(mode=0o700)
    assert archive.unpack(tmp_path / "a.pidiff", tmp_path / "read").files.keys()


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
    assert beside(home) == ["alice"]


def test_force_with_a_bad_file_keeps_the_old_one(alice: Profile, file: Path, home: Path) -> None:
    bad = rewritten(file, lambda e: e.update({"photos/01_face.png": b"no picture"}))
    with pytest.raises(InputError):
        run_import(bad, home, force=True)
    assert alice.verify() == [] and beside(home) == ["alice"]


def test_a_profile_in_use_is_left_alone(alice: Profile, file: Path, home: Path) -> None:
    with FileLock(lock_place(alice.folder)):
        with pytest.raises(InputError, match="Another pidiff"):
            run_import(file, home, force=True)
        with pytest.raises(InputError, match="Another pidiff"):
            export(alice, home.parent / "other.pidiff")
    assert run_import(file, home, force=True).name == "alice"


def test_a_full_disk_leaves_nothing(file: Path, home: Path, monkeypatch) -> None:
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(sync, "sync_file", full)
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
    with pytest.raises(InputError, match="there already"):  # its own older one only when asked
        export(alice, tmp_path)


PRIVATE = "Alice Example at Ada's wedding.JPG"


def told_of(file: Path) -> bytes:
    """All that the file holds."""
    with zipfile.ZipFile(file) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("photos", [True, False])
def test_an_export_holds_no_name_of_a_photo_s_file(
    alice: Profile, tmp_path: Path, photos: bool
) -> None:
    first = alice.photos[0]
    alice.update(photos=(replace(first, source=PRIVATE),))
    alice.write("reports/photos.png", PICTURE)  # it shows names
    alice.update_stage(
        "prepare", inputs=["a" * 64], kept=[[PRIVATE, 0.5]],
        rejected=[["gone.jpg", f"near duplicate of {PRIVATE}"], ["x.jpg", "no face; see gone.jpg"]],
    )  # fmt: skip
    alice.update_stage("tune", done=True, digest="abcdef0123456789", photos=["01"])
    file = export(alice, tmp_path / "out.pidiff", photos)
    content = told_of(file)
    for word in ("Ada", "JPG", "gone.jpg", "x.jpg"):
        assert word.encode() not in content, word
    with zipfile.ZipFile(file) as archive:
        told = json.loads(archive.read("profile.json"))
        assert "reports/photos.png" not in archive.namelist()
    if photos:
        assert told["photos"][0]["source"] == "01.png"
        assert told["stages"]["prepare"]["rejected"][0][1] == "near duplicate of 01.png"
        assert told["stages"]["prepare"]["inputs"] == ["a" * 64]  # the photos are there themselves
    else:
        assert told["photos"] == [] and set(told["stages"]) == {"tune"}
        assert told["stages"]["tune"]["digest"] == "" and "photos" not in told["stages"]["tune"]
        digest = alice.manifest.files["photos/01_face.png"]
        assert digest.encode() not in content and b"a" * 64 not in content
