"""The Python API's other half: what is kept of a person, locked, opened, forgotten, removed.

Nothing here computes: torch is never loaded. ``home`` is as in `pidiff_cli.api`. A passphrase is
used and dropped; no copy of it is kept anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import (
    KeptStep,
    Profile,
    age,
    any_folder,
    kept_steps,
    locked_folder,
    moving,
    settle,
    use_step,
)
from pidiff_cli.profile.locked import check_unlocked
from pidiff_cli.stages.belongings import Belonging, find_belongings, remove_belongings
from pidiff_cli.weights.locate import home_folder

__all__ = [
    "Belonging", "KeptStep", "belongings", "checkpoints", "delete", "forget", "lock", "unlock",
    "use_checkpoint",
]  # fmt: skip


def lock(
    profile: str | Path,
    *,
    passphrase: str = "",
    recipients: str | Sequence[str] = (),
    home: str | Path | None = None,
) -> Path:
    """Encrypt a profile where it lies; its name is all that can still be seen. A lost passphrase
    is lost.

    Args:
        profile: a name, or a path to a directory. passphrase, recipients: each of them opens it;
            recipients are age's public keys (age1…).

    Returns:
        The profile's folder.

    Raises:
        UsageError: neither is given. InputError: no such profile or key, it is locked already or
            in use, or the disk refuses; it is as it was.
    """
    place, keys = home_folder(home), age.Keys(passphrase, recipients=_several(recipients))
    if not passphrase and not keys.recipients:
        raise UsageError("Nothing is given to lock with.", "Give a passphrase, or public keys.")
    settle(profile, place)
    opened = Profile.open(profile, place)
    from pidiff_cli.profile import locking

    locking.lock(opened, keys)
    return opened.folder


def unlock(
    profile: str | Path,
    *,
    passphrase: str = "",
    identities: str | Path | Sequence[str | Path] = (),
    home: str | Path | None = None,
) -> Path:
    """Decrypt a locked profile; it is as it was.

    Args:
        profile: a name, or a path to a directory. identities: age's secret keys
            (AGE-SECRET-KEY-1…), or paths of files as age-keygen writes them.

    Returns:
        The profile's folder.

    Raises:
        UsageError: both are given, none, or a passphrase where a key is needed.
        InputError: no such profile, it is not locked, or the passphrase or keys are others;
            nothing is changed.
    """
    folder = find_locked(profile, home_folder(home))
    from pidiff_cli.profile import locking

    keys = age.Keys(passphrase, identities=_secret(identities))
    if passphrase and keys.identities:
        raise UsageError("A passphrase, or a secret key: one of them opens it.")
    if not keys.identities and not locking.needs_passphrase(folder):
        raise UsageError(
            f"{folder.name} was locked for a key, not by a passphrase.",
            f"Give the secret key: pidiff profile unlock {folder.name} --identity FILE",
        )
    if not passphrase and not keys.identities:
        raise UsageError("The passphrase is missing.", "Several words are easy to keep in mind.")
    return locking.unlock(folder, keys).folder


def find_locked(profile: str | Path, home: Path) -> Path:
    """The folder of a locked profile. Raises InputError: there is none, or it is not locked."""
    folder = locked_folder(profile, home)
    if folder is None:
        name = Profile.open(profile, home).name
        raise InputError(f"{name} is not locked.", "See: pidiff profile list")
    return folder


def forget(profile: str | Path, *, home: str | Path | None = None) -> Path:
    """Remove the photos and all that is of single photos; what was learnt stays, and still draws
    the person.

    Returns:
        The profile's folder.

    Raises:
        InputError: no such profile, it is locked or in use, or not all could be removed; the same
            call goes on.
    """
    place = home_folder(home)
    settle(profile, place)
    opened = Profile.open(profile, place)
    opened.forget()
    return opened.folder


def checkpoints(profile: str | Path, *, home: str | Path | None = None) -> tuple[KeptStep, ...]:
    """The steps of its tuning that a profile can draw by, with what their previews say, its own
    among them; none where no other was kept.

    Raises:
        InputError: no such profile, or it is locked.
    """
    return kept_steps(Profile.open(profile, home_folder(home)))


def use_checkpoint(
    profile: str | Path, step: int, *, only: bool = False, home: str | Path | None = None
) -> tuple[KeptStep, ...]:
    """Let a profile draw by a kept step from now on; the one before stays among the kept.

    Args:
        only: the other steps go.

    Returns:
        As `checkpoints`, now.

    Raises:
        InputError: no such profile, the step is not kept, the profile is in use or locked, or the
            disk refuses; nothing is changed.
    """
    place = home_folder(home)
    settle(profile, place)
    opened = Profile.open(profile, place)
    use_step(opened, step, only)
    return kept_steps(opened)


def belongings(
    profile: str | Path, folders: Sequence[Path] = (), *, home: str | Path | None = None
) -> list[Belonging]:
    """Pictures, pages, tables and exports that were made of a person, found by the random id in
    them. Nothing is changed.

    Args:
        folders: looked through with all below them; none are ``pics``, ``evaluation`` and the
            files of the working directory.

    Raises:
        InputError: no such profile or folder, or it is locked: its id cannot be read then.
    """
    place = home_folder(home)
    settle(profile, place)
    return find_belongings(Profile.open(profile, place).manifest.id, folders)


def delete(
    profile: str | Path,
    belongings: Sequence[Belonging] = (),
    *,
    home: str | Path | None = None,
) -> None:
    """Remove a profile, locked, damaged or whole, with all that it holds.

    Args:
        belongings: what `belongings` found and shall go along; it goes first, so that a run that
            is cut short can be repeated. Without them nothing tells any more whose they are.

    Raises:
        InputError: no such profile, it is in use, or the disk refuses; the same call goes on.
    """
    place = home_folder(home)
    settle(profile, place)
    opened = Profile(any_folder(profile, place))
    if belongings:
        check_unlocked(opened.folder)
    remove_belongings(belongings)
    moving.delete(opened, place)


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _secret(given: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """The secret keys in what was given."""
    found: list[str] = []
    for one in (given,) if isinstance(given, (str, Path)) else given:
        text = str(one)
        plain = isinstance(one, str) and text.upper().startswith("AGE-SECRET-KEY-")
        found += (text,) if plain else age.read_identities(Path(one))
    return tuple(found)
