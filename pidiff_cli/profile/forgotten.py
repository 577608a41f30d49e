"""A manifest without a word of the photos; and the mark of a forgetting that is not written yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pidiff_cli.files import remove_trees
from pidiff_cli.profile.journal import CHANGE, GONE
from pidiff_cli.profile.locks import LOCK
from pidiff_cli.profile.manifest import MANIFEST, Manifest
from pidiff_cli.profile.parts import STEPS_NOTED, TUNED_PARTS

IDENTITY = "identity.safetensors"
#: A folder of this name in a profile: its photos are forgotten, whatever the manifest still says.
FORGOTTEN = ".forgotten"
#: What the other stages note of single photos, and of steps that may have learnt one by heart.
_OF_PHOTOS = ("photos", "preview", *STEPS_NOTED)
_MADE_OF = "digest"  # of a tuning, photos among it: no later one is the same


def without_photos(manifest: Manifest) -> Manifest:
    """The manifest of a person whose photos are forgotten."""
    stages = {
        stage: {
            key: "" if key == _MADE_OF else value
            for key, value in state.items()
            if key not in _OF_PHOTOS
        }
        for stage, state in manifest.stages.items()
        if stage != "prepare"
    }
    files = {key: value for key, value in manifest.files.items() if stays(key.split("/")[0])}
    pending = (IDENTITY,) if IDENTITY in files else ()  # its codes may have been blanked
    return replace(manifest, photos=(), stages=stages, files=files, pending=pending)


def remove_what_goes(folder: Path) -> None:
    """Remove what says anything of single photos, the codes apart. Raises OSError: not all went."""
    mark = folder / FORGOTTEN
    remove_trees([*what_goes(folder), *(mark.iterdir() if mark.is_dir() else ())])


def what_goes(folder: Path) -> list[Path]:
    """Files and folders at the top of a profile that are forgotten with its photos."""
    own = (MANIFEST, LOCK, FORGOTTEN)
    changes = (CHANGE, GONE)  # swept apart
    return [
        item
        for item in sorted(folder.iterdir())
        if item.name not in own and not stays(item.name) and not item.name.startswith(changes)
    ]


def stays(name: str) -> bool:
    """Whether a file or folder at the top of a profile says nothing of single photos."""
    return name == IDENTITY or name in TUNED_PARTS
