"""evaluate: the measures of docs/method.md, section 8, on a profile's pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from pidiff_cli.config import EvaluateConfig
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.files import PUBLIC, write_file
from pidiff_cli.profile import Profile
from pidiff_cli.stages import person
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.reading import PromptReader, short
from pidiff_cli.stages.report import measure, page
from pidiff_cli.stages.report import plots as _plots
from pidiff_cli.stages.report import summary as _summary
from pidiff_cli.stages.report.evaluators import Evaluators, open_evaluators
from pidiff_cli.stages.report.measure import EvaluatedImage
from pidiff_cli.stages.report.words import tells_nothing
from pidiff_cli.stages.results import EvaluateResult
from pidiff_cli.weights.locate import BaseParts

PROMPTS = 6  # standard prompts drawn when none are given
_NOT_SHOWN = {"home", "device", "offline", "name", "out", "prompts"}


def run(
    profile: Profile, config: EvaluateConfig, parts: BaseParts, progress: Progress
) -> EvaluateResult:
    """Draw prompts with and without the identity, measure, write the report and the table.

    Raises:
        InputError: no W+ code, or the folder cannot be written.
        MissingWeightError: the base does not load.
        UsageError: a size that the base cannot draw.
    """
    loaded = person.load_person(profile, parts, config.device, True, progress)
    reader = person.prompt_reader(loaded, edits=False)
    settings = replace(
        person.draw_settings(config), size=person.drawn_side(loaded, config.size, progress),
        negative=reader.negative(config.negative, progress)[0],
    )  # fmt: skip
    out = person.make_folder(config.out)
    tools = open_evaluators(profile, loaded.faces, parts, config.home, loaded.reader)
    plan = [
        (prompt, config.seed + i)
        for prompt in _prompts(config, loaded, reader, progress)
        for i in range(config.count)
    ]
    progress.start("evaluate", 2 * len(plan))
    shown = measure.measure(
        loaded.base, loaded.code, plan, settings, tools,
        on_done=partial(progress.advance, "evaluate"),
    )  # fmt: skip
    measured = _summary.summarise(shown, tools)
    data = _document(config, loaded, tools, measured, shown)
    html = page.build_html(data, *_faces(loaded), shown, _plots.plot(shown, measured))
    table = out / f"{profile.name}.json"
    write_file(table, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode(), PUBLIC)
    target = out / f"{profile.name}.html"
    write_file(target, html.encode(), PUBLIC)
    prompts = len(data["prompts"])
    progress.finish(
        "evaluate",
        f"{len(shown)} pictures of {prompts} prompt{'s' * (prompts != 1)}, each with the "
        "identity and without",
    )
    if _summary.copies(measured):
        progress.warn("Pose and expression follow the photos more than the prompts (copy-paste).")
    return EvaluateResult(
        profile.folder, data["base"], data["measures"], tuple(data["prompts"]),
        tuple(data["seeds"]), tuple(data["pictures"]), target, table,
    )  # fmt: skip


def _prompts(
    config: EvaluateConfig, loaded: person.LoadedPerson, reader: PromptReader, progress: Progress
) -> list[EncodedPrompt]:
    """The prompts that were given, or the standard ones that the base has words for."""
    if config.prompts:
        several = len(config.prompts) > 1
        return [
            reader.read(prompt, progress, f"{short(prompt)!r}: " if several else "").encoded
            for prompt in config.prompts
        ]
    noun = loaded.profile.manifest.noun
    return measure.standard_prompts(loaded.base, noun, PROMPTS)


def _document(
    config: EvaluateConfig,
    loaded: person.LoadedPerson,
    tools: Evaluators,
    measured: dict[str, _summary.Measured],
    shown: list[EvaluatedImage],
) -> dict[str, Any]:
    """What the JSON file holds."""
    likeness = measured["likeness"].value
    told = {
        "held_out": likeness if tools.held_out else None,
        "learnt_from": None if tools.held_out else likeness,
        "told": not tells_nothing(loaded.profile, loaded.parts.family),
    }
    settings = {k: v for k, v in asdict(config).items() if k not in _NOT_SHOWN}
    settings["base"] = loaded.record["base"]["name"]
    data = page.build_json(loaded.profile.name, told, measured, shown, [], settings)
    data["profiles"] = [loaded.profile.manifest.id]
    return {**data, "base": settings["base"], "versions": loaded.record["versions"]}


def _faces(loaded: person.LoadedPerson) -> tuple[list[Any], int]:
    """The aligned faces that are there, held-out ones last, and how many those are."""
    found = [photo for photo in loaded.profile.photos if photo.key in loaded.faces]
    found.sort(key=lambda photo: photo.held_out)
    return [loaded.faces[photo.key] for photo in found], sum(photo.held_out for photo in found)
