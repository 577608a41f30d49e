"""Is a file of a profile what its name says? Nothing is decoded or run to find out."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from pidiff_cli.errors import InputError
from pidiff_cli.profile.codes import read_identity
from pidiff_cli.reading.bytes_of import MB, Refused
from pidiff_cli.reading.lora_config import (
    BYTES,
    CONFIG,
    VALUE,
    WEIGHTS,
    check_adapter,
    check_config,
)
from pidiff_cli.reading.pictures import check_png
from pidiff_cli.reading.tensors import check_values, read_header
from pidiff_cli.reading.text import SMALL, read_json, read_lines

SIDE = 4096  # px; a working copy has 2048 at most, a sheet of photos 3000
PICTURE = 64 * MB  # bytes of one, 4096 x 4096 of noise
LOG = 32 * MB  # of 100 000 steps
PIXELS = 1_500_000_000  # of all pictures: 300 photos' working copies, faces and masks


def check_content(path: Path, name: str) -> int:
    """Look at one unpacked file.

    Args:
        path: where it lies. name: its place in the profile.

    Returns:
        the pixels that it unpacks to, 0 of what is no picture.

    Raises:
        InputError: it is of another kind, damaged, or a picture of a size that no photo has.
    """
    try:
        if name.endswith(".png"):
            return check_png(path, SIDE, PICTURE)
        if name == "identity.safetensors":
            read_identity(path, "the profile")
        elif name.endswith(WEIGHTS):
            check_values(path, read_header(path, BYTES), VALUE)
        elif name.endswith(CONFIG):
            check_config(read_json(path, dict[str, Any], SMALL), CONFIG)
        elif name.endswith(".jsonl"):
            read_lines(path, dict[str, Any], LOG)
        else:
            read_json(path, dict[str, Any], SMALL)
    except InputError as error:
        reason = error.reason if isinstance(error, Refused) else error.message
        raise InputError(f"{name} is damaged or not what its name says: {reason}.") from error
    return 0


def check_folder(folder: Path, names: set[str]) -> None:
    """Look at parts that belong together, once all files are there. Raises InputError."""
    for part in sorted({str(PurePosixPath(n).parent) for n in names if n.endswith(WEIGHTS)}):
        try:
            check_adapter(folder / part)
        except Refused as error:
            raise InputError(f"{part}/ holds no plain LoRA: {error.reason}.") from error
