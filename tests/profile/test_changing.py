"""Changes of a profile: whole or none, one writer at a time, readers that mend nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile, codes_file, hold, making, moving, take_draft
from pidiff_cli.profile.draft import DRAFT
from pidiff_cli.profile.journal import CHANGE, read_journal
from pidiff_cli.profile.leaving import leaving
from tests.support.places import beside


@pytest.fixture
def alice(home: Path) -> Profile:
    profile = Profile.create(home, "alice", "woman")
    profile.write("photos/01_face.png", b"face")
    profile.update(photos=(Photo("01", "beach.jpg", face="photos/01_face.png"),))
    _pair(profile, 0)
    return profile


def _pair(profile: Profile, number: int) -> None:
    """A code and an adapter that belong together."""
    code = np.full((1, 2, 3), number, np.float32)
    with profile.changing():
        profile.save_identity(code, np.ones(1, np.float32), code[0], ("01",))
        profile.write_folder("adapter", lambda to: (to / "w").write_text(str(number)) and None)


def test_several_writes_count_at_once(alice: Profile) -> None:
    with pytest.raises(RuntimeError), alice.changing():
        alice.write("photos/02_face.png", b"second")
        alice.update(noun="man")
        assert alice.manifest.noun == "man" and alice.path("photos/02_face.png").is_file()
        raise RuntimeError
    assert alice.manifest.noun == "woman" and not alice.path("photos/02_face.png").exists()
    assert alice.verify() == [] and not list(alice.folder.glob(".*"))


def test_a_file_removed_and_written_again(alice: Profile) -> None:
    with alice.changing():
        alice.remove("photos")
        alice.write("photos/01_face.png", b"other")
        alice.write("photos/03_face.png", b"third")
        alice.remove("photos/03_face.png")
    assert [p.name for p in (alice.folder / "photos").iterdir()] == ["01_face.png"]
    assert alice.path("photos/01_face.png").read_bytes() == b"other" and alice.verify() == []


def test_a_reader_sees_a_code_with_its_own_adapter(alice: Profile, home: Path) -> None:
    ended = threading.Event()

    def write() -> None:
        try:
            for number in range(1, 40):
                _pair(Profile(alice.folder), number)
        finally:
            ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    reader, seen = Profile.open("alice", home), set()

    def load() -> tuple[float, float]:
        code = reader.load_identity().mean[0, 0]
        return float(code), float((reader.path("adapter") / "w").read_text())

    while not ended.is_set():
        code, adapter = reader.reading(load)
        assert code == adapter
        assert reader.verify() == []
        seen.add(code)
    writer.join()
    assert len(seen) > 1


def test_a_dead_writer_s_change_is_read_through_and_not_mended(
    alice: Profile, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidiff_cli.profile import changing

    with monkeypatch.context() as patch:
        patch.setattr(changing, "apply", lambda folder: None)
        with alice.changing():
            _pair(alice, 7)
            alice.remove("photos")
            alice.update(photos=())
    assert read_journal(alice.folder) is not None
    before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
    reader = Profile.open("alice", home)
    assert reader.load_identity().mean[0, 0] == 7 and reader.parts == ("adapter",)
    assert (reader.path("adapter") / "w").read_text() == "7"
    assert not reader.path("photos/01_face.png").exists() and not reader.photos
    assert reader.verify() == []
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before
    with hold(alice.folder):
        pass
    assert not (alice.folder / CHANGE).exists() and not (alice.folder / "photos").exists()
    assert Profile.open("alice", home).verify() == []


def test_a_rename_counts_with_the_folder_s_name(alice: Profile, home: Path) -> None:
    """Killed before the folder moves it is alice still, with her name."""

    def stop(*_: object) -> None:
        raise SystemExit

    original = os.rename
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            os, "rename", lambda a, b: stop() if Path(b).name == "anna" else original(a, b)
        )
        with pytest.raises(SystemExit):
            moving.rename(alice, home, "anna")
    assert Profile.open("alice", home).name == "alice" and beside(home) == ["alice"]
    assert moving.rename(alice, home, "anna").name == "anna"
    assert not list((home / "profiles/anna").glob(".*"))


@pytest.mark.parametrize("inside", ["photos", "reports"])
def test_nothing_is_written_through_a_link(alice: Profile, tmp_path: Path, inside: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.png").write_bytes(b"mine")
    if (alice.folder / inside).exists():
        alice.remove(inside)
    (alice.folder / inside).symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a link"):
        alice.write(f"{inside}/02_face.png", b"x")
    alice.forget()
    assert not os.path.lexists(alice.folder / inside)
    assert [p.name for p in elsewhere.iterdir()] == ["mine.png"] and alice.verify() == []


def test_a_profile_that_is_a_link_is_not_written_through(alice: Profile, home: Path) -> None:
    link = home / "profiles" / "linked"
    link.symlink_to(alice.folder)
    for work in (lambda p: p.forget(), lambda p: p.update(noun="man"), moving.delete):
        with pytest.raises(InputError, match="is a link"):
            work(Profile.open("linked", home))
    assert alice.manifest.noun == "woman" and alice.photos


def test_a_name_has_one_lock_and_its_file_does_not_tell_it(alice: Profile, home: Path) -> None:
    told: list[str] = []

    def other() -> None:
        try:
            with hold(home / "profiles" / "ALICE", wait=0.05):
                pass
        except InputError as error:
            told.append(error.message)

    with alice.lock():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert told == ["Another pidiff is working on ALICE."]
    assert "alice" not in " ".join(p.name for p in (home / "profiles/.locks").iterdir())
    moving.delete(alice, home)
    assert not list(home.rglob("*"))


def test_a_new_profile_is_there_whole_or_not_at_all(home: Path) -> None:
    folder = home / "profiles" / "bob"
    with pytest.raises(KeyboardInterrupt), making(folder) as aside:
        Profile.create_in(aside, "bob", "man").write("photos/01.png", b"half")
        assert not folder.exists()
        raise KeyboardInterrupt
    assert not list(home.rglob("*"))


def test_a_folder_that_is_no_profile_is_not_replaced(home: Path) -> None:
    stray = home / "profiles" / "bob"
    stray.mkdir(parents=True)
    (stray / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="no profile"):
        Profile.create(home, "bob", "man", force=True)
    assert (stray / "letter.txt").read_text() == "dear"


def test_a_killed_export_is_swept_by_the_next_writer(alice: Profile, tmp_path: Path) -> None:
    target = tmp_path / "sent" / "alice.pidiff"
    target.parent.mkdir()
    if (pid := os.fork()) == 0:
        with leaving(alice.folder.parents[1], target) as (temporary, scratch):
            temporary.write_bytes(b"photos")
            (scratch / "01.png").write_bytes(b"photo")
            os._exit(0)
    os.waitpid(pid, 0)
    assert list(target.parent.iterdir())
    alice.update(noun="man")
    assert not list(target.parent.iterdir()) and beside(alice.folder.parents[1]) == ["alice"]


def test_new_codes_wait_until_they_are_taken(alice: Profile) -> None:
    code = np.ones((1, 2, 3), np.float32)
    alice.save_identity(code, np.ones(1, np.float32), code[0], (), DRAFT)
    assert codes_file(alice) == DRAFT and alice.load_identity().mean[0, 0] == 0
    take_draft(alice)
    assert codes_file(alice) != DRAFT and alice.load_identity().mean[0, 0] == 1
    assert not (alice.folder / "draft").exists() and alice.verify() == []


def test_forgetting_without_room_leaves_no_code_of_a_photo(
    alice: Profile, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidiff_cli.profile import forgetting

    codes = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    alice.save_identity(codes, np.full(2, 0.5, np.float32), codes.mean(0), ("01", "02"))

    def full(folder: Path) -> None:
        raise InputError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "_in_one_step", full)
        alice.forget()
    identity = Profile.open("alice", home).load_identity()
    assert np.array_equal(identity.mean, codes.mean(0))
    assert all(np.array_equal(code, identity.mean) for code in identity.codes)
    assert not alice.photos and not (alice.folder / "photos").exists() and alice.verify() == []
    alice.update(noun="man")  # the next change writes it down
    assert "beach" not in (alice.folder / "profile.json").read_text() and alice.verify() == []
    assert not list(alice.folder.glob(".*"))


def test_show_and_list_change_nothing(
    pidiff: Callable[..., Any], alice: Profile, home: Path
) -> None:
    before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
    for words in (("list",), ("show", "alice"), ("verify", "alice")):
        assert pidiff("profile", *words).code == 0
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before
