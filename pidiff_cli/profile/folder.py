"""The profile directory: one person's portable identity. Knows no torch.

A profile is a folder with `profile.json` (the manifest), `identity.safetensors` (W+ codes),
`adapter/` and `lora/` (PEFT directories), `photos/` and `reports/`. All paths inside are relative,
every change is whole or none (`profile.changing`), and the manifest holds the sha256 of every file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.changing import (
    Change,
    change_of,
    changing,
    check_free,
    making,
    read_whole_manifest,
    sha256,
)
from pidiff_cli.profile.codes import Identity, encode_identity, read_identity
from pidiff_cli.profile.forgetting import forget
from pidiff_cli.profile.forgotten import IDENTITY
from pidiff_cli.profile.holding import hold
from pidiff_cli.profile.journal import CHANGE, seen
from pidiff_cli.profile.locked import LockedError, check_unlocked, is_one, is_profile, list_locked
from pidiff_cli.profile.manifest import (
    MANIFEST,
    Manifest,
    Photo,
    check_name,
    folded,
    new_manifest,
)
from pidiff_cli.profile.parts import TUNED_PARTS
from pidiff_cli.profile.unknown import unknown
from pidiff_cli.reading.bytes_of import refuse_links

if TYPE_CHECKING:
    import numpy as np

Result = TypeVar("Result")
_TRIES = 20  # of a reader whom changes overtake
_MOVES = 3  # of them, while a change is moved to its place
_DRAWS = (IDENTITY, "photos/", *(f"{part}/" for part in TUNED_PARTS))
_LONGEST_NAME = 200  # bytes of a name in a folder
_LONGEST = 4000  # bytes of a path; longer ones no system takes

__all__ = [
    "Identity",
    "Manifest",
    "Photo",
    "Profile",
    "check_name",
    "list_profiles",
    "profile_folders",
]


class Profile:
    """An open profile folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, home: Path, name: str, noun: str, force: bool = False) -> Profile:
        """Make an empty profile `home/profiles/name` (mode 0700).

        Args:
            home: the folder that holds `profiles/`.
            name: letters, digits, `-` and `_`; see `check_name`.
            noun: person, man, woman, boy or girl.
            force: replace a profile of that name instead of refusing.

        Raises:
            InputError: the name is not allowed or taken, or the folder cannot be written.
        """
        check_name(name)
        folder = profile_folder(home, name)
        check_free(folder, force)
        with making(folder, force) as aside:
            cls.create_in(aside, name, noun)
        return cls(folder)

    @classmethod
    def create_in(cls, folder: Path, name: str, noun: str) -> Profile:
        """Make an empty profile in an empty folder; see `making`."""
        files.fill_file(folder / MANIFEST, new_manifest(name, noun).to_bytes())
        return cls(folder)

    @classmethod
    def open(cls, name_or_path: str | Path, home: Path) -> Profile:
        """Open a profile by its name under `home` (capitals do not count), or by its folder's path.

        Raises:
            InputError: no such profile, a damaged manifest, or one of a newer pidiff.
            LockedError: it is locked.
        """
        text = str(name_or_path)
        if len(os.fsencode(text)) > _LONGEST:
            raise unknown(text, ())
        named = text and Path(text).name == text
        own = profile_folder(home, text) if named else home / "profiles" / text
        try:
            if named and own.is_symlink():
                raise _is_link(own)
            places = [p for p in (own, files.expanded(text)) if text and is_one(p)]
        except OSError:  # a name that is too long for this disk
            places = []
        for folder in places:
            check_unlocked(folder)
            profile = cls(folder)
            try:
                profile.manifest  # noqa: B018  a damaged or newer manifest is told here
            except InputError as error:
                error.hint = error.hint or f"Remove it: pidiff profile delete {folder.name}"
                raise
            return profile
        known = [profile.folder.name for profile in list_profiles(home)]
        raise unknown(text, [*known, *list_locked(home)])

    @property
    def manifest(self) -> Manifest:
        """The manifest as it is on the disk now."""
        change = change_of(self.folder)
        return read_whole_manifest(self.folder) if change is None else change.manifest

    @property
    def name(self) -> str:
        """The profile's own name (its folder may have been renamed)."""
        return self.manifest.name

    @property
    def fingerprint(self) -> str:
        """Changes when the person's code or tuned parts do (16 hex digits)."""
        kept = (*(f"{part}/" for part in TUNED_PARTS), "identity.")
        found = {k: v for k, v in self.manifest.files.items() if k.startswith(kept)}
        return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:16]

    @property
    def photos(self) -> tuple[Photo, ...]:
        """The kept photos, in order, held-out ones among them."""
        return self.manifest.photos

    def stored(self, relative: str) -> Path:
        """The place of a file to read; one that is behind a link is refused (InputError)."""
        place = self.path(relative)
        return refuse_links(self.folder, place.relative_to(self.folder).as_posix())

    def path(self, relative: str) -> Path:
        """Where to read a file or folder of this profile now; refuses to leave the profile."""
        if Path(relative).is_absolute() or ".." in Path(relative).parts:
            raise InputError(f"{relative} lies outside the profile.")
        change = change_of(self.folder)
        return seen(self.folder, relative) if change is None else change.path(relative)

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders of the tuned parts that it holds, in the order of `TUNED_PARTS`."""
        return tuple(part for part in TUNED_PARTS if self.path(part).is_dir())

    def has_code(self) -> bool:
        """Whether W+ codes are there."""
        return self.path(IDENTITY).is_file()

    def reading(self, load: Callable[[], Result]) -> Result:
        """What ``load`` reads of the person's code, tuned parts and photos, all of one state.

        Where another process changed them meanwhile it is read again.
        """
        moved = _MOVES
        for _ in range(_TRIES):
            moving, before = os.path.lexists(self.folder / CHANGE), self._state()
            try:
                result = load()
            except (InputError, OSError):
                if self._state() != before:
                    continue
                if moving and moved:  # a file may have gone to its place between look and read
                    moved -= 1
                    continue
                raise
            if self._state() == before:
                return result
        return load()

    def _state(self) -> tuple[object, ...]:
        manifest = self.manifest
        told = manifest.name, manifest.noun, manifest.photos, manifest.base, manifest.recipe
        files = {k: v for k, v in manifest.files.items() if k.startswith(_DRAWS)}
        return manifest.id, *told, files

    def changing(self) -> AbstractContextManager[Change]:
        """Let all that the body changes of the profile count at once, or nothing of it."""
        return changing(self.folder)

    def write(self, relative: str, content: bytes | Callable[[Path], object]) -> Path:
        """Write one file, whole or not at all, and note its sha256 in the manifest.

        Args:
            relative: path inside the profile, with forward slashes.
            content: bytes, or a function that writes the file at the path it is given.

        Returns: the file's path. Raises InputError when the disk refuses.
        """
        self.path(relative)
        with self.changing() as change:
            change.write(relative, content)
        return self.folder / relative

    def write_folder(self, relative: str, fill: Callable[[Path], None]) -> Path:
        """Replace a folder of the profile by what `fill(folder)` writes, all or nothing."""
        self.path(relative)
        with self.changing() as change:
            change.write_folder(relative, fill)
        return self.folder / relative

    def remove(self, relative: str) -> None:
        """Delete a file or folder of the profile, and its entries in the manifest."""
        self.path(relative)
        with self.changing() as change:
            change.remove(relative)

    def update(self, **changes: Any) -> Manifest:
        """Change manifest fields (`noun`, `base`, `recipe`, `consent`, `photos`, …)."""
        with self.changing() as change:
            return change.update(**changes)

    def update_stage(self, stage: str, **values: Any) -> Manifest:
        """Merge JSON values into the state that `stage` keeps; see `stage_state`."""
        with self.changing() as change:
            stages = dict(change.manifest.stages)
            stages[stage] = {**stages.get(stage, {}), **values}
            return change.update(stages=stages)

    def stage_state(self, stage: str) -> dict[str, Any]:
        """What `stage` noted down; empty when it has not run."""
        return dict(self.manifest.stages.get(stage, {}))

    def clear_stage(self, stage: str) -> None:
        """Forget that `stage` has run (its files stay until they are written again)."""
        with self.changing() as change:
            stages = {k: v for k, v in change.manifest.stages.items() if k != stage}
            change.update(stages=stages)

    def save_identity(
        self,
        codes: np.ndarray,
        weights: np.ndarray,
        mean: np.ndarray,
        keys: tuple[str, ...] = (),
        relative: str = IDENTITY,
    ) -> None:
        """Store W+ codes: `codes` (P, L, D), `weights` (P,), `mean` (L, D), all float32."""
        self.write(relative, encode_identity(Identity(codes, weights, mean, keys)))

    def load_identity(self, relative: str = IDENTITY) -> Identity:
        """The stored W+ codes. Raises InputError when there are none or they are damaged."""

        def load() -> Identity:
            path = self.stored(relative)
            if not path.is_file():
                raise InputError(
                    f"{self.name} has no W+ code yet.", f"Make one: pidiff invert {self.name}"
                )
            return read_identity(path, self.name)

        return self.reading(load)

    @contextmanager
    def lock(self, wait: float = 1.0) -> Iterator[None]:
        """Hold the profile for writing; a second process is told to come back later.

        One process may take it again while it holds it.

        Raises:
            InputError: another one holds it for more than ``wait`` seconds, or the profile is gone.
        """
        with hold(self.folder, wait):
            check_unlocked(self.folder)
            if not (self.folder / MANIFEST).is_file():
                raise InputError(
                    f"{self.folder.name} is not there any more.", "See: pidiff profile list"
                )
            yield

    def forget(self) -> None:
        """Remove photos, their names and hashes, reports, checkpoints and per-photo codes; keep
        the mean and the tuned parts. With no room on the disk, too."""
        with self.lock():
            forget(self.folder)

    def verify(self) -> list[str]:
        """What is missing or changed against the manifest's sha256, one sentence each."""
        return [told for relative in self.manifest.files if (told := self._fault(relative))]

    def _fault(self, relative: str) -> str:
        for _ in range(_TRIES):
            manifest = self.manifest
            try:
                path = self.stored(relative)
            except InputError as error:
                return error.message
            digest = manifest.files.get(relative)
            if digest is None or _is_pending(relative, manifest.pending):
                return ""  # gone meanwhile; or an earlier release was killed: both are whole
            try:
                if sha256(path) == digest:
                    return ""
                told = f"{relative} has changed since it was written."
            except OSError:
                told = f"{relative} is missing."
            if self.manifest.files.get(relative) == digest and self.path(relative) == path:
                return told
        return told

    def size_mb(self, photos: bool = False) -> float:
        """Size on disk in decimal MB, with or without `photos/`."""
        total = 0
        for place, folders, names in os.walk(self.folder):
            if place == str(self.folder):
                folders[:] = [n for n in folders if photos or n != "photos"]
            for name in names:
                with suppress(OSError):  # it went meanwhile
                    total += os.lstat(os.path.join(place, name)).st_size
        return total / 1e6


