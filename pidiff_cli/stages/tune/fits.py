"""What of the bases' usual tunings this machine's memory holds, a line a base."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import pick_device
from pidiff_cli.errors import OutOfMemoryError, UsageError
from pidiff_cli.recipe import load_recipe, settings_for
from pidiff_cli.stages.tune.plan import describe, make_plan
from pidiff_cli.weights.bases import BASES


def fits(home: Path) -> tuple[str, ...]:
    """The plan that each downloadable base's recipe would get now, in words."""
    return tuple(_of(name, home) for name, spec in BASES.items() if not spec.embedded)


def _of(family: str, home: Path) -> str:
    try:
        recipe = load_recipe("auto", family)
    except UsageError:
        return f"{family}: no recipe in this version"
    settings = settings_for(recipe, "tune")
    config = TuneConfig(home=home, base=family, recipe=recipe.name, **settings)
    device, dtype, _ = pick_device(config.device, config.precision, family)
    what = f"{family} at {config.size} px"
    try:
        plan = make_plan(config, family, device, dtype).plan
    except OutOfMemoryError as error:
        return f"{what}: no. {error.message} {error.hint}".rstrip()
    slow = ", slowly without a GPU" if device.type == "cpu" else ""
    return f"{what}: {describe(plan, config.batch)}, peak about {plan.peak / 1e9:.1f} GB{slow}"
