"""How alike: of a profile, and of pictures that any program made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli.api.drawing import generate
from pidiff_cli.config import EvaluateConfig, JudgeConfig
from pidiff_cli.stages.checks import check_drawing
from pidiff_cli.stages.opening import (
    Home,
    Listener,
    Paths,
    Place,
    base_of,
    draw_values,
    open_person,
    paths_of,
)
from pidiff_cli.stages.results import EvaluateResult, JudgeResult

if TYPE_CHECKING:
    from pidiff_cli.stages.judge.inputs import AskedSet


def evaluate(
    profile: str | Path,
    prompts: str | Iterable[str] = (),
    *,
    gates: Sequence[str] = (),
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> EvaluateResult:  # fmt: skip
    """Measure a profile: likeness, text alignment, background, attention, copy-paste.

    Args:
        prompts: what to draw, one or several; none takes the standard set.
        gates: such as "likeness>=0.45"; the result's ``gates`` say how they went.
        settings: count, seed, out, identity_scale, steps, and others of EvaluateConfig.

    Raises:
        InputError: no such profile or W+ code. MissingWeightError: no such base here.
        UsageError: settings or gates that cannot mean anything.
    """
    from pidiff_cli.stages.judge.gates import parse_gates, passes

    parsed, place = parse_gates(gates), Place.of(home, device, offline, progress)
    opened = open_person(profile, place.home)
    parts = base_of(place.home, opened)
    asked = (prompts,) if isinstance(prompts, str) else tuple(prompts)
    settings |= {"name": str(profile), "base": parts.name, "prompts": asked}
    config = place.config(EvaluateConfig, **draw_values(opened, parts, EvaluateConfig, settings))
    check_drawing(config, opened, parts)
    from pidiff_cli.stages import evaluate as stage

    result = stage.run(opened, config, parts, place.progress)
    return replace(result, gates=passes(parsed, result.measures)) if parsed else result


def judge_pictures(
    pictures: Paths,
    photos: Paths | Mapping[str, Paths] = (),
    held_out: Paths | Mapping[str, Paths] = (),
    *,
    profile: str | Path | None = None,
    gates: Sequence[str] = (),
    by_step: bool = False,
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> JudgeResult:  # fmt: skip
    """Measure pictures that any program made against photos of the people who should be in them.

    Args:
        pictures: a folder of pictures, or several folders to compare. A profile (its name, or its
            folder) stands for pictures that are drawn of it first, at the same seeds for each.
        photos: what was learnt from; of several people a dict by name. Left out, those of
            ``profile``, or of each profile among ``pictures``.
        held_out: other photos of the same people, likewise: without them copying is not measured.
        gates: such as "likeness>=0.45"; the result's ``gates`` and ``passed`` say how they went.
        by_step: a set for each step that a trainer's file names tell.
        settings: prompt (of the pictures that tell none; of profiles that are drawn), count, seed
            (of those), out.

    Raises:
        UsageError: a gate that cannot be parsed, or it is not said against which photos.
        InputError: no such folder or profile, or no picture or photo in it that can be used.
    """
    from pidiff_cli.stages.judge.asked import STANDARD, asked_sets
    from pidiff_cli.stages.judge.gates import parse_gates

    parsed, place = parse_gates(gates), Place.of(home, device, offline, progress)
    config = place.config(JudgeConfig, **settings)
    sets = asked_sets(place.home, paths_of(pictures), photos, held_out, profile, by_step)
    prompts = (config.prompt,) if config.prompt else STANDARD
    sets = [_with_pictures(one, config, prompts, place) for one in sets]
    from pidiff_cli.stages.judge import run as stage

    return stage.run(sets, parsed, config, place.progress)


def _with_pictures(
    one: AskedSet, config: JudgeConfig, prompts: tuple[str, ...], place: Place
) -> AskedSet:
    """A set with its pictures; of a profile they are drawn now."""
    if not one.draw:
        return one
    drawn = generate(
        one.draw, prompts, count=config.count, seed=config.seed, score=False,
        mark="manifest",  # figures are those of the pictures as drawn
        out=config.out / one.name, home=place.home, device=place.device, offline=place.offline,
        progress=place.progress,
    )  # fmt: skip
    return replace(one, files=tuple(picture.path for picture in drawn.images))
