"""The pictures of one folder, each by an id; nothing else of the disk can be asked for."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError
from pidiff_cli.profile import list_profiles
from pidiff_cli.profile.locked import hash_of_id, locked_ids
from pidiff_cli.stages.gallery.told import told_record

SIDE = 320  # px of a small copy


class Pictures:
    """The PNG files of a folder, with what their records tell.

    Attributes:
        alike: likenesses that were measured while this server ran, by id.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self._home = folder, home
        self.alike: dict[str, float | None] = {}

    @staticmethod
    def key(path: Path) -> str:
        """The id of a file."""
        return hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:20]

    def find(self, key: str) -> Path:
        """The file of an id. Raises InputError: there is none."""
        for path in self._files():
            if self.key(path) == key:
                return path
        raise InputError("That picture is not in the folder any more.")

    def told(self, path: Path, people: dict[str, str] | None = None) -> dict[str, Any]:
        """One picture as the page reads it. ``people``: names by their profiles' ids."""
        people = self.names() if people is None else people
        stat, key = path.stat(), self.key(path)
        record = _record(path, stat.st_mtime_ns)
        return {
            "id": key, "file": path.name, "date": round(stat.st_mtime), "kind": record.kind,
            "prompt": record.prompt, "full": record.full, "seed": record.seed,
            "who": people.get(record.profile, record.name), "settings": record.settings,
            "more": record.more, "likeness": self.alike.get(key), "version": stat.st_mtime_ns,
        }  # fmt: skip

    def newest(self, most: int) -> list[dict[str, Any]]:
        """The newest pictures first."""
        dated = []
        for path in self._files():
            try:
                dated.append((path.stat().st_mtime_ns, path))
            except OSError:
                continue  # it has just gone
        people = self.names()
        return [self.told(path, people) for _, path in sorted(dated, reverse=True)[:most]]

    def names(self) -> dict[str, str]:
        """Names of people by their profiles' ids; none of who is locked, not a copy's either."""
        found, locked = {}, {*locked_ids(self._home)}
        for profile in list_profiles(self._home):
            try:
                if hash_of_id(profile.manifest.id) not in locked:
                    found[profile.manifest.id] = profile.name
            except InputError:
                continue
        return found

    def delete(self, key: str) -> None:
        """Remove a picture. Raises InputError: it is not there."""
        self.find(key).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        try:
            inside = list(self.folder.iterdir())
        except OSError:
            return []
        return [p for p in inside if p.suffix == ".png" and not p.name.startswith(".")
                and p.is_file() and not p.is_symlink()]  # fmt: skip


@lru_cache(maxsize=2000)
def _record(path: Path, changed: int) -> Any:
    return told_record(path)


@lru_cache(maxsize=400)
def small_copy(path: Path, changed: int, side: int = SIDE) -> bytes:
    """A picture as a WebP whose longer side is at most ``side`` px; ``changed``: when the file was
    written last, so that another one in its place is read anew."""
    from PIL import Image

    with Image.open(path) as opened:
        small = opened.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=82)
    return buffer.getvalue()
