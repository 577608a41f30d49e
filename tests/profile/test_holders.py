"""What the dead have left is swept, and no writer looks into everybody's profile for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.profile import Profile, hold, holders, making, mending
from pidiff_cli.profile.locks import key_of


@pytest.fixture
def alice(home: Path) -> Profile:
    Profile.create(home, "bob", "man")
    return Profile.create(home, "alice", "woman")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The profiles that were looked into for what others left."""
    seen: list[str] = []
    real = mending._sweep_other

    def sweep(profiles: Path, folder: Path, own: str) -> None:
        seen.append(folder.name)
        real(profiles, folder, own)

    monkeypatch.setattr(mending, "_sweep_other", sweep)
    return seen


def in_a_process_that_dies(work: Callable[[], Any]) -> None:
    if (pid := os.fork()) == 0:
        try:
            work()
        finally:
            os._exit(1)
    os.waitpid(pid, 0)


def held(profiles: Path) -> list[str]:
    return holders.marked(profiles)


def test_nobody_s_profile_is_looked_into_for_nothing(alice: Profile, looks: list[str]) -> None:
    alice.update(noun="man")
    with making(alice.folder.with_name("carol")) as aside:
        Profile.create_in(aside, "carol", "woman")
    assert looks == [] and held(alice.folder.parent) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")
def test_what_a_dead_writer_left_in_another_profile(alice: Profile, looks: list[str]) -> None:
    bob = alice.folder.with_name("bob")

    def die() -> None:
        with hold(bob):
            (bob / ".change-0123").mkdir()
            (bob / ".change-0123" / "photo.png").write_bytes(b"face")
            os._exit(1)

    in_a_process_that_dies(die)
    assert held(bob.parent) == [key_of("bob")]
    alice.update(noun="man")
    assert "bob" in looks and not list(bob.glob(".change*")) and held(bob.parent) == []
    looks.clear()
    alice.update(noun="woman")
    assert looks == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")
def test_what_a_dead_maker_left_beside_the_profiles(alice: Profile) -> None:
    def die() -> None:
        with making(alice.folder.with_name("carol")) as aside:
            (aside / "photo.png").write_bytes(b"face")
            os._exit(1)

    in_a_process_that_dies(die)
    assert list(alice.folder.parent.glob(".new-*"))
    alice.update(noun="man")
    assert not list(alice.folder.parent.glob(".new-*")) and held(alice.folder.parent) == []


def test_who_is_at_work_is_let_alone(alice: Profile, looks: list[str]) -> None:
    bob = alice.folder.with_name("bob")
    with hold(bob):
        alice.update(noun="man")
        assert held(bob.parent) == [key_of("bob")] and looks == []


def test_an_error_leaves_a_mark_where_it_leaves_something(alice: Profile) -> None:
    bob = alice.folder.with_name("bob")
    with pytest.raises(RuntimeError), hold(bob):
        raise RuntimeError
    assert held(bob.parent) == []
    left = bob.with_name(f".gone-{key_of('bob')}-01")
    with pytest.raises(RuntimeError), hold(bob):
        left.mkdir()
        raise RuntimeError
    assert held(bob.parent) == [key_of("bob")]
    alice.update(noun="man")
    assert not left.exists() and held(bob.parent) == []


@pytest.mark.parametrize("how", ["a day", "no room"])
def test_once_a_day_and_where_no_mark_could_be_made(
    alice: Profile, looks: list[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    bob = alice.folder.with_name("bob")
    swept = bob.parent / ".locks" / "held" / "swept"
    if how == "a day":
        (bob / ".change-0123").mkdir()  # an earlier release's
        os.utime(swept, (0, swept.stat().st_mtime - 25 * 3600))
    else:
        real = os.open

        def full(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            if str(path).endswith(key_of("bob")):
                raise OSError(28, "No space left on device")
            return real(path, flags, *rest, **more)

        with monkeypatch.context() as patch:
            patch.setattr(os, "open", full)
            with hold(bob):
                (bob / ".change-0123").mkdir()
    alice.update(noun="man")
    assert "bob" in looks and not list(bob.glob(".change*"))
