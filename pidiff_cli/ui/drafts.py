"""Photos on their way to a profile: uploaded into a private folder, looked at, then removed."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pidiff_cli import api
from pidiff_cli.errors import InputError
from pidiff_cli.files import PICTURES, make_folder, write_file

MOST_PHOTOS, MOST_BYTES = 60, 64 * 2**20  # of one draft; of one photo
MOST_DRAFTS = 4
FOLDER = Path("cache") / "uploads"
_LOOKING = threading.Lock()  # one look at a time: the networks use all cores


@dataclass
class Draft:
    """Photos that a person has dropped and not yet begun with.

    Attributes:
        files: the photos by id, in their order. out: ids of those left out by hand.
        faces: id → which face was chosen by hand.
    """

    folder: Path
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    files: dict[str, Path] = field(default_factory=dict)
    out: set[str] = field(default_factory=set)
    faces: dict[str, int] = field(default_factory=dict)
    seen: Any = None
    result: Any = None
    looks: dict[Path, Any] = field(default_factory=dict)

    def taken(self) -> list[Path]:
        """The photos that are not left out."""
        return [path for key, path in self.files.items() if key not in self.out]

    def by_hand(self) -> dict[Path, int]:
        """Faces chosen by hand, of photos that are not left out."""
        return {self.files[k]: n for k, n in self.faces.items() if k not in self.out}


class Drafts:
    """The drafts of one server, in one folder of the home that goes with it."""

    def __init__(self, home: Path) -> None:
        self._home, self._drafts = home, dict[str, Draft]()
        self._root = home / FOLDER / secrets.token_hex(8)
        _remove_left(home / FOLDER)

    def find(self, key: str) -> Draft:
        """Raises InputError: no such draft."""
        if key not in self._drafts:
            raise InputError("These photos are not here any more.", "Drop them again.")
        return self._drafts[key]

    def new(self) -> Draft:
        """An empty one; the oldest make way."""
        while len(self._drafts) >= MOST_DRAFTS:
            self.discard(self._drafts[next(iter(self._drafts))])
        draft = Draft(Path())
        draft.folder = self._root / draft.id
        make_folder(draft.folder)
        write_file(self._root / "pid", _process(os.getpid()).encode())
        self._drafts[draft.id] = draft
        return draft

    def add(self, draft: Draft, name: str, content: bytes) -> str:
        """Keep one photo, readable to its owner only; returns its id.

        Raises:
            InputError: too many, too large, empty, or by its name no picture.
        """
        name = _plain(name)
        if len(draft.files) >= MOST_PHOTOS:
            raise InputError(f"{MOST_PHOTOS} photos are the most.", "Eight good ones are enough.")
        if Path(name).suffix.lower() not in PICTURES:
            raise InputError(
                f"{name}: not a picture.", "Pictures are files like .jpg, .png, .heic."
            )
        if not content:
            raise InputError(f"{name}: the file is empty.")
        key, path = secrets.token_hex(6), _free(draft.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.files[key] = path
        return key

    def look(self, draft: Draft) -> dict[str, Any]:
        """Look at what is new, and tell of all photos."""
        from pidiff_cli.stages.prepare.photos import Seen

        with _LOOKING:
            draft.seen = draft.seen or Seen()
            draft.result = api.look(
                draft.taken(), draft.seen, faces=draft.by_hand(), home=self._home
            )
            draft.looks |= {one.path: one for one in draft.result.photos}
        return self.told(draft)

    def change(self, draft: Draft, key: str, asked: Mapping[str, Any]) -> None:
        """Choose another face of a photo ("face", its place; None: none by hand), or leave the
        photo out ("out"). Raises InputError: no such photo or face."""
        if key not in draft.files:
            raise InputError("There is no such photo.")
        if "out" in asked:
            (draft.out.add if asked["out"] is True else draft.out.discard)(key)
        if "face" not in asked:
            return
        face, one = asked["face"], draft.looks.get(draft.files[key])
        if face is None:
            draft.faces.pop(key, None)
        elif type(face) is int and one is not None and 0 <= face < len(one.boxes):
            draft.faces[key] = face
            draft.out.discard(key)
        else:
            raise InputError("There is no such face.")

    def told(self, draft: Draft) -> dict[str, Any]:
        """What the page reads of a draft."""
        rows = []
        for key, path in draft.files.items():
            one, out = draft.looks.get(path), key in draft.out
            row: dict[str, Any] = {"id": key, "file": path.name, "out": out, "kept": False}
            if one is not None:
                row |= {
                    "kept": one.kept, "why": one.why, "notes": one.notes, "boxes": one.boxes,
                    "chosen": one.chosen if one.kept or key in draft.faces else None,
                    "picture": one.picture is not None,
                    "quality": one.quality, "by_hand": key in draft.faces,
                }  # fmt: skip
            if out:
                row |= {"kept": False, "why": "left out by you", "chosen": None}
            rows.append(row)
        advice, problem = (draft.result.advice, draft.result.problem) if draft.result else ("", "")
        return {"id": draft.id, "photos": rows, "advice": advice, "problem": problem}

    def picture(self, draft: Draft, key: str) -> bytes:
        """The working copy of one photo as a JPEG. Raises InputError: none."""
        import io

        from PIL import Image

        one = draft.looks.get(draft.files.get(key, Path()))
        if one is None or one.picture is None:
            raise InputError("There is no such photo.")
        small = Image.fromarray(one.picture)
        small.thumbnail((640, 640))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=85)
        return buffer.getvalue()

    def take(self, draft: Draft) -> None:
        """A job has these photos now: no other may, and they do not make way for newer ones."""
        self._drafts.pop(draft.id, None)

    def give_back(self, draft: Draft) -> None:
        """The job could not use them as they are: they may be changed and tried again."""
        self._drafts[draft.id] = draft

    def discard(self, draft: Draft) -> None:
        """Remove the uploaded copies."""
        self._drafts.pop(draft.id, None)
        shutil.rmtree(draft.folder, ignore_errors=True)

    def close(self) -> None:
        """Remove all that is left."""
        self._drafts.clear()
        shutil.rmtree(self._root, ignore_errors=True)


def _plain(name: str) -> str:
    """The last part of a file's name, without signs that a disk or a page could stumble over."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, suffix = Path(kept or "photo").stem[:80], Path(kept).suffix[:10]
    return f"{stem}{suffix}"


def _free(folder: Path, name: str) -> Path:
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return path


def _remove_left(root: Path) -> None:
    """Photos of servers that were killed."""
    with contextlib.suppress(OSError):
        for folder in root.iterdir():
            if not _runs(folder / "pid"):
                shutil.rmtree(folder, ignore_errors=True)


def _runs(note: Path) -> bool:
    try:
        told = note.read_text(encoding="ascii")
        return bool(told) and told == _process(int(told.split()[0]))
    except (OSError, ValueError, IndexError):
        return False


def _process(number: int) -> str:
    """A process's number and start, since numbers come again; "" where it does not run."""
    import psutil

    try:
        return f"{number} {psutil.Process(number).create_time():.2f}"
    except psutil.Error:
        return ""
