"""A profile locked in one age file, and unlocked again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, age, list_profiles, locking, packing
from pidiff_cli.profile.locked import LockedError, is_locked, list_locked

SECRET = age.new_identity()
TO_IT, WITH_IT = age.Keys(recipients=(age.public_of(SECRET),)), age.Keys(identities=(SECRET,))


@pytest.fixture
def alice(tmp_path: Path) -> Profile:
    """Two photos and an adapter."""
    profile = Profile.create(tmp_path, "alice", "woman")
    profile.write("photos/01_face.png", b"a face" * 90_000)
    profile.write_folder("adapter", lambda to: (to / "adapter_config.json").write_text("{}"))
    return profile


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_nothing_of_a_locked_profile_can_be_read_and_all_of_it_comes_back(alice: Profile) -> None:
    before = content(alice.folder)
    locking.lock(alice, TO_IT)
    assert sorted(content(alice.folder)) == ["locked.age", "locked.id"]
    assert b"a face" not in (alice.folder / "locked.age").read_bytes()
    assert (alice.folder / "locked.age").stat().st_mode & 0o777 == 0o600
    again = locking.unlock(alice.folder, WITH_IT)
    assert content(alice.folder) == before and again.verify() == []
    assert all(p.stat().st_mode & 0o077 == 0 for p in alice.folder.rglob("*"))


def test_a_passphrase_locks_what_the_age_tool_can_open(alice: Profile) -> None:
    before = content(alice.folder)
    locking.lock(alice, age.Keys(passphrase="open sesame"))
    assert sorted(content(alice.folder)) == ["key.age", "locked.age", "locked.id"]
    with pytest.raises(InputError, match="not the passphrase"):
        locking.unlock(alice.folder, age.Keys(passphrase="open barley"))
    assert is_locked(alice.folder)
    locking.unlock(alice.folder, age.Keys(passphrase="open sesame"))
    assert content(alice.folder) == before


def test_every_reader_meets_the_sentence(alice: Profile, tmp_path: Path) -> None:
    locking.lock(alice, TO_IT)
    assert list_profiles(tmp_path) == [] and list_locked(tmp_path) == ["alice"]
    for work in (
        lambda: Profile.open("alice", tmp_path),
        lambda: Profile.open("Alice", tmp_path),
        lambda: Profile.open(alice.folder, tmp_path),
        lambda: Profile.create(tmp_path, "alice", "woman", force=True),
        lambda: alice.update(noun="man"),
        lambda: alice.forget(),
        lambda: locking.lock(alice, TO_IT),
    ):
        with pytest.raises(LockedError, match="alice is locked"):
            work()
    with pytest.raises(InputError) as error:
        Profile.open("alicia", tmp_path)
    assert error.value.hint == "Did you mean alice?"
    assert sorted(content(alice.folder)) == ["locked.age", "locked.id"]


def test_a_renamed_one_has_its_new_name(alice: Profile) -> None:
    locking.lock(alice, TO_IT)
    anna = alice.folder.with_name("anna")
    os.rename(alice.folder, anna)
    assert locking.unlock(anna, WITH_IT).name == "anna"


_DAMAGED, _NO_KEY = "damaged or cut off", "None of the keys"


@pytest.mark.parametrize(
    ("harm", "told"),
    [("short", _DAMAGED), ("bit", _DAMAGED), ("other", _NO_KEY), ("none", _NO_KEY)],
)
def test_what_does_not_open_stays_locked(alice: Profile, harm: str, told: str) -> None:
    locking.lock(alice, TO_IT)
    place, keys = alice.folder / "locked.age", WITH_IT
    data = bytearray(place.read_bytes())
    if harm == "short":
        place.write_bytes(data[:-20])
    elif harm == "bit":
        data[-400_000] ^= 1
        place.write_bytes(data)
    else:
        keys = age.Keys(identities=(age.new_identity(),) * (harm == "other"))
    before = content(alice.folder)
    with pytest.raises(InputError, match=told):
        locking.unlock(alice.folder, keys)
    assert content(alice.folder) == before


def test_a_link_is_not_locked_away(alice: Profile, tmp_path: Path) -> None:
    (alice.folder / "photos" / "link.png").symlink_to(tmp_path)
    before = content(alice.folder)
    with pytest.raises(InputError, match="is a link"):
        locking.lock(alice, TO_IT)
    assert content(alice.folder) == before


def test_a_tar_that_leaves_its_folder_is_refused(tmp_path: Path) -> None:
    import io
    import tarfile

    for name, kind in (("../x", tarfile.REGTYPE), ("x", tarfile.SYMTYPE), ("/x", tarfile.REGTYPE)):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        tar = io.BytesIO(info.tobuf() + b"\0" * 1024)
        into = tmp_path / "into"
        into.mkdir(exist_ok=True)
        with pytest.raises(InputError, match="no profile"):
            packing.unpacked(lambda to, tar=tar: to.write(tar.getvalue()), into)
        assert list(into.iterdir()) == []


def test_a_passphrase_that_would_cost_minutes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.age"
    path.write_bytes(b"age-encryption.org/v1\n-> scrypt Qtbz9tBszB4/XPREskxgbQ 30\nabc\n--- x\n")
    with pytest.raises(InputError, match="would cost"):
        age.kind_of(path)
