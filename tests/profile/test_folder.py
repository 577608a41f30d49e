"""The profile directory: names, atomic writes, kills, locks, portability, schemas."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import stat

import numpy as np
import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile, check_name, list_profiles, settle
from pidiff_cli.profile import manifest as manifest_module
from tests.support.places import FIXTURES, beside


@pytest.fixture
def alice(home):
    """A profile with one file, an adapter and codes."""
    profile = Profile.create(home, "alice", "woman")
    profile.write("photos/01.png", b"face")
    profile.update(photos=(Photo("01", "one.jpg", 0.5, face="photos/01.png"),))
    profile.write_folder("adapter", lambda f: (f / "weights").write_bytes(b"1") and None)
    codes = np.arange(2 * 12 * 80, dtype=np.float32).reshape(2, 12, 80)
    profile.save_identity(codes, np.array([0.5, 0.5], np.float32), codes.mean(0), ("01", "02"))
    return profile


@pytest.mark.parametrize("name", ["alice", "Zoë", "a-b_c", "7", "x" * 64])
def test_good_names(name):
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a.b", "a/b", "a\\b", "-a", "_a", "a b", "a:b", "a+b", "nul", "x" * 65]
)
def test_bad_names(name):
    with pytest.raises(InputError):
        check_name(name)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_folder_is_private(alice):
    assert stat.S_IMODE(alice.folder.stat().st_mode) == 0o700


def test_a_taken_name(alice, home):
    with pytest.raises(InputError, match="there already"):
        Profile.create(home, "alice", "woman")
    assert Profile.create(home, "alice", "man", force=True).manifest.noun == "man"


def test_codes_come_back(alice):
    identity = alice.load_identity()
    assert identity.codes.shape == (2, 12, 80) and identity.codes.dtype == np.float32
    assert np.array_equal(identity.mean, identity.codes.mean(0))
    assert identity.keys == ("01", "02")


def test_damaged_codes(alice):
    (alice.folder / "identity.safetensors").write_bytes(b"not tensors")
    with pytest.raises(InputError, match="damaged"):
        alice.load_identity()


@pytest.mark.parametrize("how", ["move", "copy", "zip"])
def test_portable(alice, home, tmp_path, how):
    target = tmp_path / "elsewhere" / "renamed"
    target.parent.mkdir()
    if how == "move":
        shutil.move(alice.folder, target)
    elif how == "copy":
        shutil.copytree(alice.folder, target)
    else:
        archive = shutil.make_archive(str(tmp_path / "a"), "zip", alice.folder)
        shutil.unpack_archive(archive, target)
    opened = Profile.open(str(target), home)
    assert opened.name == "alice"
    assert opened.verify() == []
    assert opened.load_identity().codes.shape == (2, 12, 80)
    assert str(home) not in (target / "profile.json").read_text()


def test_verify_tells_what_changed(alice):
    (alice.folder / "photos/01.png").write_bytes(b"other")
    (alice.folder / "adapter/weights").unlink()
    found = " ".join(alice.verify())
    assert "photos/01.png has changed" in found
    assert "adapter/weights is missing" in found


def test_a_path_that_leaves_the_folder(alice):
    for relative in ("../x", "/x", "a/../../x"):
        with pytest.raises(InputError, match="outside"):
            alice.write(relative, b"x")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_refuses_keeps_the_old_file(alice, monkeypatch, number):
    original = os.open

    def refuse(path, *more, **named):
        if "01.png" in str(path):
            raise OSError(number, os.strerror(number), str(path))
        return original(path, *more, **named)

    before = _content(alice.folder)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError) as caught:
        alice.write("photos/01.png", b"new")
    monkeypatch.undo()
    assert caught.value.exit_code == 3 and "01.png" in caught.value.message
    assert _content(alice.folder) == before


def _content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_could_not_be_moved_is_read_and_moved_by_the_next_writer(alice, monkeypatch):
    """A change counts from one instant on; the disk fails right after it."""

    def refuse(*args):
        raise OSError(errno.EIO, "Input/output error", str(args[0]))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        alice.write("photos/01.png", b"new")
        with pytest.raises(InputError):  # the next change would come before the last one
            alice.write("photos/01.png", b"newer")
    before = _content(alice.folder)
    assert alice.path("photos/01.png").read_bytes() == b"new" and alice.verify() == []
    assert _content(alice.folder) == before, "a reader mends nothing"
    with alice.lock():
        pass
    assert (alice.folder / "photos/01.png").read_bytes() == b"new"
    assert not [p for p in alice.folder.rglob("*") if p.name.startswith(".")]


def test_a_folder_that_cannot_be_filled_keeps_the_old_one(alice):
    def fill(folder):
        (folder / "weights").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        alice.write_folder("adapter", fill)
    assert (alice.folder / "adapter/weights").read_bytes() == b"1"
    assert alice.verify() == []


@pytest.mark.parametrize("left", [".kept-alice", ".old-alice"])
def test_what_a_killed_replacement_of_an_earlier_release_left(alice, home, left):
    folder = alice.folder
    os.rename(folder, folder.with_name(left))
    if left == ".kept-alice":  # and the new one is half made
        folder.mkdir()
        (folder / "profile.json").write_bytes(
            manifest_module.new_manifest("alice", "man").to_bytes()
        )
    settle("alice", home)
    assert Profile.open("alice", home).manifest.noun == "woman" and not alice.verify()
    assert beside(home) == ["alice"]


def test_what_it_left_does_not_come_back_over_a_later_profile(alice, home):
    shutil.copytree(alice.folder, alice.folder.with_name(".kept-alice"))
    alice.forget()
    assert beside(home) == ["alice"] and not alice.photos


def _hold(folder, ready, done):
    with Profile(folder).lock():
        ready.set()
        done.wait(20)


def test_two_writers_are_kept_apart(alice):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(alice.folder, ready, done))
    other.start()
    try:
        assert ready.wait(20)
        with pytest.raises(InputError, match="Another pidiff"), alice.lock(wait=0.05):
            pass
    finally:
        done.set()
        other.join()
    with alice.lock(), alice.lock():  # the same process may take it again
        alice.update_stage("tune", planned=3)
    assert alice.stage_state("tune") == {"planned": 3}


def test_a_newer_schema_is_refused(alice, home):
    path = alice.folder / "profile.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(InputError, match="newer pidiff"):
        Profile.open("alice", home)


def test_an_older_schema_migrates(alice, home, monkeypatch):
    monkeypatch.setattr(manifest_module, "SCHEMA", 2)
    monkeypatch.setitem(manifest_module.MIGRATIONS, 1, lambda data: {**data, "noun": "person"})
    manifest = Profile.open("alice", home).manifest
    assert (manifest.schema, manifest.noun) == (2, "person")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"schema": 1}', '{"schema": "x"}', '{"schema": 0}']
)
def test_a_damaged_manifest(alice, home, text):
    (alice.folder / "profile.json").write_text(text)
    with pytest.raises(InputError):
        Profile.open("alice", home)


def test_a_manifest_that_names_a_file_outside(alice, home):
    path = alice.folder / "profile.json"
    data = json.loads(path.read_text())
    data["photos"][0]["face"] = "../../secret"
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match="outside"):
        Profile.open("alice", home)


def test_unknown_keys_of_the_same_schema_are_refused(alice, home):
    path = alice.folder / "profile.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 1, "later": 5', 1))
    with pytest.raises(InputError, match="unknown field `later`"):
        Profile.open("alice", home)


def test_list_passes_over_what_is_no_profile(alice, home):
    (home / "profiles/empty").mkdir()
    (home / "profiles/.kept-x").mkdir()
    assert [item.folder.name for item in list_profiles(home)] == ["alice"]


def test_forget_keeps_the_mean_and_the_adapter(alice):
    mean = alice.load_identity().mean
    alice.forget()
    assert sorted(p.name for p in alice.folder.iterdir() if p.name != ".lock") == [
        "adapter",
        "identity.safetensors",
        "profile.json",
    ]
    identity = alice.load_identity()
    assert identity.codes.shape[0] == 1 and np.array_equal(identity.mean, mean)
    assert alice.photos == () and alice.verify() == []


def test_size(alice):
    assert 0 < alice.size_mb() < alice.size_mb(photos=True) < 0.1


SCHEMA_1 = FIXTURES / "profile_schema_1"


def test_a_profile_of_schema_1_still_opens(home):
    profile = Profile.open(SCHEMA_1, home)
    assert profile.name == "fixture"
    assert profile.photos[0].source == "one.jpg" and profile.photos[0].held_out
    assert profile.verify() == []
    assert profile.load_identity().keys == ("01",)
