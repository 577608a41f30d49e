"""Stages run as the API runs them: profile, base and recipe opened once, the lock held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from pidiff_cli.config import (
    EvaluateConfig,
    GenerateConfig,
    InvertConfig,
    StylemixConfig,
    TuneConfig,
)
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages import evaluate, invert, stylemix
from pidiff_cli.stages.base import fingerprints
from pidiff_cli.stages.checks import check_base
from pidiff_cli.stages.generate import run as generate
from pidiff_cli.stages.generate.calls import Calls
from pidiff_cli.stages.opening import base_of
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import (
    EvaluateResult,
    GenerateResult,
    InvertResult,
    StylemixResult,
    TuneResult,
)
from pidiff_cli.stages.tune import run as tune
from pidiff_cli.stages.tune.internals import TuneInternals
from tests.support.tiny_base import SIZE


class TuneSettings(NamedTuple):
    """A configuration and what no recipe sets."""

    config: TuneConfig
    internals: TuneInternals


def tune_settings(**values: Any) -> TuneSettings:
    """Values of either kind by their names."""
    inner = {item.name for item in fields(TuneInternals)}
    given = {key: value for key, value in values.items() if key in inner}
    rest = {key: value for key, value in values.items() if key not in inner}
    return TuneSettings(TuneConfig(**rest), TuneInternals(**given))


def short_tuning(home: Path, **settings: Any) -> TuneSettings:
    """Six steps at the least size on the CPU, unless ``settings`` say else."""
    values: dict[str, Any] = {
        "home": home, "name": "alice", "steps": 6, "size": SIZE, "batch": 2, "rank": 2,
        "checkpoint_every": 2, "preview_every": 0, "learning_rate": 1e-2, "warmup": 2,
        "device": "cpu", "report_prompts": 2,
    }  # fmt: skip
    return tune_settings(**{**values, **settings})


def run_tune(settings: TuneSettings | TuneConfig, progress: Progress) -> TuneResult:
    config, internals = settings if isinstance(settings, tuple) else (settings, TuneInternals())
    profile = Profile.open(config.name, config.home)
    parts = base_of(config.home, profile, config.base)
    weights, recipe = fingerprints(parts), load_recipe(config.recipe, parts.family)
    check_base(profile, parts, config.retune or config.restart, weights["fingerprint"])
    with profile.lock():
        return tune.run(profile, config, parts, weights, recipe, progress, internals)


def run_invert(config: InvertConfig, progress: Progress) -> InvertResult:
    profile = Profile.open(config.name, config.home)
    return invert.run(profile, config, base_of(config.home, profile, config.base), progress)


def run_generate(
    config: GenerateConfig,
    progress: Progress,
    calls: Calls = Calls(),
    prompts: Iterable[str] | None = None,
) -> GenerateResult:
    profile = Profile.open(config.name, config.home)
    parts = base_of(config.home, profile, config.base)
    return generate.run(profile, config, parts, progress, calls, prompts)


def short_drawing(home: Path, out: Path, **settings: Any) -> GenerateConfig:
    """One small picture in two steps, unless ``settings`` say else."""
    values: dict[str, Any] = {
        "home": home, "name": "alice", "prompts": ("as an astronaut",), "size": SIZE, "steps": 2,
        "seed": 7, "out": out / "pics", "device": "cpu",
    }  # fmt: skip
    return GenerateConfig(**{**values, **settings})


def run_evaluate(config: EvaluateConfig, progress: Progress) -> EvaluateResult:
    profile = Profile.open(config.name, config.home)
    return evaluate.run(profile, config, base_of(config.home, profile, config.base), progress)


def run_stylemix(config: StylemixConfig, progress: Progress) -> StylemixResult:
    a, b = Profile.open(config.a, config.home), Profile.open(config.b, config.home)
    return stylemix.run(a, b, config, base_of(config.home, a, config.base), progress)
