"""Photos forgotten: by the journal, and where no byte can be written, by removing alone."""

from __future__ import annotations

import os
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.changing import changing
from pidiff_cli.profile.codes import Identity, blank_codes, encode_identity, read_identity
from pidiff_cli.profile.forgotten import (
    FORGOTTEN,
    IDENTITY,
    remove_what_goes,
    what_goes,
    without_photos,
)
from pidiff_cli.profile.journal import CHANGE, GONE
from pidiff_cli.profile.noted import drop_note


def forget(folder: Path) -> None:
    """Remove photos, their names and hashes, reports, checkpoints and per-photo codes, and what the
    home has noted of them; keep the mean and the tuned parts. The caller holds the profile's lock.

    Raises:
        InputError: something could not be removed; the same command goes on.
    """
    drop_note(folder)
    try:
        _in_one_step(folder)
    except InputError:
        _by_removing(folder)
    left = [p for p in folder.iterdir() if p.name.startswith((CHANGE, GONE))]
    if left := [*left, *what_goes(folder)]:
        raise InputError(
            f"Not all could be removed: {', '.join(p.name for p in left)}.",
            f"Free {folder} (who may write there?), then run the same again.",
        )


def _in_one_step(folder: Path) -> None:
    with changing(folder) as change:
        for item in what_goes(folder):
            change.remove(item.name)
        if (folder / IDENTITY).is_file():
            try:
                mean = read_identity(folder / IDENTITY, folder.name).mean
            except InputError:
                change.remove(IDENTITY)  # codes of photos perhaps, and nothing that could be drawn
            else:
                change.write(IDENTITY, encode_identity(_mean_alone(mean)))
        manifest = without_photos(change.manifest)
        change.update(photos=(), stages=manifest.stages, files=manifest.files, pending=())


def _mean_alone(mean: object) -> Identity:
    import numpy as np

    code = np.asarray(mean)
    return Identity(code[None], np.ones(1, np.float32), code)


def _by_removing(folder: Path) -> None:
    """From the rename on the photos count as forgotten; room for the rest may have come by it."""
    mark = folder / FORGOTTEN
    try:
        if not os.path.lexists(mark):
            there = [p for p in what_goes(folder) if p.is_dir() and not p.is_symlink()]
            first = sorted(there, key=lambda p: p.name != "photos")[:1]
            os.rename(first[0], mark) if first else mark.mkdir()
        remove_what_goes(folder)
        files.sync_folder(folder)
    except OSError as error:
        raise files.explain(error, folder) from error
    try:
        _in_one_step(folder)
    except InputError:
        _blank(folder / IDENTITY)


def _blank(path: Path) -> None:
    try:
        blank_codes(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"The photos are gone; their codes in {path.name} could not be overwritten ({reason}).",
            "Once the disk takes writes again, run the same again.",
        ) from error
