"""Whether a person's photos are photographs or drawings: decided once, and kept."""

from __future__ import annotations

from pidiff_cli.profile.folder import Profile

PHOTOGRAPHS, DRAWINGS = "photographs", "drawings"
_STAGE, _KEY = "prepare", "world"


def world_of(profile: Profile) -> str:
    """``PHOTOGRAPHS`` or ``DRAWINGS``; "" where nobody could tell yet, as in profiles of before."""
    return str(profile.manifest.stages.get(_STAGE, {}).get(_KEY, ""))


def note_world(profile: Profile, world: str) -> None:
    """Keep it, where it was not known. Raises InputError as `Profile.changing`."""
    if world and not world_of(profile):
        profile.update_stage(_STAGE, **{_KEY: world})
