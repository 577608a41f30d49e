"""The memory plan in words: the line before a run, a dry run, and what fits this machine."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.errors import MissingWeightError, OutOfMemoryError, UsageError
from pidiff_cli.recipe import load_recipe, settings_for
from pidiff_cli.stages.results import PlanResult
from pidiff_cli.stages.tune import pace
from pidiff_cli.stages.tune.plan import Planned, plan_here
from pidiff_cli.weights.bases import BASES
from pidiff_cli.weights.locate import BaseParts
from pidiff_cli.weights.wplus import find_wplus


def dry_run(config: TuneConfig, parts: BaseParts) -> tuple[PlanResult, str]:
    """What a tuning would take on this machine now, and the line that says so; nothing is loaded.

    Raises:
        OutOfMemoryError: no plan fits; says what the smallest needs.
    """
    planned = plan_here(config, parts.family, parts.has_branch)
    told = PlanResult(parts.name, config.recipe, config.size, config.batch, planned.document())
    return told, line(planned, config)


def fits(home: Path) -> tuple[str, ...]:
    """The plan that each downloadable base's recipe would get now, in words."""
    return tuple(_fits(name, home) for name, spec in BASES.items() if not spec.embedded)


def _fits(family: str, home: Path) -> str:
    try:
        recipe = load_recipe("auto", family)
    except UsageError:
        return f"{family}: no recipe in this version"
    settings = settings_for(recipe, "tune")
    config = TuneConfig(home=home, base=family, recipe=recipe.name, **settings)
    what = f"{family} at {config.size} px"
    try:
        planned = plan_here(config, family, _has_branch(family, home))
    except OutOfMemoryError as error:
        return f"{what}: no. {error.message} {error.hint}".rstrip()
    plan, slow = planned.plan, ", slowly without a GPU" if planned.device.type == "cpu" else ""
    return f"{what}: {describe(plan, config.batch)}, peak about {plan.peak / 1e9:.1f} GB{slow}"


def _has_branch(family: str, home: Path) -> bool:
    """Whether the W+ networks are here, so that `tune` would learn the branch too."""
    try:
        return find_wplus(family, home, "auto") is not None
    except MissingWeightError:  # damaged: who wants to tune is told
        return False


def describe(plan: Plan, batch: int) -> str:
    """A plan in words: "2 of 4 pictures at a time, activations computed twice"."""
    whole = plan.micro_batch >= batch
    count = f"{batch} picture{'s' * (batch > 1)} at a time"
    words = [count if whole else f"{plan.micro_batch} of {count}"]
    if plan.checkpointing:
        words.append("activations computed twice")
    if plan.parked:
        words.append("autoencoder and text encoders waiting in main memory")
    if plan.nf4:
        words.append("4-bit base weights")
    return ", ".join(words)


def line(planned: Planned, config: TuneConfig) -> str:
    """The one line that a person reads before the run."""
    said = [f"Plan: {describe(planned.plan, config.batch)}"]
    if planned.plan.peak:
        said.append(f"about {planned.plan.peak / 1e9:.1f} GB of {planned.free / 1e9:.1f} free")
    if planned.whole:
        took = pace.duration(planned.whole)
        said.append(f"about {took} with previews and report, as measured here before")
    elif planned.seconds:
        took = pace.duration(planned.seconds)
        said.append(f"about {took} for {config.steps} steps, as measured here before")
    if planned.others:
        said.append(f"other programs hold {planned.others / 1e9:.1f} GB of this card")
    return "; ".join(said) + "."
