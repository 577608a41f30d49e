"""What is told where something else than a profile is given for one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import PICTURES, expanded
from pidiff_cli.profile.manifest import folded
from pidiff_cli.values import shown


def unknown(text: str, names: Sequence[str]) -> InputError:
    """What is told of a word or path that is no profile; `names` are those of the profiles."""
    near = difflib.get_close_matches(folded(text), [folded(name) for name in names], n=1)
    if near:
        name = next(name for name in names if folded(name) == near[0])
        return InputError(f"There is no profile {shown(text)}.", f"Did you mean {name}?")
    path = expanded(text) if text else Path("?")
    try:
        found = _other_thing(text, path)
    except OSError:  # a name that is too long
        found = None
    if found:
        return found
    if names:
        return InputError(
            f"There is no profile {shown(text)}.", "See them all: pidiff profile list"
        )
    return InputError(
        f"There is no profile {shown(text)}; none has been made yet.",
        "Make one: pidiff tune PHOTOS --name NAME",
    )


def _other_thing(text: str, path: Path) -> InputError | None:
    """What is told where a photo, a folder, or an exported file is given for a profile."""
    learn = f"Learn it first: pidiff tune {path} --name NAME"
    if path.is_dir():
        if any(item.suffix.lower() in PICTURES for item in path.iterdir()):
            return InputError(f"{path} is a folder of photos, not a profile.", learn)
        return InputError(f"{path} is a folder without a profile.", "See: pidiff profile list")
    if path.is_file():
        if path.suffix.lower() in PICTURES:
            return InputError(f"{path} is a photo, not a profile.", learn)
        if path.suffix.lower() in (".pidiff", ".safetensors"):
            return InputError(
                f"{path} is a file, not a profile yet.",
                f"Read it in first: pidiff profile import {path}",
            )
        return InputError(f"{path} is a file, not a profile.", "See: pidiff profile list")
    if len(path.parts) > 1 or path.suffix.lower() in PICTURES:
        return InputError(f"There is no {text}.", "Check the path. By name: pidiff profile list")
    return None