def profile_folder(home: Path, name: str) -> Path:
    """The folder of a profile's name: the one that is there, whatever its capitals, or a new one.

    On some systems two names that differ in case or in how an accent is written are one folder.
    """
    exact = home / "profiles" / name
    try:
        if exact.exists() or not exact.parent.is_dir():
            return exact
        wanted = folded(name)
        same = [p for p in sorted(exact.parent.iterdir()) if folded(p.name) == wanted]
    except (OSError, ValueError):
        return exact
    return same[0] if same else exact


def locked_folder(name_or_path: str | Path, home: Path) -> Path | None:
    """The folder of a locked profile, by its name or path as `Profile.open` takes it; else None."""
    try:
        Profile.open(name_or_path, home)
    except LockedError as error:
        return error.folder
    except InputError:
        pass
    return None


def any_folder(name_or_path: str | Path, home: Path) -> Path:
    """The folder of a profile that is to go: of a locked or damaged one, too.

    Raises:
        InputError: there is none.
    """
    try:
        return Profile.open(name_or_path, home).folder
    except LockedError as error:
        return error.folder
    except InputError:
        text = str(name_or_path)
        places = [profile_folder(home, text)] if Path(text).name == text else []
        with suppress(OSError):  # a name that is too long
            for folder in (*places, files.expanded(text)):
                if text and is_one(folder) and not folder.is_symlink():
                    return folder
        raise


