"""Pictures of one person: generate, and what it can change of a face."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pidiff_cli.api.asked import asked_drawing
from pidiff_cli.api.pages import page_of
from pidiff_cli.stages.edits import known_edits
from pidiff_cli.stages.gallery.inputs import PAGE, page_at
from pidiff_cli.stages.generate.calls import Calls
from pidiff_cli.stages.opening import Home, Listener, Place, base_of, known_prompts, open_person
from pidiff_cli.stages.results import GenerateResult, Picture, PromptNote


def generate(
    profile: str | Path,
    prompts: str | Iterable[str],
    *,
    best: int | None = None,
    count: int | None = None,
    gallery: bool = False,
    on_picture: Callable[[Picture], None] | None = None,
    on_prompt: Callable[[], None] | None = None,
    on_written: Callable[[Path], None] | None = None,
    on_notes: Callable[[tuple[PromptNote, ...]], None] | None = None,
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> GenerateResult:  # fmt: skip
    """Pictures of a profile's person.

    Args:
        prompts: one, or several; of an iterator the next is taken when the last one is drawn.
        best: keep the most alike of ``count`` (of 4 for each, when it is left out).
        gallery: also write, or bring up to date, the page ``gallery.html`` of the folder.
        on_picture: called with each picture, its likeness known. on_prompt: after each prompt's.
        on_written: with each file as soon as it is written. on_notes: with what is told of each
            prompt, before its pictures.
        settings: seed (or "random"), out, identity_scale, start, keep_background, guidance,
            prompt_pull, steps, size, negative, scheduler, min_likeness, edits (name → strength),
            checkpoint (a kept step of the tuning), style_from, literal (the prompt as it is
            typed), score (whether likeness is measured), mark ("all", "manifest" without the
            watermark, or "none"), nudity_filter, noun (of these pictures), base (another one of
            the same family).

    Raises:
        InputError: no such profile or W+ code, or no picture is as alike as was asked for.
        UsageError: settings that cannot mean anything. MissingWeightError: no such base here.
    """
    place = Place.of(home, device, offline, progress)
    known, more = known_prompts(prompts)
    opened, config, parts = asked_drawing(place, profile, known, best, count, settings)
    if gallery:
        page_at(config.out / PAGE)
    from pidiff_cli.stages.generate import run as stage

    calls = Calls(on_picture, on_prompt, on_written, on_notes)
    drawn = stage.run(opened, config, parts, place.progress, calls, more)
    return replace(drawn, gallery=page_of(drawn, config.out, place)) if gallery else drawn


def dials(
    profile: str | Path,
    *,
    home: Home = None,
    base: str = "",
) -> dict[str, str]:
    """The edits that `generate` takes of a person, with what each does; none without a W+ code.

    Raises:
        InputError: no such profile. MissingWeightError: no such base here.
    """
    place = Place.of(home, "auto", True, None)
    opened = open_person(profile, place.home)
    return known_edits(opened, base_of(place.home, opened, base))
