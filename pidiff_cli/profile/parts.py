"""The tuned parts of a profile, each a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Every photo that was looked at, kept or why not; a picture.
PHOTO_SHEET = "reports/photos.png"
#: Folder → the part's name in JSON, and what a person calls it.
TUNED_PARTS = {
    "adapter": ("wplus", "W+ branch"),
    "lora": ("lora", "LoRA on the base's attention"),
}
#: A folder for each step of the tuning that stays beside the one that draws, the parts in it.
STEPS = "steps"
#: The same of a tuning under way.
LOOKED = "looked"
#: What `tune` notes of them in the manifest: their figures, and the step that draws.
STEPS_NOTED = ("kept", "chosen")


def without_steps(stages: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The stages' states of a profile whose other steps are gone."""
    return {
        stage: {k: v for k, v in state.items() if stage != "tune" or k not in STEPS_NOTED}
        for stage, state in stages.items()
    }


def parts_of(folder: Path) -> tuple[str, ...]:
    """The folders of the parts that a profile holds, in the order of `TUNED_PARTS`."""
    return tuple(part for part in TUNED_PARTS if (folder / part).is_dir())
