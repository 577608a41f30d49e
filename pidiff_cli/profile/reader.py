"""What is read of a profile's folder, also while another process changes it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pidiff_cli.errors import InputError
from pidiff_cli.profile.changing import change_of, read_whole_manifest, sha256
from pidiff_cli.profile.codes import Identity, read_identity
from pidiff_cli.profile.forgotten import IDENTITY
from pidiff_cli.profile.journal import CHANGE, seen
from pidiff_cli.profile.manifest import Manifest, Photo
from pidiff_cli.profile.parts import TUNED_PARTS
from pidiff_cli.reading.bytes_of import refuse_links

Result = TypeVar("Result")
_TRIES = 20  # of a reader whom changes overtake
_MOVES = 3  # of them, while a change is moved to its place
_DRAWS = (IDENTITY, "photos/", *(f"{part}/" for part in TUNED_PARTS))


class ProfileReader:
    """A profile's folder, to be read.

    Attributes:
        within: where in it the tuned parts lie, "" or a folder; see `steps.StepOf`.
    """

    within = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
        kept = (*(f"{self.within}{part}/" for part in TUNED_PARTS), "identity.")
        every = self.manifest.files.items()
        found = {k.removeprefix(self.within): v for k, v in every if k.startswith(kept)}
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
        if relative.split("/")[0] in TUNED_PARTS:
            relative = self.within + relative
        change = change_of(self.folder)
        return seen(self.folder, relative) if change is None else change.path(relative)

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders of the tuned parts that it holds, in the order of `TUNED_PARTS`."""
        return tuple(part for part in TUNED_PARTS if self.path(part).is_dir())

    def has_code(self) -> bool:
        """Whether W+ codes are there."""
        return self.path(IDENTITY).is_file()

    def stage_state(self, stage: str) -> dict[str, Any]:
        """What `stage` noted down; empty when it has not run."""
        return dict(self.manifest.stages.get(stage, {}))

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
        draws = (*_DRAWS, self.within) if self.within else _DRAWS
        files = {k: v for k, v in manifest.files.items() if k.startswith(draws)}
        return manifest.id, *told, files

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
        return folder_mb(self.folder, () if photos else ("photos",))


def folder_mb(folder: Path, without: Sequence[str] = ()) -> float:
    """Size on disk in decimal MB of a folder, but for some right inside it; 0 where it is not."""
    total = 0
    for place, folders, names in os.walk(folder):
        if place == str(folder):
            folders[:] = [n for n in folders if n not in without]
        for name in names:
            with suppress(OSError):  # it went meanwhile
                total += os.lstat(os.path.join(place, name)).st_size
    return total / 1e6


def _is_pending(relative: str, pending: tuple[str, ...]) -> bool:
    return any(relative == p or (p.endswith("/") and relative.startswith(p)) for p in pending)
