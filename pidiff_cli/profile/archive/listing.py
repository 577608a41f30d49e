"""Which entries a profile file has, all of them sound, before one is unpacked."""

from __future__ import annotations

import stat
import unicodedata
import zipfile
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.profile.archive import limits
from pidiff_cli.profile.archive.format import INDEX, NOT_OURS, PARTS, PICKLES
from pidiff_cli.profile.archive.index import read_index
from pidiff_cli.profile.contents import LOG, PICTURE
from pidiff_cli.profile.manifest import MANIFEST, path_fault

_MOST = {".json": limits.MAX_JSON, ".jsonl": LOG, ".png": PICTURE}


def listing(archive: zipfile.ZipFile) -> tuple[dict[str, zipfile.ZipInfo], dict[str, str]]:
    """The entries by name, `profile.json` first, and the sha256 of each; nothing is unpacked yet.

    Raises:
        InputError: names, kinds, sizes, or an index that does not list just these.
    """
    file, infos = Path(str(archive.filename)), archive.infolist()
    _check_sizes(file, infos)
    _check_entries(file, infos)
    entries = {info.filename: info for info in infos}
    if INDEX not in entries or MANIFEST not in entries:
        raise InputError(
            f"{file.name} is no profile file: {INDEX} or {MANIFEST} is missing.",
            "Profile files are written by: pidiff profile export NAME",
        )
    index = read_index(archive, entries.pop(INDEX), file.name)
    if index.keys() != entries.keys():
        odd = sorted(index.keys() ^ entries.keys())[0]
        raise InputError(f"{file.name} does not verify: {odd} is listed or there, not both.")
    first = {MANIFEST: entries.pop(MANIFEST)}
    return {**first, **entries}, index


def _check_sizes(file: Path, infos: list[zipfile.ZipInfo]) -> None:
    """Raise InputError where a file holds, or unpacks to, more than a profile's does."""
    count, size = len(infos), sum(info.file_size for info in infos)
    if count > limits.MAX_FILES or size > limits.MAX_BYTES:
        raise InputError(f"{file.name} is too large: {count} files are in it.", NOT_OURS)
    packed = sum(info.file_size for info in infos if info.file_size > info.compress_size)
    if packed > limits.PACKED or sum(info.compress_size for info in infos) > file.stat().st_size:
        raise InputError(f"{file.name} is refused: it unpacks to far more than it holds.", NOT_OURS)


def _check_entries(file: Path, infos: list[zipfile.ZipInfo]) -> None:
    """Raise InputError for an entry that is no part of a profile, or there twice."""
    seen: dict[str, str] = {}
    for info in infos:
        fault = path_fault(info.orig_filename) or _entry_fault(info)
        folded = unicodedata.normalize("NFC", info.orig_filename).casefold()
        if not fault and folded in seen:
            fault = f"would be the same file as {seen[folded]} on some systems"
        if fault:
            raise InputError(f"{file.name} is refused: {info.orig_filename!r} {fault}.", NOT_OURS)
        seen[folded] = info.orig_filename


def _entry_fault(info: zipfile.ZipInfo) -> str:
    """Why an entry is no part of a profile, as the end of a sentence; "" where it is."""
    mode = info.external_attr >> 16
    name = info.orig_filename
    if stat.S_ISLNK(mode):
        return "is a link"
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return "is no plain file"
    if name.lower().endswith(PICKLES):
        return "is a pickle or the like, which can hold a program"
    if name != INDEX and not PARTS.fullmatch(name):
        return "is no part of a profile"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in a way that is not used here"
    most = _MOST.get(Path(name).suffix, limits.MAX_FILE)
    if info.file_size > most:
        return f"is too large ({info.file_size / 1e6:.0f} MB)"
    smallest = max(info.compress_size, 1)
    if info.file_size > limits.CHUNK and info.file_size > limits.MAX_RATIO * smallest:
        return "unpacks to far more than it holds"
    return ""
