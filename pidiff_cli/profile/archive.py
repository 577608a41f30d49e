"""A profile as one file: a zip whose bytes depend on the profile alone, and its careful reading.

The file holds `export.json` (format, version, size and sha256 of every other entry), `profile.json`
and what the profile is made of. Nothing of it is trusted when it is read.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from pidiff_cli.errors import InputError
from pidiff_cli.files import make_folder
from pidiff_cli.profile import Profile
from pidiff_cli.profile.codes import Identity, encode_identity
from pidiff_cli.profile.contents import LOG, PICTURE, PIXELS, check_content, check_folder
from pidiff_cli.profile.forgotten import IDENTITY
from pidiff_cli.profile.manifest import (
    MANIFEST,
    Manifest,
    check_name,
    manifest_of,
    path_fault,
    read_manifest,
)
from pidiff_cli.profile.parts import PHOTO_SHEET
from pidiff_cli.profile.portable import leaving_home, portable
from pidiff_cli.profile.schema import Sha256
from pidiff_cli.reading.bytes_of import Refused, read_bytes
from pidiff_cli.reading.text import fitted, parse_json
from pidiff_cli.values import shown

SUFFIX = ".pidiff"
INDEX, FORMAT, VERSION = "export.json", "pidiff profile", 1
PARTS = re.compile(
    r"profile\.json|identity\.safetensors|(adapter|lora)/adapter_(config\.json|model\.safetensors)"
    r"|photos/[\w-]+\.png|reports/[\w-]+\.(png|json|jsonl)",
    re.ASCII,
)
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".npy", ".npz")
MAX_FILES, MAX_BYTES, MAX_FILE, MAX_JSON = 4000, 2 << 30, 512 << 20, 4 << 20
_MOST = {".json": MAX_JSON, ".jsonl": LOG, ".png": PICTURE}
PACKED = 256 << 20  # bytes that compressed entries may unpack to in all; stored ones cost a disk
MAX_RATIO = 100  # of a compressed entry above a megabyte; the program itself stores uncompressed
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20
_TAIL, _ZIP64 = 66_000, b"PK\x06\x07"  # where the directory's place stands; of larger files


def write_archive(profile: Profile, target: Path, photos: bool) -> None:
    """Write a profile as one file.

    Without photos it is what `Profile.forget` would leave: no photo, no report, the mean code.
    HTML reports, the sheet of all photos, checkpoints and caches never go along, and no name that
    a photo's file had.

    Args:
        target: the file to write; the caller puts it in its place.

    Raises:
        InputError: a file of the profile is missing or not as it was written.
    """
    manifest, pieces = profile.manifest, {}
    names = sorted(name for name in manifest.files if PARTS.fullmatch(name))
    names = [name for name in names if name != PHOTO_SHEET]  # file names, others' faces
    if not photos:
        names = [name for name in names if not name.startswith(("photos/", "reports/"))]
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            data = _read_whole(profile, name, manifest)
            if name == IDENTITY and not photos:
                mean = profile.load_identity().mean
                one = mean[:1, 0] * 0 + 1  # (1,) float32: its whole weight
                data = encode_identity(Identity(mean[None], one, mean))
            pieces[name] = _entry(archive, name, data)
        files = {name: piece["sha256"] for name, piece in pieces.items()}
        told = leaving_home(manifest, photos, files)
        pieces[MANIFEST] = _entry(archive, MANIFEST, told.to_bytes())
        index = {"format": FORMAT, "version": VERSION, "photos": photos, "files": pieces}
        _entry(archive, INDEX, (json.dumps(index, indent=1, sort_keys=True) + "\n").encode())


def peek(path: Path) -> Manifest:
    """The manifest in an exported file, once its listing and the manifest itself are sound;
    nothing is written anywhere.

    Raises:
        InputError: as `unpack`.
    """
    with _opened(path) as archive:
        entries, _ = _listing(archive)
        _copy(archive, entries[MANIFEST], content := io.BytesIO())
        return manifest_of(content.getvalue(), path / MANIFEST)


def unpack(path: Path, folder: Path, name: str = "") -> Manifest:
    """Write a profile file's content into the empty `folder`, every byte of it checked.

    Args:
        name: what the profile is called from now on; its own name when empty.

    Raises:
        InputError: an entry leaves its folder, is no part of a profile, is too large, cannot
            be read, or is not what `export.json` and `profile.json` say; a newer schema.
    """
    pixels = 0
    with _opened(path) as archive:
        entries, index = _listing(archive)
        for entry in entries.values():
            wanted = index[entry.filename]
            target = folder / entry.filename
            if _extract(archive, entry, target) != wanted:
                raise InputError(f"{path.name} does not verify: {entry.filename} has changed.")
            pixels += check_content(target, entry.filename)
            if pixels > PIXELS:
                raise InputError(f"{path.name} is refused: its pictures are too large.", _NOT_OURS)
        check_folder(folder, set(entries))
        manifest = read_manifest(folder / MANIFEST)
    listed = {name: digest for name, digest in index.items() if name != MANIFEST}
    if manifest.files != listed or not _photo_files(manifest) <= listed.keys():
        raise InputError(f"{path.name} does not verify: profile.json lists other files.")
    if name:
        check_name(name)
    manifest = portable(replace(manifest, name=name or manifest.name), manifest.files)
    (folder / MANIFEST).write_bytes(manifest.to_bytes())
    return manifest


def _read_whole(profile: Profile, name: str, manifest: Manifest) -> bytes:
    path = profile.stored(name)
    if not path.is_file():
        raise InputError(f"{name} of {profile.name} is missing.", _look(profile))
    data = read_bytes(path, MAX_FILE)
    pending = any(name == p or (p.endswith("/") and name.startswith(p)) for p in manifest.pending)
    if not pending and hashlib.sha256(data).hexdigest() != manifest.files[name]:
        raise InputError(f"{name} of {profile.name} is not as it was written.", _look(profile))
    return data


def _look(profile: Profile) -> str:
    return f"See all that changed: pidiff profile verify {profile.name}"


def _entry(archive: zipfile.ZipFile, name: str, data: bytes) -> dict[str, Any]:
    """Store one entry, the same bytes on every day and system; its line of the index."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o600) << 16
    archive.writestr(info, data)
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _photo_files(manifest: Manifest) -> set[str]:
    named = [(p.face, p.mask, p.picture, p.picture_mask) for p in manifest.photos]
    return {name for names in named for name in names if name}


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file; everything that can be wrong with one becomes a sentence."""
    if not path.is_file():
        raise InputError(f"{path} is not there." if not path.exists() else f"{path} is no file.")
    broken = InputError(
        f"{path.name} is damaged or cut off.", "Copy it again, or export the profile anew."
    )
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path.name} is no profile file, or it is cut off.",
            "Profile files are written by: pidiff profile export NAME",
        )
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
        OverflowError, OSError,
    ) as error:  # fmt: skip
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a place before the start
            raise
        raise broken from error


def _check_directory(path: Path) -> None:
    """Raise InputError where a zip's directory is longer than that of a profile: Python reads the
    whole of it at once."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return  # zipfile says so
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    if count > MAX_FILES or length > MAX_FILES * 400 or tail[max(0, at - 20) :][:4] == _ZIP64:
        raise InputError(f"{path.name} is too large: {count} files or more are in it.", _NOT_OURS)


