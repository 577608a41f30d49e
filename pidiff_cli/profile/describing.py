"""What a profile is, told in JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pidiff_cli.profile.consent import consent_kind
from pidiff_cli.profile.folder import Profile
from pidiff_cli.profile.parts import STEPS, TUNED_PARTS
from pidiff_cli.profile.reader import folder_mb
from pidiff_cli.profile.steps import KeptStep, kept_steps
from pidiff_cli.weights.licences import commercial_of


def describe(profile: Profile) -> dict[str, Any]:
    """What `list` and `show` tell of a profile, as JSON values."""
    return profile.reading(lambda: _described(profile))


def _described(profile: Profile) -> dict[str, Any]:
    manifest = profile.manifest
    tune = manifest.stages.get("tune", {}).get("result") or {}
    likeness = tune.get("likeness") or {}
    licences = manifest.base.get("licences") or {}
    steps = kept_steps(profile)
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
        "alike": _alike(likeness, steps),
        "size_mb": round(profile.size_mb(photos=True), 3),
        "checkpoints": [asdict(one) for one in steps],
        "checkpoints_mb": round(folder_mb(profile.folder / STEPS), 3),
    }


def told_step(step: KeptStep) -> str:
    """A kept step in words: "100: likeness 0.61, text alignment -2 %"."""
    alike = step.likeness if step.held_out is None else step.held_out
    words = [] if alike is None else [f"likeness {alike:.2f}"]
    if step.text_loss is not None:
        words.append(f"text alignment {-100 * step.text_loss:+.0f} %")
    return f"{step.step}{' draws' * step.own}{': ' * bool(words)}{', '.join(words)}"


def _alike(likeness: dict[str, Any], steps: Sequence[KeptStep]) -> str:
    """As the report measured it; of another step than its own, as that step's previews say."""
    if not likeness.get("told", True):
        return "cannot be told"
    own = next((one for one in steps if one.own), None)
    if own is not None and own.step != likeness.get("best_step"):
        found = own.likeness if own.held_out is None else own.held_out
        return "not measured" if found is None else f"{found:.2f} (previews of step {own.step})"
    value, photos = likeness.get("held_out") or likeness.get("learnt_from"), likeness.get("photos")
    if value is None:
        return "not measured"
    return f"{value:.2f}" + (f" (own photos {photos:.2f})" if photos is not None else "")
