"""Safetensors files: the header is checked before a value is read, the values before they count."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from pidiff_cli.reading.bytes_of import MB, Refused, read_bytes, too_large
from pidiff_cli.reading.text import fitted, parse_json

if TYPE_CHECKING:
    import numpy as np

#: Bytes of one value, by the format's name of its kind.
WIDTHS = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I64": 8, "I32": 4,
    "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
FLOATS = ("F32", "F16", "BF16")
HEADER = 16 * MB  # SDXL's, with its text encoders, has 0.4 MB
_CHUNK = 1 << 21  # values looked at in one go

Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Sizes = Annotated[list[Size], msgspec.Meta(max_length=8)]


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    dtype: str
    shape: Sizes
    data_offsets: tuple[Size, Size]


@dataclass(frozen=True)
class Tensors:
    """What a header tells.

    Attributes:
        shapes: by the tensors' names. kinds: "F32" and the like. places: first and last byte
            (exclusive) in the file. words: the metadata.
    """

    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


def read_header(path: Path, limit: int | None = None) -> Tensors:
    """Names, shapes and metadata of a safetensors file; no value of it is read.

    Args:
        limit: bytes of the whole file; None is any.

    Raises:
        Refused: no safetensors file, another length than its header says, or above the limit.
    """
    start = _start(path, limit)
    size = path.stat().st_size
    entries: dict[str, Any] = parse_json(start[8:], dict[str, Any], path.name, HEADER)
    words = parse_words(entries.pop("__metadata__", {}), path.name)
    told, end = Tensors(words=words), 0
    for name, entry in entries.items():
        one: _Entry = fitted(entry, _Entry, path.name)
        first, last = one.data_offsets
        if one.dtype not in WIDTHS or last - first != math.prod(one.shape) * WIDTHS[one.dtype]:
            raise Refused(path.name, "its header is damaged: sizes do not fit")
        told.shapes[name], told.kinds[name] = tuple(one.shape), one.dtype
        told.places[name] = len(start) + first, len(start) + last
        end = max(end, last)
    if len(start) + end != size:
        raise Refused(path.name, "it is damaged, shorter or longer than its header says")
    ordered = sorted(told.places.values())
    if any(one[1] > two[0] for one, two in zip(ordered, ordered[1:])):
        raise Refused(path.name, "its header is damaged: tensors lie over each other")
    return told


def parse_words(value: Any, what: str) -> dict[str, str]:
    """A header's metadata. Raises Refused."""
    words: dict[str, str] = fitted(value, dict[str, str], what)
    return words


def _start(path: Path, limit: int | None) -> bytes:
    """The header and the eight bytes of its length."""
    read_bytes_of = _opened(path, limit)
    with read_bytes_of as file:
        size = path.stat().st_size
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= size - 8:
            raise Refused(path.name, "it is damaged or no safetensors file")
        if length > HEADER:
            raise Refused(path.name, too_large(length, HEADER))
        data: bytes = head + file.read(length)
    if len(data) != length + 8:
        raise Refused(path.name, "it is damaged, cut off")
    return data


def _opened(path: Path, limit: int | None) -> Any:
    if not path.is_file():
        read_bytes(path, 0)  # says what it is
    try:
        size = path.stat().st_size
        if limit is not None and size > limit:
            raise Refused(path.name, too_large(size, limit))
        return path.open("rb")
    except OSError as error:
        raise Refused(path.name, f"it cannot be read ({error.strerror})") from error


def check_values(path: Path, told: Tensors, most: float) -> None:
    """Look at every value of a file of floating point.

    Args:
        told: of `read_header`. most: the largest magnitude.

    Raises:
        Refused: one is NaN, infinite or larger; or a tensor is of whole numbers.
    """
    import numpy as np

    for name in told.shapes:
        if told.kinds[name] not in FLOATS:
            raise Refused(path.name, f"{name} is of the kind {told.kinds[name]}")
        for chunk in _chunks(path, told, name):
            if not bool((np.abs(chunk) <= most).all()):  # NaN compares as false
                raise Refused(path.name, f"{name} holds what is no number, or one above {most:g}")


def _chunks(path: Path, told: Tensors, name: str) -> Iterator[np.ndarray]:
    """A tensor's values as float32, a part at a time."""
    import numpy as np

    kind, (first, last) = told.kinds[name], told.places[name]
    dtype = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[kind]
    with path.open("rb") as file:
        file.seek(first)
        left = (last - first) // WIDTHS[kind]
        while left:
            part = np.fromfile(file, dtype, min(left, _CHUNK))
            if not len(part):
                raise Refused(path.name, "it is damaged, cut off")
            left -= len(part)
            if kind == "BF16":
                part = (part.astype(np.uint32) << 16).view(np.float32)
            yield part.astype(np.float32, copy=False)
