"""What a picture's record says: the settings it was drawn with, and whose it is. Knows no torch.

A record names a profile by its random id; earlier ones had its name, or its path, among the
settings.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, find_by_id

_NOT_FROM_RECORDS = {
    "home",
    "device",
    "offline",
    "out",
    "prompts",
    "edits",
    "name",
    "mark",
    "nudity_filter",
}


def recorded_settings(record: dict[str, Any], image: Path, home: Path) -> dict[str, Any]:
    """GenerateConfig values that a picture's record holds, `name` left out.

    The record's `settings` are GenerateConfig fields; `prompt`, `seed` and `profile` stand beside.

    Raises:
        InputError: a picture without a record, or one that is no record of `generate`.
    """
    settings = record.get("settings")
    if "stylemix" in record or "b" in record:
        raise InputError(f"{image} was made by stylemix.", "Mix again: pidiff stylemix A B")
    if not isinstance(settings, dict) or not record.get("prompt"):
        raise InputError(f"{image} holds no record of how it was made.")
    known = {item.name for item in fields(GenerateConfig)} - _NOT_FROM_RECORDS
    settings = {"literal": True, **settings}  # earlier versions read every prompt so
    chosen = {key: value for key, value in settings.items() if key in known}
    try:
        chosen["edits"] = tuple((str(name), float(x)) for name, x in settings.get("edits", ()))
        chosen["subject"] = tuple(int(place) for place in settings.get("subject", ()))
        seed = int(record["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The record in {image} is damaged.") from error
    if style := chosen.get("style_from"):
        chosen["style_from"] = _style_here(str(style), home)
    return chosen | {"prompts": (record["prompt"],), "seed": seed, "count": 1, "best": 0}


def _style_here(wish: str, home: Path) -> str:
    """Layers of another person, who is recorded by the random id, by the folder's path here."""
    key, colon, rest = wish.rpartition(":")
    found = find_by_id(key, home)
    return f"{found.folder}{colon}{rest}" if found else wish


def recorded_person(record: dict[str, Any], home: Path, profile: str = "") -> Profile:
    """The profile of a record: the one that is asked for, else by its id, else by its old name.

    Raises:
        InputError: it is not among the home's profiles.
    """
    if profile:
        return Profile.open(profile, home)
    about = record.get("profile")
    about = about if isinstance(about, dict) else {}
    if found := find_by_id(str(about.get("id", "")), home, str(about.get("fingerprint", ""))):
        return found
    settings = record.get("settings")
    name = settings.get("name") if isinstance(settings, dict) else None
    if name:
        return Profile.open(str(name), home)
    raise InputError(
        f"Whom this picture shows is not among the profiles of {home}.",
        "Say where the profile is: pidiff again IMAGE.png --profile NAME|FOLDER",
    )
