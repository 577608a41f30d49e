"""Profiles in a place that fsspec opens: whole, with their checkpoint, nobody's name inside."""

from __future__ import annotations

import contextlib
import os
import tarfile
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError, UsageError

pytest.importorskip("fsspec")

from pidiff_cli.many.job import DONE, Outcome, TuneJob
from pidiff_cli.many.store import Store, leave
from pidiff_cli.profile import Profile


def person(home: Path, name: str = "alice") -> Path:
    folder = home / "profiles" / name
    (folder / "checkpoint").mkdir(parents=True)
    (folder / "profile.json").write_text("{}")
    (folder / "checkpoint" / "state.json").write_text("1")
    (folder / ".lock").write_text("")
    (folder / ".tmp-1-x").write_text("half")
    return folder


@pytest.mark.parametrize("kind", ["file://{}", "memory://{}"])
def test_there_and_back(tmp_path: Path, kind: str) -> None:
    store = Store(kind.format(tmp_path / "store"))
    store.check()
    folder = person(tmp_path / "a")
    store.put_person(folder)
    (folder / "checkpoint" / "state.json").write_text("2")
    store.put_person(folder)
    back = tmp_path / "b" / "profiles" / "alice"
    assert store.get_person("alice", back) and not store.get_person("bob", back.parent / "bob")
    assert (back / "checkpoint" / "state.json").read_text() == "2"
    assert sorted(p.name for p in back.iterdir()) == ["checkpoint", "profile.json"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")
def test_a_kill_leaves_nothing_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    store = Store(f"file://{tmp_path / 'store'}")
    alice, bob = (Profile.create(tmp_path, name, "woman") for name in ("alice", "bob"))

    if (pid := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            store._put = lambda path, relative: os._exit(len(path.read_bytes()) > 0)  # type: ignore[method-assign]
            store.put_person(alice.folder)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert not list(scratch.iterdir()) and len(list(alice.folder.glob(".tmp-*.tar"))) == 1
    bob.update(noun="man")
    assert not list(alice.folder.glob(".*"))
    left = tmp_path / "store" / "people" / "bob.tar.tmp-0123"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    store.put_person(bob.folder)
    assert left.exists()  # somebody may be at it
    os.utime(left, (0, 0))
    store.put_person(bob.folder)
    assert [p.name for p in left.parent.iterdir()] == ["bob.tar"]


def test_photos_keep_their_order_and_a_machine_is_left_clean(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path / 'store'}")
    photos = []
    for folder, name in (("z", "one.jpg"), ("a", "one.jpg")):
        path = tmp_path / folder / name
        path.parent.mkdir()
        path.write_text(folder)
        photos.append(path)
    store.put_photos("alice", photos)
    found = store.get_photos("alice", tmp_path / "home" / "photos" / "alice")
    assert [Path(path).read_text() for path in found] == ["z", "a"]
    person(tmp_path / "home")
    leave(tmp_path / "home", "alice")
    assert not list((tmp_path / "home").rglob("*.*"))


def test_nobody_s_user_name_travels(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path / 'store'}")
    store.put_person(person(tmp_path))
    with tarfile.open(tmp_path / "store" / "people" / "alice.tar") as archive:
        assert {(entry.uid, entry.uname) for entry in archive} == {(0, "")}


def test_a_place_that_nothing_opens(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be opened"):
        Store("nowhere://bucket")


def test_a_place_that_somebody_else_has_prepared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidiff_cli.many.store import local_home

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = local_home("file:///people")
    assert home == local_home("file:///people") and home.stat().st_mode & 0o077 == 0
    home.rmdir()
    (tmp_path / "mine").mkdir()
    home.symlink_to(tmp_path / "mine")
    with pytest.raises(InputError, match="somebody else"):
        local_home("file:///people")


def test_every_checkpoint_goes_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pidiff_cli.many import ray_engine
    from pidiff_cli.many import store as stores

    store = Store(f"file://{tmp_path / 'store'}")
    photo = tmp_path / "one.jpg"
    photo.write_text("x")
    store.put_photos("alice", [photo])
    monkeypatch.setattr(stores, "local_home", lambda url: tmp_path / "here")
    monkeypatch.setattr(ray_engine, "local_home", lambda url: tmp_path / "here")
    seen = []

    def learn(job: TuneJob, at_step: object) -> Outcome:
        folder = person(Path(job.home))
        for step in range(3):
            (folder / "checkpoint" / "state.json").write_text(str(step))
            at_step()  # type: ignore[operator]
            seen.append((tmp_path / "store/people/alice.tar").stat().st_mtime_ns)
        return Outcome(job.name, DONE)

    monkeypatch.setattr(ray_engine, "work", learn)
    job = TuneJob("alice", (str(photo),), {}, str(tmp_path / "driver"))
    assert ray_engine._with_store(job, store).status == DONE
    assert len({*seen}) == 3 and not (tmp_path / "here/profiles/alice").exists()
    assert store.get_person("alice", tmp_path / "driver" / "profiles" / "alice")


def test_nothing_of_who_failed_stays_on_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidiff_cli.many import ray_engine

    store, photo = Store(f"file://{tmp_path / 'store'}"), tmp_path / "one.jpg"
    photo.write_text("x")
    store.put_photos("alice", [photo])
    monkeypatch.setattr(ray_engine, "local_home", lambda url: tmp_path / "here")

    def fail(job: TuneJob, at_step: object) -> Outcome:
        person(Path(job.home))
        return Outcome(job.name, "failed")

    monkeypatch.setattr(ray_engine, "work", fail)
    job = TuneJob("alice", (str(photo),), {}, str(tmp_path / "driver"))
    assert ray_engine._with_store(job, store).status == "failed"
    monkeypatch.setattr(ray_engine, "need_of", lambda jobs: Path(jobs[0].photos[0]).read_text())
    assert ray_engine._planned([job], store.url) == "x"
    assert [p for p in (tmp_path / "here").rglob("*") if "alice" in p.name or p.is_file()] == []


def test_who_cannot_be_brought_here_stops_nobody(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from pidiff_cli.many import ray_engine

    store = Store(f"file://{tmp_path / 'store'}")
    store.put_person(person(tmp_path))
    locked = tmp_path / "home" / "profiles" / "alice"
    locked.mkdir(parents=True)
    (locked / "locked.age").write_bytes(b"age")
    engine = object.__new__(ray_engine.RayEngine)
    outcome = Outcome("alice", DONE)
    engine._ray = SimpleNamespace(
        get=lambda ref: outcome,
        exceptions=SimpleNamespace(TaskCancelledError=KeyError, RayError=KeyError),
    )
    engine._store = store
    job = TuneJob("alice", (), {}, str(tmp_path / "home"))
    found = engine._outcome(None, job)
    assert found.status == "failed" and found.error.endswith("alice is locked.")
    assert found.hint == "Open it: pidiff profile unlock alice"