def settle(name_or_path: str | Path, home: Path) -> None:
    """Bring back a profile that an earlier release left under another name when it was killed."""
    text = str(name_or_path)
    if text and Path(text).name == text and len(os.fsencode(text)) < _LONGEST_NAME:
        own = profile_folder(home, text)
        if any(os.path.lexists(own.with_name(f".{kind}-{own.name}")) for kind in ("old", "kept")):
            with hold(own):
                pass


def list_profiles(home: Path) -> list[Profile]:
    """Every profile under `home` that is not locked, sorted by name; no other folder."""
    return [Profile(folder) for folder, fault in profile_folders(home) if not fault]


def profile_folders(home: Path) -> list[tuple[Path, str]]:
    """The folders of `home/profiles` that hold a profile, or may hold one, sorted by name.

    Each with "", or why it cannot be looked into, as a sentence; not those that are locked.
    """
    root, found = home / "profiles", []
    try:
        folders = sorted(item for item in root.iterdir() if not item.name.startswith("."))
    except OSError:
        return []
    for folder in folders:
        try:
            if folder.is_symlink():
                found.append((folder, _is_link(folder).message))
            elif is_profile(folder) or (folder / MANIFEST).is_symlink():
                found.append((folder, ""))
        except OSError as error:
            found.append((folder, f"It cannot be looked into ({error.strerror})."))
    return found


def _is_link(folder: Path) -> InputError:
    return InputError(
        f"{folder.name} is a link to another folder, and no profile is read through one.",
        "Move that folder into its place, or name it by its own path.",
    )


def _is_pending(relative: str, pending: tuple[str, ...]) -> bool:
    return any(relative == p or (p.endswith("/") and relative.startswith(p)) for p in pending)