def _listing(archive: zipfile.ZipFile) -> tuple[dict[str, zipfile.ZipInfo], dict[str, str]]:
    """The entries by name, `profile.json` first, and the sha256 of each; nothing is unpacked yet.

    Raises:
        InputError: names, kinds, sizes, or an index that does not list just these.
    """
    file = Path(str(archive.filename)).name
    infos = archive.infolist()
    if len(infos) > MAX_FILES or sum(info.file_size for info in infos) > MAX_BYTES:
        raise InputError(f"{file} is too large: {len(infos)} files are in it.", _NOT_OURS)
    packed = [info.file_size for info in infos if info.file_size > info.compress_size]
    held = Path(str(archive.filename)).stat().st_size
    if sum(packed) > PACKED or sum(info.compress_size for info in infos) > held:
        raise InputError(f"{file} is refused: it unpacks to far more than it holds.", _NOT_OURS)
    seen: dict[str, str] = {}
    for info in infos:
        fault = path_fault(info.orig_filename) or _entry_fault(info)
        folded = unicodedata.normalize("NFC", info.orig_filename).casefold()
        if not fault and folded in seen:
            fault = f"would be the same file as {seen[folded]} on some systems"
        if fault:
            raise InputError(f"{file} is refused: {info.orig_filename!r} {fault}.", _NOT_OURS)
        seen[folded] = info.orig_filename
    entries = {info.filename: info for info in infos}
    if INDEX not in entries or MANIFEST not in entries:
        raise InputError(
            f"{file} is no profile file: {INDEX} or {MANIFEST} is missing.",
            "Profile files are written by: pidiff profile export NAME",
        )
    index = _read_index(archive, entries.pop(INDEX), file)
    if index.keys() != entries.keys():
        odd = sorted(index.keys() ^ entries.keys())[0]
        raise InputError(f"{file} does not verify: {odd} is listed or there, not both.")
    first = {MANIFEST: entries.pop(MANIFEST)}
    return {**first, **entries}, index


_NOT_OURS = "A file that pidiff profile export wrote is never like that: do not trust it."


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
    most = _MOST.get(Path(name).suffix, MAX_FILE)
    if info.file_size > most:
        return f"is too large ({info.file_size / 1e6:.0f} MB)"
    if info.file_size > _CHUNK and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return "unpacks to far more than it holds"
    return ""


class _Piece(Struct, forbid_unknown_fields=True):
    sha256: Sha256
    bytes: int


class _Index(Struct, forbid_unknown_fields=True):
    """`export.json` of version 1."""

    format: str
    version: int
    files: dict[str, _Piece]
    photos: bool = True


class _Declared(Struct):
    """What every version has."""

    format: str
    version: int


def _read_index(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: str) -> dict[str, str]:
    """Name → sha256 of every other entry."""
    try:
        data = parse_json(archive.read(entry), dict[str, Any], INDEX)
        told = fitted(data, _Declared, INDEX)
        if told.format != FORMAT:
            raise Refused(INDEX, "another format")
        if told.version <= VERSION:
            return {name: one.sha256 for name, one in fitted(data, _Index, INDEX).files.items()}
    except Refused as error:
        raise InputError(f"{file} is no profile file: {INDEX} cannot be read.") from error
    raise InputError(
        f"{file} was written by a newer pidiff (version {shown(told.version)}; this one knows "
        f"{VERSION}).",
        "Update it: pip install -U pidiff-cli",
    )


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> str:
    """Write one entry to `target`; returns its sha256."""
    make_folder(target.parent)
    with target.open("xb") as out:
        return _copy(archive, entry, out)


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, out: BinaryIO) -> str:
    """Write one entry, no more than it declared; returns its sha256."""
    digest, left = hashlib.sha256(), entry.file_size
    with archive.open(entry) as source:
        while chunk := source.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise InputError(f"{entry.filename} is larger than it says.", _NOT_OURS)
            digest.update(chunk)
            out.write(chunk)
    if left:
        raise InputError(f"{entry.filename} is shorter than it says.", _NOT_OURS)
    return digest.hexdigest()
