"""Codes that a tuning under way learns with, while the profile still draws with its own."""

from __future__ import annotations

from pidiff_cli.profile.folder import Profile
from pidiff_cli.profile.forgotten import IDENTITY

DRAFT = "draft/identity.safetensors"
STAGE, DRAFT_STAGE = "invert", "invert_draft"  # where inversion notes what the codes were made of


def codes_file(profile: Profile) -> str:
    """Where the codes are that a tuning learns with: those that it will put in the place of the
    profile's own when it is done, if there are any."""
    return DRAFT if profile.path(DRAFT).is_file() else IDENTITY


def take_draft(profile: Profile) -> None:
    """Put the codes of a draft, where there is one, in the place of the profile's own."""
    if profile.path(DRAFT).is_file():
        with profile.changing():
            noted = profile.stage_state(DRAFT_STAGE)
            profile.write(IDENTITY, profile.path(DRAFT).read_bytes())
            profile.clear_stage(STAGE)
            profile.update_stage(STAGE, **noted)
            drop_draft(profile)


def drop_draft(profile: Profile) -> None:
    """Leave the profile's codes as they are."""
    if profile.path(DRAFT).exists() or profile.stage_state(DRAFT_STAGE):
        with profile.changing():
            profile.remove("draft")
            profile.clear_stage(DRAFT_STAGE)
