"""Locking and unlocking ended before each of their operations: old or new, and nothing beside."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, age, hold, locking
from pidiff_cli.profile.locked import LockedError, is_locked
from tests.campaign.faults import ours, watched
from tests.campaign.trial import child

SECRET = age.new_identity()
TO_IT, WITH_IT = age.Keys(recipients=(age.public_of(SECRET),)), age.Keys(identities=(SECRET,))
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def make(root: Path, locked: bool) -> tuple[Profile, dict[str, bytes]]:
    """A profile, and what it holds when it is not locked."""
    profile = Profile.create(root, "alice", "woman")
    profile.write("photos/01_face.png", b"a face")
    profile.write_folder("adapter", lambda to: (to / "a.bin").write_bytes(b"weights"))
    plain = content(profile.folder)
    if locked:
        locking.lock(profile, TO_IT)
    return profile, plain


def work_on(profile: Profile, locked: bool) -> None:
    """Lock it, or unlock it where it is locked."""
    locking.unlock(profile.folder, WITH_IT) if locked else locking.lock(profile, TO_IT)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def judge(profile: Profile, plain: dict[str, bytes]) -> bool:
    """Whether it is locked by now; fails where it is neither old nor new, or not alone."""
    home, found = profile.folder.parent.parent, is_locked(profile.folder)
    if found:
        with pytest.raises(LockedError):
            Profile.open("alice", home)
    else:
        there = Profile.open("alice", home)
        assert there.path("photos/01_face.png").read_bytes() == b"a face" and not there.verify()
    with hold(profile.folder):
        pass  # as the next writer does
    assert is_locked(profile.folder) is found
    names = {p.name for p in profile.folder.iterdir()}
    assert names == (
        {"locked.age", "locked.id"} if found else {"profile.json", "photos", "adapter"}
    )
    if found:
        locking.unlock(profile.folder, WITH_IT)
    assert content(profile.folder) == plain
    return found


@pytest.mark.parametrize("locked", [False, True])
def test_ended_at_every_operation(tmp_path: Path, locked: bool) -> None:
    outcomes, code = [], 137
    while code:
        profile, plain = make(tmp_path / str(len(outcomes)), locked)

        def end(profile: Profile = profile, instant: int = len(outcomes) + 1) -> None:
            count = [0]

            def hit(kind: str, path: object) -> None:
                count[0] += ours(path, str(profile.folder))
                if count[0] == instant:
                    os._exit(137)

            with watched(hit):
                work_on(profile, locked)

        code, _ = child(end)
        assert code in (0, 137)
        outcomes.append(judge(profile, plain))
    assert len(outcomes) > 15 and outcomes[0] is locked and outcomes[-1] is not locked
    assert outcomes == sorted(outcomes, reverse=locked)  # there is one instant at which it counts


@pytest.mark.parametrize("locked", [False, True])
def test_a_disk_that_refuses_at_every_operation(tmp_path: Path, locked: bool) -> None:
    refused = True
    for instant in range(1, 99):
        profile, plain = make(tmp_path / str(instant), locked)
        refused, told = refusing(profile, locked, instant)
        if not refused:
            assert told is None and instant > 15
            return
        changed = is_locked(profile.folder) is not locked
        assert changed or told is not None  # nothing is kept back
        judge(profile, plain)
    pytest.fail("more operations than were tried")


def refusing(profile: Profile, locked: bool, instant: int) -> tuple[bool, InputError | None]:
    """Whether there was such an operation, and what was told of its failure."""
    count = [0]

    def hit(kind: str, path: object) -> None:
        count[0] += ours(path, str(profile.folder))
        if count[0] == instant:
            count[0] += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    with watched(hit):
        try:
            work_on(profile, locked)
        except InputError as error:
            return True, error
    return count[0] >= instant, None
