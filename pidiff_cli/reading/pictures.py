"""PNG files, looked at chunk by chunk: how large one becomes is known before it is decoded."""

from __future__ import annotations

import struct
from pathlib import Path

from pidiff_cli.reading.bytes_of import MB, Refused, read_bytes

PNG = b"\x89PNG\r\n\x1a\n"
CHUNKS = 10_000
BESIDE = 8 * MB  # of chunks that are no pixels: texts, colour profiles, marks
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def check_png(path: Path, side: int, limit: int) -> int:
    """Look at a PNG's chunks; nothing is unpacked.

    Args:
        side: px of the longer side at most. limit: bytes of the file.

    Returns:
        its pixels.

    Raises:
        Refused: no PNG, cut off, larger than the limits, or with far more beside its pixels.
    """
    data = read_bytes(path, limit)
    if not data.startswith(PNG) or data[12:16] != b"IHDR" or len(data) < 33:
        raise Refused(path.name, "it is no PNG")
    width, height, _, colour = struct.unpack(">IIBB", data[16:26])
    if not (0 < width <= side and 0 < height <= side) or colour not in _CHANNELS:
        raise Refused(path.name, f"it is {width} x {height} px; {side} is the most")
    at, beside = len(PNG), 0
    for _ in range(CHUNKS):
        if at + 8 > len(data):
            raise Refused(path.name, "it is cut off")
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        beside += 0 if kind == b"IDAT" else length
        if beside > BESIDE:
            raise Refused(path.name, "it holds far more than a picture")
        at += 12 + length
        if kind == b"IEND":
            return int(width) * int(height)
    raise Refused(path.name, "it holds far more parts than a picture")
