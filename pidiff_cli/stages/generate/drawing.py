"""All prompts of a configuration, read, drawn and written one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, groupby, islice

import numpy as np
from torch import Tensor

from pidiff_cli.config import GenerateConfig
from pidiff_cli.core.diffusion.guidance import DrawSettings
from pidiff_cli.errors import UsageError
from pidiff_cli.safety.prompts import check_prompts
from pidiff_cli.stages import person
from pidiff_cli.stages.decent import decent
from pidiff_cli.stages.generate.calls import Calls
from pidiff_cli.stages.generate.codes import code_with, own_code
from pidiff_cli.stages.generate.safeguards import Safeguards
from pidiff_cli.stages.generate.writing import PictureWriter
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.reading import LISTED, PromptReader, Reading, short
from pidiff_cli.stages.report.words import tells_nothing
from pidiff_cli.stages.results import GenerateResult, Picture, PromptNote
from pidiff_cli.values import prompt_problems


def draw_all(
    loaded: person.LoadedPerson,
    config: GenerateConfig,
    safeguards: Safeguards,
    progress: Progress,
    calls: Calls = Calls(),
    prompts: Iterable[str] | None = None,
) -> GenerateResult:
    """The pictures of a configuration that are kept, those that are not, and what was told.

    Args:
        prompts: instead of the configuration's, taken one by one.
    """
    reader = person.prompt_reader(loaded, config.literal, subject=config.subject)
    side = person.drawn_side(loaded, config.size, progress)
    negative, doubts = reader.negative(config.negative, progress)
    settings = replace(person.draw_settings(config), size=side, negative=negative)
    notes = [PromptNote("", text) for text in doubts]
    code = own_code(config, loaded)
    out = person.make_folder(config.out)
    writer = PictureWriter(loaded, config, out, safeguards.marker, calls.on_written)
    known = None if prompts is not None else len(config.prompts) * config.count
    progress.start("generate", known)
    pictures: list[Picture] = []
    told = 0  # notes
    groups = [config.prompts] if prompts is None else ((prompt,) for prompt in prompts)
    several = prompts is not None or len(config.prompts) > 1
    read = partial(_read, reader, progress, several)
    for reading, drawn in _drawn(config, settings, loaded, code, map(read, groups), progress):
        before, prompt = len(writer.fell), reading.typed
        notes += [PromptNote(prompt, text) for text in reading.notes]
        if calls.on_notes:
            calls.on_notes(tuple(notes[told:]))
            told = len(notes)
        drawn = decent(drawn, safeguards.looks, prompt, writer.fell)
        for picture in writer.written(reading, drawn):
            pictures.append(picture)
            if calls.on_picture:
                calls.on_picture(picture)
        if several and len(writer.fell) - before == config.count:
            progress.warn(f"No picture of {prompt!r} is kept.")
        if calls.on_prompt:
            calls.on_prompt()
        if progress.stopping():
            break
    progress.finish("generate", _told(pictures, loaded))
    for one in writer.fell:
        progress.line(f"seed {one.seed}  {one.reason}")
    return GenerateResult(tuple(pictures), tuple(writer.fell), notes=tuple(notes))


def _read(
    reader: PromptReader, progress: Progress, several: bool, group: tuple[str, ...]
) -> list[Reading]:
    """A group of prompts as they are drawn; all doubts are told before the first picture."""
    if found := prompt_problems(group):
        raise UsageError(" ".join(found))
    check_prompts(group, reader.noun)
    read = [reader.read(p, progress, f"{short(p)!r}: " if several else "") for p in group]
    if any(reading.doubtful for reading in read):
        progress.warn(LISTED)
    return read


def _drawn(
    config: GenerateConfig,
    settings: DrawSettings,
    loaded: person.LoadedPerson,
    code: Tensor | None,
    groups: Iterable[list[Reading]],
    progress: Progress,
) -> Iterator[tuple[Reading, Iterator[tuple[int, np.ndarray]]]]:
    """Each prompt with its pictures, ``count`` of them, drawn as they are taken.

    Prompts of one group share batches as long as their words become the same edits; a group is
    taken when the one before is drawn.
    """
    seeds = [config.seed + i for i in range(config.count)]
    alike = (groupby(group, key=lambda reading: reading.edits) for group in groups)
    for edits, part in chain.from_iterable(alike):
        readings = [*part]
        drawn = person.draw_pictures(
            loaded, [one.encoded for one in readings for _ in seeds],
            code_with(code, edits, config, loaded), seeds * len(readings), settings,
            lambda: progress.advance("generate", 1 / config.steps),
        )  # fmt: skip
        for reading in readings:
            yield reading, islice(drawn, config.count)


def _told(pictures: list[Picture], loaded: person.LoadedPerson) -> str:
    scores = [p.likeness for p in pictures if p.likeness is not None]
    if tells_nothing(loaded.profile, loaded.parts.family):
        scores = []
    beside = f" · likeness {sum(scores) / len(scores):.2f}" if scores else ""
    return f"{len(pictures)} picture{'s' * (len(pictures) != 1)}{beside}"
