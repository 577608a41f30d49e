"""Settings of drawing that come from the profile's recipe."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pidiff_cli.cli.session import Session
from pidiff_cli.config import CommonConfig, GenerateConfig
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import recipe_of, settings_for
from pidiff_cli.weights import locate


def generate_settings(
    session: Session, names: str, kind: type[CommonConfig] = GenerateConfig, **given: Any
) -> dict[str, Any]:
    """The `generate` section of the recipe the profile was tuned with, under what was given.

    Args:
        names: a profile, or several joined with `+`; the first one's recipe counts.
        kind: the configuration that takes the settings; those it does not know are left out.

    Raises:
        InputError: no such profile, or it has no W+ code yet.
        MissingWeightError: the base's weights are not here.
    """
    profiles = [Profile.open(name, session.home) for name in names.split("+")]
    for profile in profiles:
        if not (profile.folder / "identity.safetensors").is_file():
            raise InputError(
                f"{profile.name} is not tuned yet.", f"Tune it: pidiff tune {profile.name}"
            )
    first = profiles[0].manifest
    base = first.base.get("name") or first.stages.get("invert", {}).get("base", "mini")
    family = locate.base_parts(base, session.home).family
    chosen = recipe_of(first.recipe.get("name", "auto"), family)
    known = {item.name for item in fields(kind)}
    values = settings_for(chosen, "generate", **given)
    return {"base": base, **{key: value for key, value in values.items() if key in known}}
