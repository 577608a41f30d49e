"""The configuration of a tuning: its recipe's settings, under what a person gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli.config import SIZE_UNIT, TuneConfig
from pidiff_cli.errors import UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import Recipe, load_recipe, recipe_names, settings_for
from pidiff_cli.stages.opening import tell_dropped
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.locate import BaseParts


def choose_recipe(
    profile: Profile | None, parts: BaseParts, recipe: str, device: str, memory: float | None
) -> Recipe:
    """The recipe that was asked for; `auto` is the profile's own on this base, else the largest
    that fits the free memory (at most ``memory``, GB).

    Raises:
        UsageError: there is none of that name, or it is for another base.
    """
    state = profile.stage_state("tune") if profile else {}
    done = state.get("result") or state  # a run that was cut short goes on with its own recipe
    if recipe == "auto" and done.get("base") == parts.name and done.get("recipe") in recipe_names():
        recipe = done["recipe"]
    free = _free_gb(device, memory) if recipe == "auto" else None
    chosen = load_recipe(recipe, parts.family, free)
    if chosen.base != parts.family:
        raise UsageError(
            f"The recipe {chosen.name} is for the base {chosen.base}, not {parts.family}.",
            "See them all: pidiff recipes list",
        )
    return chosen


def tune_values(
    folder: Path, parts: BaseParts, recipe: Recipe, given: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    """`TuneConfig`'s values for the profile in ``folder``; those given go before the recipe's."""
    tell_dropped(recipe, progress)
    values = settings_for(recipe, "tune", **given)
    size = values.get("size", TuneConfig.size)
    if isinstance(size, int) and size % SIZE_UNIT:
        values["size"] = size // SIZE_UNIT * SIZE_UNIT
        progress.warn(
            f"A size of {size} px is no multiple of {SIZE_UNIT}: {values['size']} px are taken."
        )
    return values | {"name": str(folder), "base": parts.name, "recipe": recipe.name}


def _free_gb(device: str, most: float | None) -> float | None:
    """Free memory of the GPU, at most what ``memory`` allows; None without a GPU."""
    from pidiff_cli.core.device import free_gpu_mb

    free = free_gpu_mb(device)
    return None if not free else min(free / 1e3, float(most or free))
