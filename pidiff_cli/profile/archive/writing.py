"""A profile written as one file."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.profile.archive import limits
from pidiff_cli.profile.archive.format import FORMAT, INDEX, PARTS, VERSION
from pidiff_cli.profile.codes import Identity, encode_identity
from pidiff_cli.profile.forgotten import IDENTITY
from pidiff_cli.profile.manifest import MANIFEST, Manifest
from pidiff_cli.profile.parts import PHOTO_SHEET, STEPS
from pidiff_cli.profile.portable import leaving_home
from pidiff_cli.reading.bytes_of import read_bytes

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_archive(profile: Profile, target: Path, photos: bool, steps: bool = False) -> None:
    """Write a profile as one file.

    Without photos it is what `Profile.forget` would leave: no photo, no report, the mean code.
    HTML reports, the sheet of all photos, checkpoints and caches never go along, and no name that
    a photo's file had.

    Args:
        target: the file to write; the caller puts it in its place.
        steps: with the photos, the other kept steps of the tuning, too.

    Raises:
        InputError: a file of the profile is missing or not as it was written.
    """
    manifest, pieces = profile.manifest, {}
    names = sorted(name for name in manifest.files if PARTS.fullmatch(name))
    names = [name for name in names if name != PHOTO_SHEET]  # file names, others' faces
    if not (photos and steps):
        names = [name for name in names if not name.startswith(f"{STEPS}/")]
    if not photos:
        names = [name for name in names if not name.startswith(("photos/", "reports/"))]
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            data = _read_whole(profile, name, manifest)
            if name == IDENTITY and not photos:
                mean = profile.load_identity().mean
                one = mean[:1, 0] * 0 + 1  # (1,) float32: its whole weight
                data = encode_identity(Identity(mean[None], one, mean))
            pieces[name] = add_entry(archive, name, data)
        files = {name: piece["sha256"] for name, piece in pieces.items()}
        told = leaving_home(manifest, photos, files)
        pieces[MANIFEST] = add_entry(archive, MANIFEST, told.to_bytes())
        index = {"format": FORMAT, "version": VERSION, "photos": photos, "files": pieces}
        add_entry(archive, INDEX, (json.dumps(index, indent=1, sort_keys=True) + "\n").encode())


def _read_whole(profile: Profile, name: str, manifest: Manifest) -> bytes:
    path = profile.stored(name)
    if not path.is_file():
        raise InputError(f"{name} of {profile.name} is missing.", _look(profile))
    data = read_bytes(path, limits.MAX_FILE)
    pending = any(name == p or (p.endswith("/") and name.startswith(p)) for p in manifest.pending)
    if not pending and hashlib.sha256(data).hexdigest() != manifest.files[name]:
        raise InputError(f"{name} of {profile.name} is not as it was written.", _look(profile))
    return data


def _look(profile: Profile) -> str:
    return f"See all that changed: pidiff profile verify {profile.name}"


def add_entry(archive: zipfile.ZipFile, name: str, data: bytes) -> dict[str, Any]:
    """Store one entry, the same bytes on every day and system; its line of the index."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o600) << 16
    archive.writestr(info, data)
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
