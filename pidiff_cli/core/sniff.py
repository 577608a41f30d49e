"""What a file holds, by its first bytes; no library is loaded for it."""

from __future__ import annotations

from pathlib import Path

HEAD = 512  # bytes looked at


def holds_text(path: Path) -> bool:
    """Whether a file begins with text. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return is_text(file.read(HEAD))


def is_text(head: bytes) -> bool:
    """Whether a file's first bytes are letters and line ends, and no picture's."""
    plain = all(byte in b"\t\n\r\f" or byte >= 32 for byte in head)
    return bool(head) and plain and not head.startswith(b"\xff\xd8")
