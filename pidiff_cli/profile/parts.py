"""The tuned parts of a profile, each a folder of its own."""

from __future__ import annotations

from pathlib import Path

#: Every photo that was looked at, kept or why not; a picture.
PHOTO_SHEET = "reports/photos.png"
#: Folder → the part's name in JSON, and what a person calls it.
TUNED_PARTS = {
    "adapter": ("wplus", "W+ branch"),
    "lora": ("lora", "LoRA on the base's attention"),
}


def parts_of(folder: Path) -> tuple[str, ...]:
    """The folders of the parts that a profile holds, in the order of `TUNED_PARTS`."""
    return tuple(part for part in TUNED_PARTS if (folder / part).is_dir())
