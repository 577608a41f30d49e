"""A profile locked: all of it in one age file inside its folder; its name can be seen.

``locked.age`` holds a tar of the profile's files, encrypted for a key made for it and for the
recipients that were given. With a passphrase ``key.age`` holds that key, encrypted by it, as the
age tool knows it: ``age -d -i key.age locked.age | tar x``. ``locked.id`` is a hash of its random
id: whoever holds a picture of the person, which has the id, is told whose it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile import age
from pidiff_cli.profile.changing import write_down_forgetting
from pidiff_cli.profile.folder import Profile
from pidiff_cli.profile.holding import hold
from pidiff_cli.profile.journal import CHANGE, GONE, NEW, STAGED, Journal, apply, begin
from pidiff_cli.profile.locked import ID, KEY, LOCKED, hash_of_id, is_locked
from pidiff_cli.profile.manifest import MANIFEST, read_manifest
from pidiff_cli.profile.packing import Hashed, Packed, packable, unpacked

_OURS = (LOCKED, KEY, ID)


def lock(profile: Profile, keys: age.Keys) -> None:
    """Encrypt a profile where it lies, in one step; the plain files go when the encrypted one is
    whole, on the disk and was read back.

    Args:
        keys: a passphrase, recipients, or both: each of them opens it.

    Raises:
        InputError: something in the profile cannot be packed, another process holds it, or the
            disk refuses; it is as it was.
    """
    age.check_recipients(keys.recipients)
    folder = profile.folder
    with profile.lock():
        write_down_forgetting(folder)
        inside = packable(folder)
        removes = tuple(sorted({relative.split("/")[0] for relative in inside}))
        removes += tuple(p.name for p in sorted(folder.iterdir()) if _is_empty(p, removes))
        writes = (LOCKED, KEY, ID) if keys.passphrase else (LOCKED, ID)
        key = profile.manifest.id

        def fill(new: Path) -> None:
            _seal(folder, inside, new, keys)
            files.fill_file(new / ID, hash_of_id(key).encode())

        _settle(folder, Journal(writes, removes), fill)


def unlock(folder: Path, keys: age.Keys) -> Profile:
    """Bring a locked profile back, in one step, under the name that its folder has by now.

    Raises:
        InputError: it is not locked, the passphrase or keys are others, the file is damaged,
            another process holds it, or the disk refuses; it stays locked.
    """
    with hold(folder):
        if not is_locked(folder):
            raise InputError(f"{folder.name} is not locked.", "See: pidiff profile list")
        identities = _identities(folder, keys)

        def fill(new: Path) -> Journal:
            _open(folder / LOCKED, new, identities)
            manifest = read_manifest(new / MANIFEST)
            if manifest.name != folder.name and folder.parent.name == "profiles":
                (new / MANIFEST).unlink()
                files.fill_file(new / MANIFEST, replace(manifest, name=folder.name).to_bytes())
            names = sorted(p.name for p in new.iterdir() if p.name != MANIFEST)
            if taken := [n for n in names if n not in _OURS and (folder / n).exists()]:
                raise InputError(
                    f"{folder / taken[0]} is in the way.", "Move it out of the locked profile."
                )
            return Journal(tuple(names), _OURS)

        _settle(folder, None, fill)
    return Profile(folder)


def needs_passphrase(folder: Path) -> bool:
    """Whether a locked profile opens by a passphrase; else by keys alone."""
    return (folder / KEY).is_file()


def _settle(folder: Path, journal: Journal | None, fill: Callable[[Path], Journal | None]) -> None:
    """Stage what ``fill`` writes and let it count; old files go last."""
    stage = folder / f"{STAGED}{secrets.token_hex(4)}"
    try:
        files.make_folder(stage / NEW)
        made = fill(stage / NEW)
        files.sync_tree(stage)
        begin(folder, stage, journal or made or Journal())
    except OSError as error:
        raise files.explain(error, folder) from error
    finally:
        with suppress(OSError):
            files.remove_tree(stage)
    try:
        apply(folder)
    except OSError as error:
        left = [p.name for p in folder.iterdir() if p.name.startswith((CHANGE, GONE))]
        raise InputError(
            f"Not all of the old files of {folder.name} could be removed: {', '.join(left)}.",
            f"Free {folder} (who may write there?), then run: pidiff profile list",
        ) from error


def _is_empty(path: Path, packed: tuple[str, ...]) -> bool:
    """Whether a folder at the top holds nothing, so that no file of it was packed."""
    return path.is_dir() and path.name not in packed and not path.name.startswith(".")


def _seal(folder: Path, inside: list[str], new: Path, keys: age.Keys) -> None:
    own = age.new_identity()  # reads back what was written; with a passphrase it is kept
    packed, target = Packed(folder, inside), new / LOCKED

    def write(path: Path) -> None:
        with path.open("wb") as file:
            age.encrypt(packed, file, (age.public_of(own), *keys.recipients))

    try:
        files.fill_file(target, write)
    except InputError:
        raise packed.failed or InputError(f"{folder.name} could not be encrypted.") from None
    back = Hashed()
    with target.open("rb") as file:
        age.decrypt(file, back, (own,))
    same = back.digest == packed.digest
    if keys.passphrase:
        files.fill_file(new / KEY, age.seal(f"{own}\n".encode(), keys.passphrase))
        same &= age.unseal((new / KEY).read_bytes(), keys.passphrase) == f"{own}\n".encode()
    if not same:
        raise InputError(f"Read back, {folder.name} is not the same; it stays as it was.")


def _identities(folder: Path, keys: age.Keys) -> tuple[str, ...]:
    if keys.identities or not (folder / KEY).is_file():
        return keys.identities
    if age.kind_of(folder / KEY) != "passphrase":
        raise InputError(f"{KEY} of {folder.name} is damaged.", "Take another copy of it.")
    text = age.unseal((folder / KEY).read_bytes(), keys.passphrase)
    return (text.decode("ascii", "replace").strip(),)


def _open(locked: Path, new: Path, identities: tuple[str, ...]) -> None:
    with locked.open("rb") as file:
        unpacked(lambda stream: age.decrypt(file, stream, identities), new)
