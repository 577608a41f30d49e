"""How much a profile file may hold."""

from __future__ import annotations

MAX_FILES, MAX_BYTES, MAX_FILE, MAX_JSON = 4000, 2 << 30, 512 << 20, 4 << 20
PACKED = 256 << 20  # bytes that compressed entries may unpack to in all; stored ones cost a disk
MAX_RATIO = 100  # of a compressed entry above a megabyte; the program itself stores uncompressed
CHUNK = 1 << 20  # bytes that are read at once
