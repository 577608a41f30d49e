"""A profile file read, every byte of it checked."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pidiff_cli.errors import InputError
from pidiff_cli.files import make_folder
from pidiff_cli.profile.archive.format import NOT_OURS
from pidiff_cli.profile.archive.limits import CHUNK
from pidiff_cli.profile.archive.listing import listing
from pidiff_cli.profile.archive.opened import opened
from pidiff_cli.profile.contents import PIXELS, check_content, check_folder
from pidiff_cli.profile.manifest import (
    MANIFEST,
    Manifest,
    check_name,
    manifest_of,
    read_manifest,
)
from pidiff_cli.profile.portable import portable


def peek(path: Path) -> Manifest:
    """The manifest in an exported file, once its listing and the manifest itself are sound;
    nothing is written anywhere.

    Raises:
        InputError: as `unpack`.
    """
    with opened(path) as archive:
        entries, _ = listing(archive)
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
    with opened(path) as archive:
        entries, index = listing(archive)
        for entry in entries.values():
            wanted = index[entry.filename]
            target = folder / entry.filename
            if _extract(archive, entry, target) != wanted:
                raise InputError(f"{path.name} does not verify: {entry.filename} has changed.")
            pixels += check_content(target, entry.filename)
            if pixels > PIXELS:
                raise InputError(f"{path.name} is refused: its pictures are too large.", NOT_OURS)
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


def _photo_files(manifest: Manifest) -> set[str]:
    named = [(p.face, p.mask, p.picture, p.picture_mask) for p in manifest.photos]
    return {name for names in named for name in names if name}


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> str:
    """Write one entry to `target`; returns its sha256."""
    make_folder(target.parent)
    with target.open("xb") as out:
        return _copy(archive, entry, out)


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, out: BinaryIO) -> str:
    """Write one entry, no more than it declared; returns its sha256."""
    digest, left = hashlib.sha256(), entry.file_size
    with archive.open(entry) as source:
        while chunk := source.read(min(CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise InputError(f"{entry.filename} is larger than it says.", NOT_OURS)
            digest.update(chunk)
            out.write(chunk)
    if left:
        raise InputError(f"{entry.filename} is shorter than it says.", NOT_OURS)
    return digest.hexdigest()
