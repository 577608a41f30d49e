"""The profile directory: one person's portable identity. Knows no torch.

A profile is a folder with `profile.json` (the manifest), `identity.safetensors` (W+ codes),
`adapter/` and `lora/` (PEFT directories), `photos/` and `reports/`. All paths inside are relative,
every write is atomic, and the manifest holds the sha256 of every file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.codes import Identity, encode_identity, read_identity
from pidiff_cli.profile.manifest import (
    MANIFEST,
    Manifest,
    Photo,
    check_name,
    folded,
    new_manifest,
    read_manifest,
)
from pidiff_cli.profile.parts import TUNED_PARTS
from pidiff_cli.profile.unknown import unknown
from pidiff_cli.reading.bytes_of import refuse_links

if TYPE_CHECKING:
    import numpy as np

IDENTITY = "identity.safetensors"
LOCK = ".lock"
_OF_PHOTOS = ("photos", "preview")  # what the other stages note of single photos
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
        if folder.exists() and not force:
            raise InputError(
                f"A profile named {folder.name} is there already.",
                f"Go on with it: pidiff tune {folder.name}. Replace it: --force",
            )

        def fill(temporary: Path) -> None:
            (temporary / MANIFEST).write_bytes(new_manifest(name, noun).to_bytes())

        try:
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise files.explain(error, folder.parent) from error
        files.write_folder(folder, fill)
        return cls(folder)

    @classmethod
    def open(cls, name_or_path: str | Path, home: Path) -> Profile:
        """Open a profile by its name under `home` (capitals do not count), or by its folder's path.

        Raises:
            InputError: no such profile, a damaged manifest, or one of a newer pidiff.
        """
        text = str(name_or_path)
        if len(os.fsencode(text)) > _LONGEST:
            raise unknown(text, ())
        named = text and Path(text).name == text
        own = profile_folder(home, text) if named else home / "profiles" / text
        try:
            if named:
                files.recover(own)  # a replacement may have been killed
            if named and own.is_symlink():
                raise _is_link(own)
            places = [p for p in (own, files.expanded(text)) if text and (p / MANIFEST).is_file()]
        except OSError:  # a name that is too long for this disk
            places = []
        for folder in places:
            for part in TUNED_PARTS:
                files.recover(folder / part)
            profile = cls(folder)
            profile.manifest  # noqa: B018  a damaged or newer manifest is told here
            return profile
        raise unknown(text, [profile.folder.name for profile in list_profiles(home)])

    @property
    def manifest(self) -> Manifest:
        """The manifest as it is on the disk now."""
        return read_manifest(self.stored(MANIFEST))

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
        return refuse_links(self.folder, relative)

    def path(self, relative: str) -> Path:
        """The place of a file of this profile; refuses to leave the folder."""
        target = self.folder / relative
        if Path(relative).is_absolute() or ".." in Path(relative).parts:
            raise InputError(f"{relative} lies outside the profile.")
        return target

    def write(self, relative: str, content: bytes | Callable[[Path], object]) -> Path:
        """Write one file atomically and note its sha256 in the manifest.

        Args:
            relative: path inside the profile, with forward slashes.
            content: bytes, or a function that writes the file at the path it is given.

        Returns: the file's path. Raises InputError when the disk refuses.
        """
        target = self.path(relative)
        self._note_pending(relative)
        files.write_file(target, content)
        self._note_written((relative,))
        return target

    def write_folder(self, relative: str, fill: Callable[[Path], None]) -> Path:
        """Replace a folder of the profile by what `fill(folder)` writes, all or nothing."""
        target = self.path(relative)
        self._note_pending(relative + "/")
        files.write_folder(target, fill)
        self._note_written(tuple(sorted(self._files_under(relative))), under=relative + "/")
        return target

    def remove(self, relative: str) -> None:
        """Delete a file or folder of the profile, and its entries in the manifest."""
        target = self.path(relative)
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        self._note_written((), under=relative + "/", gone=relative)

    def update(self, **changes: Any) -> Manifest:
        """Change manifest fields (`noun`, `base`, `recipe`, `consent`, `photos`, …)."""
        manifest = replace(self.manifest, **changes)
        files.write_file(self.folder / MANIFEST, manifest.to_bytes())
        return manifest

    def update_stage(self, stage: str, **values: Any) -> Manifest:
        """Merge JSON values into the state that `stage` keeps; see `stage_state`."""
        stages = dict(self.manifest.stages)
        stages[stage] = {**stages.get(stage, {}), **values}
        return self.update(stages=stages)

    def stage_state(self, stage: str) -> dict[str, Any]:
        """What `stage` noted down; empty when it has not run."""
        return dict(self.manifest.stages.get(stage, {}))

    def clear_stage(self, stage: str) -> None:
        """Forget that `stage` has run (its files stay until they are written again)."""
        self.update(stages={k: v for k, v in self.manifest.stages.items() if k != stage})

    def save_identity(
        self,
        codes: np.ndarray,
        weights: np.ndarray,
        mean: np.ndarray,
        keys: tuple[str, ...] = (),
    ) -> None:
        """Store W+ codes: `codes` (P, L, D), `weights` (P,), `mean` (L, D), all float32."""
        self.write(IDENTITY, encode_identity(Identity(codes, weights, mean, keys)))

    def load_identity(self) -> Identity:
        """The stored W+ codes. Raises InputError when there are none or they are damaged."""
        path = self.stored(IDENTITY)
        if not path.is_file():
            raise InputError(
                f"{self.name} has no W+ code yet.", f"Make one: pidiff invert {self.name}"
            )
        return read_identity(path, self.name)

    @contextmanager
    def lock(self, wait: float = 1.0) -> Iterator[None]:
        """Hold the profile for writing; a second process is told to come back later.

        One process may take it again while it holds it. Raises InputError after `wait` seconds.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCK, timeout=wait, is_singleton=True)
        try:
            lock.acquire()
        except Timeout as error:
            raise InputError(
                f"Another pidiff is working on {self.name}.", "Wait for it, or stop it first."
            ) from error
        except OSError as error:
            raise files.explain(error, self.folder) from error
        try:
            yield
        finally:
            lock.release()

    def forget(self) -> None:
        """Remove photos, their names and hashes, reports, checkpoints and per-photo codes; keep
        the mean and the tuned parts."""
        import numpy as np

        if (self.folder / IDENTITY).is_file():
            mean = self.load_identity().mean
            self.save_identity(mean[None], np.ones(1, np.float32), mean)
        for item in sorted(self.folder.iterdir()):
            if item.name not in (MANIFEST, IDENTITY, LOCK, *TUNED_PARTS):
                self.remove(item.name)
        stages = {
            stage: {key: value for key, value in state.items() if key not in _OF_PHOTOS}
            for stage, state in self.manifest.stages.items()
            if stage != "prepare"
        }
        self.update(photos=(), stages=stages)

    def verify(self) -> list[str]:
        """What is missing or changed against the manifest's sha256, one sentence each."""
        manifest = self.manifest
        found = []
        for relative, digest in manifest.files.items():
            try:
                path = self.stored(relative)
            except InputError as error:
                found.append(error.message)
                continue
            if _is_pending(relative, manifest.pending):
                continue  # a write was interrupted here; old or new, both are whole
            if not path.is_file():
                found.append(f"{relative} is missing.")
            elif _sha256(path) != digest:
                found.append(f"{relative} has changed since it was written.")
        return found

    def size_mb(self, photos: bool = False) -> float:
        """Size on disk in decimal MB, with or without `photos/`."""
        total = sum(
            item.stat().st_size
            for item in self.folder.rglob("*")
            if item.is_file()
            and not item.is_symlink()
            and (photos or "photos" not in item.relative_to(self.folder).parts)
        )
        return total / 1e6

    def _files_under(self, relative: str) -> list[str]:
        root = self.path(relative)
        return [p.relative_to(self.folder).as_posix() for p in root.rglob("*") if p.is_file()]

    def _note_pending(self, relative: str) -> None:
        self.update(pending=tuple(sorted({*self.manifest.pending, relative})))

    def _note_written(self, relatives: tuple[str, ...], under: str = "", gone: str = "") -> None:
        manifest = self.manifest
        kept = {
            key: value
            for key, value in manifest.files.items()
            if key != gone and not (under and key.startswith(under))
        }
        kept.update({key: _sha256(self.folder / key) for key in relatives})
        done = {*relatives, under}
        self.update(files=kept, pending=tuple(p for p in manifest.pending if p not in done))


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


def list_profiles(home: Path) -> list[Profile]:
    """Every profile under `home`, sorted by name; folders without a manifest are passed over."""
    return [Profile(folder) for folder, fault in profile_folders(home) if not fault]


def profile_folders(home: Path) -> list[tuple[Path, str]]:
    """The folders of `home/profiles` that hold a profile, or may hold one, sorted by name.

    Each with "", or why it cannot be looked into, as a sentence.
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
            elif (folder / MANIFEST).is_file() or (folder / MANIFEST).is_symlink():
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


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
