"""What was measured of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class EvaluateResult:
    """Result of `evaluate`.

    Attributes:
        measures: name -> {"value", "plus_minus", "beside", "beside_is", "why"}; a value is None
            where it was not measured, and "why" says why.
        prompts, seeds: the pictures' means by prompt and by seed. pictures: one row a picture.
        report: the HTML page. table: the same numbers as JSON.
        gates: as in `JudgeResult`, with what is measured here.
    """

    profile: Path
    base: str
    measures: dict[str, dict[str, Any]]
    prompts: tuple[dict[str, Any], ...]
    seeds: tuple[dict[str, Any], ...]
    pictures: tuple[dict[str, Any], ...]
    report: Path
    table: Path
    gates: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class JudgeResult:
    """Result of `judge_pictures`, the judge of pictures that any program made.

    A measure is {"value", "low", "high", "n", "beside", "why"}: mean over pictures, 95 % interval,
    pictures that count, yardsticks by name; the value is None where it was not measured, and "why"
    says why.

    Attributes:
        verdict: what the numbers say, a sentence each.
        sets: {"name", "pictures", "against", "likeness_against", "measures", "encoders", "people",
            "each", "nearer_than_own_photos", "left_out"} of each folder, profile or step; sets with
            the same "against" share their photos; "encoders" has what depends on the encoder by
            its name, "each" a row for every picture.
        differences: of every two sets in every measure, with an interval.
        gates: {"gate", "of", "value", "passed", "why", "told"}; passed: whether all of them were.
        people: {"name", "learnt_from", "held_out", "spread", "left_out", "unsure"}.
        world: "photographs" or "drawings", as the people's photos were taken for.
        encoders: {"name", "file", "sha256", "same"}, the first is the one that "measures" and
            verdict speak of; text_scorer: likewise, or None.
        report: the HTML page. table: the same numbers as JSON.
    """

    verdict: tuple[str, ...]
    sets: tuple[dict[str, Any], ...]
    differences: tuple[dict[str, Any], ...]
    gates: tuple[dict[str, Any], ...]
    people: tuple[dict[str, Any], ...]
    world: str
    encoders: tuple[dict[str, Any], ...]
    text_scorer: dict[str, Any] | None
    passed: bool
    report: Path
    table: Path
