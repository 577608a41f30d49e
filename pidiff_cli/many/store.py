"""Where machines that share no folder keep people: anything that fsspec opens.

``photos/NAME/`` what is learnt from, ``people/NAME.tar`` a profile with its checkpoint, as far as
it is; ``models/``, where somebody has put it there, weights that the machines have not.
"""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
import stat
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import fill_file, make_folder
from pidiff_cli.profile import hold, making
from pidiff_cli.profile.mending import TEMPORARY

_MODELS = f"{TEMPORARY}models-"
_LONGEST = 3600.0  # seconds of an upload


class Store:
    """A place that all machines reach.

    Args:
        url: s3://bucket/people, gs://…, file:///mnt/people and what else fsspec knows.

    Raises:
        UsageError: no such kind of place, or the package that opens it is missing.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            import fsspec

            self._fs, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{url} cannot be opened: {error}",
                "Its fsspec package has to be installed, for s3:// s3fs, for gs:// gcsfs.",
            ) from error

    def check(self) -> None:
        """Raise InputError where it cannot be written to."""
        mark = self._at(f".tmp-{secrets.token_hex(4)}")
        try:
            self._fs.makedirs(self._root, exist_ok=True)
            self._fs.pipe_file(mark, b"")
            self._fs.rm_file(mark)
        except Exception as error:  # each kind of place has its own
            raise InputError(f"{self.url} cannot be written to: {error}", "Check it.") from error

    def put_photos(self, name: str, photos: list[Path]) -> None:
        """Bring a person's photos there, each under its own name, numbered."""
        for number, path in enumerate(photos):
            self._put(path, f"photos/{name}/{number:03d}-{path.name}")

    def get_photos(self, name: str, folder: Path) -> list[str]:
        """Bring a person's photos here; the files' paths in order."""
        make_folder(folder)
        found = []
        for source in sorted(self._fs.ls(self._at(f"photos/{name}"), detail=False)):
            target = folder / Path(source).name
            self._fs.get_file(source, str(target))
            found.append(str(target))
        return found

    def put_person(self, folder: Path) -> None:
        """Bring a profile there, its checkpoint with it: the old one stays until it is whole.

        A kill leaves the tar in the profile, where the next writer of the home sweeps it.
        """
        packed = folder / f"{TEMPORARY}{secrets.token_hex(4)}.tar"
        with hold(folder):
            try:
                fill_file(packed, lambda path: _pack(folder, path))
                self._put(packed, f"people/{folder.name}.tar")
            finally:
                packed.unlink(missing_ok=True)

    def get_person(self, name: str, folder: Path) -> bool:
        """Bring a profile here, in the place of one that is here; False where there is none."""
        source = self._at(f"people/{name}.tar")
        if not self._fs.exists(source):
            return False
        with (
            making(folder, replaces=True) as aside,
            self._fs.open(source, "rb") as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            archive.extractall(aside, filter="data")
        return True

    def get_models(self, home: Path) -> None:
        """Weights that lie there and not here, once a machine."""
        from filelock import FileLock

        source = self._at("models")
        if (home / "models").is_dir() or not self._fs.exists(source):
            return
        make_folder(home)
        with FileLock(home / "models.lock"):
            for left in home.glob(f"{_MODELS}*"):  # of one that was killed: the lock is ours
                shutil.rmtree(left, ignore_errors=True)
            if not (home / "models").is_dir():
                coming = home / f"{_MODELS}{secrets.token_hex(4)}"
                self._fs.get(source + "/", str(coming) + "/", recursive=True)
                os.replace(coming, home / "models")

    def _at(self, relative: str) -> str:
        return f"{self._root.rstrip('/')}/{relative}"

    def _put(self, path: Path, relative: str) -> None:
        """Upload in one step: stores of objects do so by themselves, folders by a rename."""
        target = self._at(relative)
        if not _is_local(self._fs):
            self._fs.put_file(str(path), target)
            return
        beside = f"{target}{TEMPORARY}{secrets.token_hex(4)}"
        self._fs.makedirs(str(Path(target).parent), exist_ok=True)
        _remove_left(Path(target))
        try:
            self._fs.put_file(str(path), beside)
            os.replace(beside, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)


def _remove_left(target: Path) -> None:
    """What those who were killed have left of this file's uploads; none takes so long."""
    for left in target.parent.glob(f"{glob.escape(target.name)}{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _LONGEST:
                left.unlink()


def _pack(folder: Path, path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.add(folder, ".", filter=_kept)


def local_home(url: str) -> Path:
    """Where this machine keeps what comes from a store, for its user alone."""
    import hashlib

    key = hashlib.sha256(url.encode()).hexdigest()[:12]
    user = os.getuid() if hasattr(os, "getuid") else "user"
    home = Path(tempfile.gettempdir()) / f"pidiff-many-{user}-{key}"
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o700)
    there = home.lstat()  # everybody may put a link there
    if not stat.S_ISDIR(there.st_mode) or (hasattr(os, "getuid") and there.st_uid != os.getuid()):
        raise InputError(f"{home} belongs to somebody else.", "Set TMPDIR to a folder of yours.")
    return home


def leave(home: Path, name: str) -> None:
    """Photos and profile of a person who is done go from this machine."""
    for folder in (home / "photos" / name, home / "profiles" / name):
        shutil.rmtree(folder, ignore_errors=True)


def _kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """What of a profile travels: no lock, nothing half-written; and nobody's user name."""
    if Path(entry.name).name.startswith("."):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _is_local(fs: Any) -> bool:
    return "file" in (fs.protocol if isinstance(fs.protocol, tuple) else (fs.protocol,))
