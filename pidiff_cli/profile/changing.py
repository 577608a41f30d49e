"""The one way in which a profile changes: what is written is staged, then counts all at once."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.codes import blank_codes
from pidiff_cli.profile.forgotten import FORGOTTEN, IDENTITY, without_photos
from pidiff_cli.profile.holding import hold
from pidiff_cli.profile.journal import CHANGE, NEW, STAGED, Journal, apply, begin, seen
from pidiff_cli.profile.locked import check_unlocked
from pidiff_cli.profile.locks import ASIDE, key_of
from pidiff_cli.profile.manifest import MANIFEST, Manifest, read_manifest
from pidiff_cli.profile.names import arriving, folder_of

_open = threading.local()  # `changes`: real folder → the change that this thread has begun


class Change:
    """A change under way: its own process reads what it has staged, nobody else does."""

    def __init__(self, folder: Path) -> None:
        if os.path.lexists(folder / CHANGE):
            _go_on(folder)
        self.folder = folder
        self.stage = folder / f"{STAGED}{secrets.token_hex(4)}"
        self.manifest = read_whole_manifest(folder)
        self._changed = False
        self._writes: set[str] = set()
        self._removes: set[str] = set()
        if os.path.lexists(folder / FORGOTTEN):
            self._write_down_forgetting()

    def path(self, relative: str) -> Path:
        """Where a file or folder is, as it will be."""
        staged = self.stage / NEW / relative
        if os.path.lexists(staged):
            return staged
        if any(relative == gone or relative.startswith(f"{gone}/") for gone in self._removes):
            return staged
        return self.folder / relative

    def write(self, relative: str, content: bytes | Callable[[Path], object]) -> None:
        """Stage one file. Raises InputError: the disk refuses, or a link is in the way."""
        place = self._place(relative)
        try:
            place.unlink(missing_ok=True)
            files.fill_file(place, content)
        except OSError as error:
            raise files.explain(error, self.folder / relative) from error
        self._writes.add(relative)
        self._note({relative: sha256(place)}, gone=relative)

    def write_folder(self, relative: str, fill: Callable[[Path], None]) -> None:
        """Stage a folder in the place of the one that is there."""
        self.remove(relative)
        place = self._place(relative)
        try:
            place.mkdir(mode=0o700)
            with files.private_writing():
                fill(place)
            files.sync_tree(place)
        except OSError as error:
            raise files.explain(error, self.folder / relative) from error
        self._writes.add(relative)
        inside = sorted(p for p in place.rglob("*") if p.is_file())
        self._note({p.relative_to(self.stage / NEW).as_posix(): sha256(p) for p in inside})

    def remove(self, relative: str) -> None:
        """Stage that a file or folder goes, and its entries in the manifest."""
        with suppress(OSError):  # what stays there of the stage does not count
            files.remove_tree(self.stage / NEW / relative)
        under = f"{relative}/"
        self._writes = {w for w in self._writes if w != relative and not w.startswith(under)}
        self._removes.add(relative)
        self._note({}, gone=relative)

    def update(self, **changes: Any) -> Manifest:
        """Change manifest fields."""
        self.manifest = replace(self.manifest, **changes)
        self._changed = True
        return self.manifest

    def take_over(self, made: Path) -> None:
        """Put another whole profile, a folder beside this one, in the place of everything."""
        inside = sorted(p.name for p in self.folder.iterdir() if not p.name.startswith("."))
        self._removes = {name for name in inside if name != MANIFEST}
        self.stage.mkdir(mode=0o700)
        os.rename(made, self.stage / NEW)
        self._writes = {p.name for p in (self.stage / NEW).iterdir() if p.name != MANIFEST}
        self.manifest, self._changed = read_manifest(self.stage / NEW / MANIFEST), True

    def commit(self, name: str = "", into: Callable[[], Path] | None = None) -> None:
        """Let all of it count.

        Args:
            name: of the folder in which it does. into: moves the folder there; returns it.

        Raises:
            InputError: the disk refuses; nothing has changed.
        """
        removes = [r for r in sorted(self._removes) if os.path.lexists(self.folder / r)]
        if not (self._writes or removes or name):
            if self._changed:
                files.write_file(self.folder / MANIFEST, self.manifest.to_bytes())
                self._drop_mark()
            return
        try:
            files.make_folder(self.stage / NEW)
            (self.stage / NEW / MANIFEST).unlink(missing_ok=True)
            files.fill_file(self.stage / NEW / MANIFEST, self.manifest.to_bytes())
            journal = Journal(tuple(sorted(self._writes)), _topmost(removes), name)
            begin(self.folder, self.stage, journal)
        except OSError as error:
            raise files.explain(error, self.folder) from error
        if into is not None:
            try:
                self.folder = into()
            except OSError as error:
                with suppress(OSError):
                    files.remove_tree(self.folder / CHANGE)
                raise files.explain(error, self.folder) from error
        with suppress(OSError):  # it counts; what could not be moved now the next writer moves
            apply(self.folder)
        self._drop_mark()

    def _drop_mark(self) -> None:
        with suppress(OSError):
            (self.folder / FORGOTTEN).rmdir()

    def _write_down_forgetting(self) -> None:
        """With this change the manifest says what a disk without room did not take."""
        path, files_ = self.folder / IDENTITY, dict(self.manifest.files)
        if IDENTITY in files_:
            with suppress(OSError):
                blank_codes(path)
                files_[IDENTITY] = sha256(path)
        self.update(files=files_, pending=())

    def drop(self) -> None:
        """Nothing of it happens, unless it counts already."""
        with suppress(OSError):
            files.remove_tree(self.stage)

    def _place(self, relative: str) -> Path:
        """Where a file is staged; refuses what lies behind a link, and leaves room for it."""
        behind = self.folder
        for part in Path(relative).parts[:-1]:
            behind = behind / part
            own = behind.relative_to(self.folder).as_posix() not in self._removes
            if behind.is_symlink() and own:
                raise InputError(
                    f"{behind} is a link: nothing is written through it.",
                    "Put the folder that it leads to in its place.",
                )
        place = self.stage / NEW / relative
        try:
            files.make_folder(place.parent)
        except OSError as error:
            raise files.explain(error, self.folder / relative) from error
        if (self.folder / relative).is_dir() and not (self.folder / relative).is_symlink():
            self._removes.add(relative)
        return place

    def _note(self, digests: dict[str, str], gone: str = "") -> None:
        """Take new files' sha256 into the manifest, and out what is no more."""
        kept = {
            key: value
            for key, value in self.manifest.files.items()
            if not gone or (key != gone and not key.startswith(f"{gone}/"))
        }
        new = {*digests, gone, f"{gone}/"}
        pending = tuple(p for p in self.manifest.pending if p not in new)
        self.update(files={**kept, **digests}, pending=pending)


