"""One person on disk: the profile directory, its manifest, codes, archive. Knows no torch."""

from __future__ import annotations

from pidiff_cli.profile.changing import making
from pidiff_cli.profile.codes import Identity
from pidiff_cli.profile.draft import codes_file, drop_draft, take_draft
from pidiff_cli.profile.finding import find_by_id, note_folder
from pidiff_cli.profile.folder import Profile, each_profile, list_profiles
from pidiff_cli.profile.holding import hold
from pidiff_cli.profile.locked import is_one, list_locked
from pidiff_cli.profile.manifest import Manifest, Photo, check_name
from pidiff_cli.profile.named import any_folder, locked_folder, settle
from pidiff_cli.profile.parts import LOOKED, PHOTO_SHEET, STEPS, TUNED_PARTS, parts_of
from pidiff_cli.profile.places import profile_folder, profile_folders
from pidiff_cli.profile.steps import (
    KeptStep,
    as_kept_now,
    at_step,
    copy_parts,
    kept_steps,
    step_of_print,
    use_step,
)

__all__ = [
    "LOOKED", "PHOTO_SHEET", "STEPS", "TUNED_PARTS", "Identity", "KeptStep", "Manifest", "Photo",
    "Profile", "any_folder", "as_kept_now", "at_step", "check_name", "codes_file", "copy_parts",
    "drop_draft", "each_profile", "find_by_id", "hold", "is_one", "kept_steps", "list_locked",
    "list_profiles", "locked_folder",
    "making", "note_folder", "parts_of", "profile_folder", "profile_folders", "settle",
    "step_of_print", "take_draft", "use_step",
]  # fmt: skip
