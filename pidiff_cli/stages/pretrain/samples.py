"""Where training pictures come from: a folder of picture files, of tar shards, or of both.

A shard is a webdataset's: an uncompressed tar whose members of one name up to the first dot are a
sample (``0001.jpg``, ``0001.txt``). Its headers are read once; then every sample is a place in a
file, so that each process reads its own pictures and nobody else's. Nothing is unpacked.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import PICTURES

CAPTION = "a photo of a person"
SHARD, TEXT = ".tar", ".txt"
LETTERS = 1000  # of a caption, at most
MOST = 512 * 2**20  # bytes of a picture in a shard; larger ones are left out


@dataclass(frozen=True)
class Sample:
    """A picture and its caption.

    Attributes:
        file: the picture, or the shard that it lies in.
        name: its path below the data folder; in a shard the member's after the shard's.
        length: bytes. start: of it in the shard; None is a file of its own.
        changed: when the file was, in ns.
    """

    file: Path
    name: str
    length: int
    changed: int
    caption: str
    start: int | None = None

    def key(self, settings: str) -> str:
        """24 hex digits that are another's when the picture or the settings are.

        The caption is not in them, and neither is where the data folder lies: other machines may
        have it elsewhere.
        """
        told = f"{self.name} {self.start} {self.length} {self.changed} {settings}"
        return hashlib.sha256(told.encode()).hexdigest()[:24]

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """A file with the picture alone, as long as it takes."""
        if self.start is None:
            yield self.file
            return
        with self.file.open("rb") as shard, tempfile.NamedTemporaryFile() as own:
            shard.seek(self.start)
            own.write(shard.read(self.length))
            own.flush()
            yield Path(own.name)


def find_samples(data: Path) -> list[Sample]:
    """Every picture of a folder, its shards' among them, by name; every process finds the same.

    Raises:
        InputError: a shard that is no uncompressed tar.
    """
    found: list[Sample] = []
    for file in sorted(p for p in data.rglob("*") if p.is_file()):
        name = file.relative_to(data).as_posix()
        if file.suffix.lower() == SHARD:
            found += _in_shard(file, name)
        elif file.suffix.lower() in PICTURES:
            stat = file.stat()
            caption = _beside(file.with_suffix(TEXT))
            found.append(Sample(file, name, stat.st_size, stat.st_mtime_ns, caption))
    return found


def _in_shard(file: Path, name: str) -> list[Sample]:
    changed = file.stat().st_mtime_ns
    pictures: dict[str, tarfile.TarInfo] = {}
    captions: dict[str, str] = {}
    try:
        with tarfile.open(file, "r:") as shard, file.open("rb") as content:
            for member in shard:
                if not member.isreg() or member.issparse() or member.size > MOST:
                    continue
                stem, suffix = _split(member.name)
                if suffix in PICTURES:
                    pictures.setdefault(stem, member)
                elif suffix == TEXT:
                    content.seek(member.offset_data)
                    captions[stem] = _cleaned(content.read(min(member.size, 4 * LETTERS)))
    except (tarfile.TarError, OSError, ValueError) as error:
        raise InputError(
            f"{file} is no uncompressed tar that can be read.",
            "Pack its pictures and captions again: tar --format=ustar -cf FILE FOLDER",
        ) from error
    return [
        Sample(
            file, f"{name}/{m.name}", m.size, changed, captions.get(stem) or CAPTION, m.offset_data
        )
        for stem, m in pictures.items()
    ]  # fmt: skip


def _split(name: str) -> tuple[str, str]:
    """A member's sample and its suffix: what is before the first dot of its name, and the last."""
    folder, _, last = name.rpartition("/")
    return f"{folder}/{last.split('.')[0]}", Path(last).suffix.lower()


def _beside(file: Path) -> str:
    try:
        with file.open("rb") as text:
            return _cleaned(text.read(4 * LETTERS)) or CAPTION
    except OSError:
        return CAPTION


def _cleaned(text: bytes) -> str:
    """One line of a caption; "" where it is no UTF-8 (but for a letter that was cut)."""
    try:
        told = text.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return ""
        told = text[: error.start].decode("utf-8")
    return re.sub(r"\s+", " ", told).strip()[:LETTERS]