@contextmanager
def changing(folder: Path) -> Iterator[Change]:
    """Change a profile whole or not at all; inside another change of it, as a part of that.

    Raises:
        InputError: another process holds it, it is not there, or the disk refuses.
    """
    changes = _changes()
    key = os.path.realpath(folder)
    if key in changes:
        yield changes[key]
        return
    with hold(folder):
        change = changes[key] = Change(folder)
        try:
            yield change
            change.commit()
        finally:
            del changes[key]
            change.drop()


def write_down_forgetting(folder: Path) -> None:
    """Let the manifest say what is forgotten, where a disk without room did not take it: whoever
    takes the files elsewhere leaves the mark of it behind. Raises InputError as `changing`."""
    if os.path.lexists(folder / FORGOTTEN):
        with changing(folder):
            pass


def change_of(folder: Path) -> Change | None:
    """The change of a profile that this thread has begun, which it reads through."""
    changes = _changes()
    return changes.get(os.path.realpath(folder)) if changes else None


@contextmanager
def making(folder: Path, replaces: bool = False) -> Iterator[Path]:
    """Make a profile aside, in the folder that the body gets, and put it in its place as one step.

    The profile's lock is held all the while, and an old one stays until the new one is whole.

    Args:
        replaces: whether a profile that is there by then is replaced; else it stays.

    Raises:
        InputError: it is there already, another process holds it, or the disk refuses.
    """
    with hold(folder):
        aside = folder.with_name(f"{ASIDE}{key_of(folder.name)}-{secrets.token_hex(4)}")
        try:
            check_free(folder, replaces)
            files.make_folder(folder.parent)
            with arriving(aside):
                aside.mkdir(mode=0o700)
            yield aside
            files.sync_tree(aside)
            check_free(folder, replaces)
            _settle(aside, folder)
        except OSError as error:
            raise files.explain(error, folder) from error
        finally:
            with suppress(OSError):
                files.remove_tree(aside)
                folder.parent.rmdir()  # where nobody is in it


def _settle(made: Path, folder: Path) -> None:
    if (folder / MANIFEST).is_file():
        with changing(folder) as change:
            change.take_over(made)
        return
    with arriving(folder, folder.name):
        os.rename(made, folder)
    files.sync_folder(folder.parent)


def check_free(folder: Path, replaces: bool = False) -> None:
    """Raise InputError where a folder is in the place of a new profile, in whatever spelling."""
    if (there := folder_of(folder.parent, folder.name)) != folder:
        raise _is_there(there)
    if not os.path.lexists(folder) or (replaces and (folder / MANIFEST).is_file()):
        return
    check_unlocked(folder)
    if (folder / MANIFEST).is_file():
        raise _is_there(folder)
    if folder.is_symlink() or not folder.is_dir() or any(folder.iterdir()):
        raise InputError(
            f"{folder} is there already and is no profile.", "Move it away, or take another name."
        )


def _is_there(folder: Path) -> InputError:
    return InputError(
        f"A profile named {folder.name} is there already.",
        f"Go on with it: pidiff tune {folder.name}. Replace it: --force",
    )


def read_whole_manifest(folder: Path) -> Manifest:
    """A profile's manifest, also while a change is moved to its place. Raises InputError."""
    forgotten = os.path.lexists(folder / FORGOTTEN)
    manifest = _read_seen(folder)
    return without_photos(manifest) if forgotten else manifest


def _read_seen(folder: Path) -> Manifest:
    for _ in range(3):
        path = seen(folder, MANIFEST)
        try:
            return read_manifest(path)
        except InputError:
            if path.exists():
                break
    check_unlocked(folder)
    return read_manifest(seen(folder, MANIFEST))


def _go_on(folder: Path) -> None:
    """Apply a change that counts before the next one begins."""
    try:
        apply(folder)
    except OSError as error:
        raise files.explain(error, folder) from error


def sha256(path: Path) -> str:
    """The hex digest of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _changes() -> dict[str, Change]:
    if not hasattr(_open, "changes"):
        _open.changes = {}
    return _open.changes


def _topmost(relatives: list[str]) -> tuple[str, ...]:
    return tuple(r for r in relatives if not any(r.startswith(f"{other}/") for other in relatives))
