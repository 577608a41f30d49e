"""One person on disk: the profile directory, its manifest, codes, archive. Knows no torch."""

from __future__ import annotations

from pidiff_cli.profile.codes import Identity
from pidiff_cli.profile.finding import find_by_id, note_folder
from pidiff_cli.profile.folder import Profile, list_profiles, profile_folder, profile_folders
from pidiff_cli.profile.manifest import Manifest, Photo, check_name
from pidiff_cli.profile.parts import PHOTO_SHEET, TUNED_PARTS, parts_of

__all__ = [
    "PHOTO_SHEET", "TUNED_PARTS", "Identity", "Manifest", "Photo", "Profile", "check_name",
    "find_by_id", "list_profiles", "note_folder", "parts_of", "profile_folder",
    "profile_folders",
]  # fmt: skip
