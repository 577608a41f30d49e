"""Which relative paths a profile or an export may name; the same on every system."""

from __future__ import annotations

DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10)))
)
_LONGEST = 200


def path_fault(relative: object) -> str:
    """Why `relative` may not name a file inside a folder, as the end of a sentence; "" if it may.

    Forward slashes only; nothing absolute, above the folder, on a drive, in a stream, or that
    some system takes for a device.
    """
    if not isinstance(relative, str) or not relative:
        return "has no name"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in relative):
        return "has a control character in its name"
    if relative.startswith(("/", "\\", "~")) or relative[1:2] == ":":
        return "is an absolute path"
    parts = relative.split("/")
    if ".." in relative.replace("\\", "/").split("/"):
        return "lies outside the folder"
    if "\\" in relative or ":" in relative:
        return "has a backslash or colon in its name"
    if any(part in ("", ".") or part != part.rstrip(". ") for part in parts):
        return "has an empty part, or one that ends in a dot or a space"
    if any(part.split(".")[0].strip().lower() in DEVICES for part in parts):
        return "has the name of a device"
    return "has a name that is too long" if len(relative) > _LONGEST else ""
