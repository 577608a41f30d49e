"""The profile directory: one person's portable identity. Knows no torch.

A profile is a folder with `profile.json` (the manifest), `identity.safetensors` (W+ codes),
`adapter/` and `lora/` (PEFT directories), `photos/` and `reports/`. All paths inside are relative,
every change is whole or none (`profile.changing`), and the manifest holds the sha256 of every file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.changing import Change, changing, check_free, making
from pidiff_cli.profile.codes import Identity, encode_identity
from pidiff_cli.profile.forgetting import forget
from pidiff_cli.profile.forgotten import IDENTITY
from pidiff_cli.profile.holding import hold
from pidiff_cli.profile.locked import check_unlocked
from pidiff_cli.profile.manifest import MANIFEST, Manifest, check_name, new_manifest
from pidiff_cli.profile.named import find_folder
from pidiff_cli.profile.places import looked_at, profile_folder
from pidiff_cli.profile.reader import ProfileReader

if TYPE_CHECKING:
    import numpy as np


class Profile(ProfileReader):
    """An open profile folder: what `ProfileReader` reads, and how it is changed."""

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
        return cls(find_folder(name_or_path, home))

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


def list_profiles(home: Path) -> list[Profile]:
    """Every profile under `home` that is not locked, sorted by name; no other folder."""
    return [*each_profile(home)]


def each_profile(home: Path) -> Iterator[Profile]:
    """The profiles of `list_profiles`, each looked at when it is its turn."""
    return (Profile(folder) for folder, fault in looked_at(home) if not fault)
