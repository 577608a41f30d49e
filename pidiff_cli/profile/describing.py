"""What a profile is, told in JSON values."""

from __future__ import annotations

from typing import Any

from pidiff_cli.profile.consent import consent_kind
from pidiff_cli.profile.folder import Profile
from pidiff_cli.profile.parts import TUNED_PARTS
from pidiff_cli.weights.licences import commercial_of


def describe(profile: Profile) -> dict[str, Any]:
    """What `list` and `show` tell of a profile, as JSON values."""
    return profile.reading(lambda: _described(profile))


def _described(profile: Profile) -> dict[str, Any]:
    manifest = profile.manifest
    tune = manifest.stages.get("tune", {}).get("result") or {}
    likeness = tune.get("likeness") or {}
    licences = manifest.base.get("licences") or {}
    return {
        "name": manifest.name,
        "path": str(profile.folder),
        "noun": manifest.noun,
        "created": manifest.created,
        "consent": consent_kind(manifest),
        "consented": manifest.consented,
        "photos": len(manifest.photos),
        "base": tune.get("base") or manifest.base.get("name"),
        "recipe": tune.get("recipe") or manifest.recipe.get("name"),
        "steps": tune.get("steps"),
        "parts": [TUNED_PARTS[folder][0] for folder in profile.parts],
        "licences": licences,
        "commercial_use": commercial_of(licences) if licences else None,
        "likeness": likeness,
        "alike": _alike(likeness),
        "size_mb": round(profile.size_mb(photos=True), 3),
    }


def _alike(likeness: dict[str, Any]) -> str:
    value, own = likeness.get("held_out") or likeness.get("learnt_from"), likeness.get("photos")
    if value is None:
        return "not measured"
    if not likeness.get("told", True):  # of a photographed person whom mini draws
        return "to be judged by eye"
    return f"{value:.2f}" + (f" (own photos {own:.2f})" if own is not None else "")
