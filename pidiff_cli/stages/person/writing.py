"""Pictures as files: marked, and under names of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.config import GenerateConfig, StylemixConfig
from pidiff_cli.core.images import marked_png, read_record
from pidiff_cli.errors import InputError
from pidiff_cli.files import PUBLIC, write_file, write_new
from pidiff_cli.marks.marker import WITHOUT, Marker
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import Picture


def open_marker(config: GenerateConfig | StylemixConfig, progress: Progress) -> Marker | None:
    """What marks a command's pictures; what a person has to know of it is said in a line.

    Raises:
        InputError: the key, or the user's certificate, cannot be used.
    """
    marker = Marker.open(config.home, config.mark)
    if told := WITHOUT if marker is None else marker.doubt:
        progress.warn(told)
    return marker


def make_folder(out: Path) -> Path:
    """The folder for pictures, made if need be. Raises InputError when it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"Cannot make the folder {out}: {reason}.", "Choose another.") from error
    return out


def write_picture(
    out: Path,
    name: str,
    image: np.ndarray,
    record: dict[str, Any],
    alike: float | None,
    marker: Marker | None = None,
) -> Picture:
    """Write one PNG under a name of its own, `name` and the prompt in it, and mark it.

    The record names nobody: where the prompt has the person's name it holds the completed one.
    """
    prompt, seed = str(record["prompt"]), int(record["seed"])
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    if word.search(prompt) and not word.search(record["full_prompt"]):
        record = {**record, "prompt": record["full_prompt"]}
    path = write_new_png(out, f"{name}-{slug(prompt)}-{seed}", image, record, marker)
    return Picture(path, prompt, seed, alike)


def write_new_png(
    out: Path, stem: str, image: np.ndarray, record: dict[str, Any], marker: Marker | None = None
) -> Path:
    """Write `stem.png`, or `stem-2.png` and so on: what is there under a name, of another record,
    stays, also where somebody else writes into the folder now."""
    content, record = marked_png(image, record, marker)
    stem, number = _short(stem), 1
    while True:
        path = out / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
        try:
            write_new(path, content)
            return path
        except FileExistsError:
            if _same_record(path, record):
                write_file(path, content, PUBLIC)
                return path
        number += 1


def slug(text: str) -> str:
    """A file name's part of a prompt: letters, digits and single dashes, at most 40."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "picture"


def _short(stem: str) -> str:
    """A file's name as long as every disk takes it, with room for a number and the suffix."""
    return stem.encode()[:200].decode(errors="ignore")


def _same_record(path: Path, record: dict[str, Any]) -> bool:
    try:
        return read_record(path) == record
    except InputError:
        return False
