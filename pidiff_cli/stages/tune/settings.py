"""The configuration of a tuning: its recipe's settings, under what a person gave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidiff_cli.config import SIZE_UNIT, InvertConfig, TuneConfig, check_values
from pidiff_cli.errors import UsageError
from pidiff_cli.profile import Profile, profile_folder
from pidiff_cli.recipe import Recipe, load_recipe, recipe_names, settings_for
from pidiff_cli.stages.opening import (
    Paths,
    Place,
    find_profile,
    open_base,
    paths_of,
    profile_named,
    tell_dropped,
)
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.tune.already import remembered
from pidiff_cli.weights.locate import BaseParts
from pidiff_cli.weights.table import WEIGHTS


@dataclass(frozen=True)
class OpenedTuning:
    """What a tuning's arguments name, each opened once and sound.

    Attributes:
        profile: None where it has to be made of ``photos`` first.
        known: the profile that is there and stays, also where photos are given with its name.
        reading: how its W+ codes are made, where it learns the W+ branch.
    """

    profile: Profile | None
    known: Profile | None
    photos: tuple[Path, ...]
    parts: BaseParts
    recipe: Recipe
    config: TuneConfig
    reading: InvertConfig

    @property
    def replaces(self) -> bool:
        """Whether what was learnt before is to be replaced."""
        return self.config.retune or self.config.restart


def open_tuning(
    place: Place,
    sources: Paths,
    name: str | None,
    base: str,
    recipe: str,
    given: dict[str, Any],
    anew: bool = False,
) -> OpenedTuning:
    """Profile, base and recipe behind the arguments of `tune`, and its configurations.

    Args:
        given: further fields of TuneConfig; None is not given. anew: a profile of that name is to
            be replaced.

    Raises:
        InputError, UsageError, MissingWeightError: as `api.tune`.
    """
    check_given(recipe, given)
    photos = tuple(paths_of(sources))
    profile = find_profile(place.home, [str(path) for path in photos], name)
    known = profile if profile or anew else profile_named(place.home, name)
    before = known.manifest.base.get("wplus") if known else None  # without W+ it stays without
    wplus = given.get("wplus") or TuneConfig.wplus  # one that it cannot be is told with the rest
    wplus = before or wplus if wplus == "auto" else wplus
    parts = open_base(place.home, place.device, base, place.progress, profile, wplus)
    if wplus == "auto" and parts.wplus and parts.family != "mini":
        place.progress.line(
            f"With the W+ networks ({WEIGHTS['e4e'].licence}); without them: --wplus off"
        )
    chosen = choose_recipe(known, parts, recipe, place.device, given.get("memory"))
    folder = profile.folder if profile else profile_folder(place.home, str(name))
    taken = remembered(known, parts.name, chosen.name, given)
    values = tune_values(folder, parts, chosen, taken, place.progress)
    config = place.config(TuneConfig, **values)
    _check_learns(config, parts)
    noted = known.stage_state("invert") if known else {}
    refined = {key: noted.get(key) for key in ("refine", "seed")}  # codes stay refined as they are
    reading = place.config(InvertConfig, name=str(folder), base=parts.name, **refined)
    return OpenedTuning(profile, known, photos, parts, chosen, config, reading)


def check_given(recipe: str, given: dict[str, Any]) -> None:
    """The values given by hand, and the recipe's file, before anything else is looked at.

    Raises:
        UsageError: values that cannot be, all of them, or no such recipe. InputError: its faults.
    """
    check_values(TuneConfig, given)
    if recipe != "auto":
        load_recipe(recipe)


def _check_learns(config: TuneConfig, parts: BaseParts) -> None:
    """Raise UsageError where the settings leave nothing to learn."""
    if not config.lora_rank and not (config.rank and parts.has_branch):
        raise UsageError(
            "Nothing would be learnt: without a LoRA it takes the W+ branch, with a rank.",
            "Give the LoRA a rank: --lora-rank 8",
        )


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
    if given.get("always") is None and given.get("steps") is not None:
        values["always"] = True
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
