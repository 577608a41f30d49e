"""generate: pictures of a profile's person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.config import GenerateConfig
from pidiff_cli.core.diffusion.guidance import DrawSettings
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.marks.marker import Marker
from pidiff_cli.profile import Profile
from pidiff_cli.safety.prompts import check_prompts
from pidiff_cli.stages import person
from pidiff_cli.stages.base import base_kept
from pidiff_cli.stages.checks import check_has_code, check_measurable
from pidiff_cli.stages.codes import edited, mixed_from
from pidiff_cli.stages.decent import decent, open_filter
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.reading import LISTED, Edits, PromptReader, Reading, short
from pidiff_cli.stages.report.words import tells_nothing
from pidiff_cli.stages.results import (
    GenerateResult,
    Picture,
    PromptNote,
    RejectedPicture,
)
from pidiff_cli.values import prompt_problems, style_layers
from pidiff_cli.weights.locate import BaseParts

_NOT_RECORDED = {
    "home", "device", "offline", "out", "prompts", "count", "seed", "best", "min_likeness", "score",
    "name", "style_from", "mark", "nudity_filter",
}  # fmt: skip


def run(
    profile: Profile,
    config: GenerateConfig,
    parts: BaseParts,
    progress: Progress,
    on_picture: Callable[[Picture], None] | None = None,
    prompts: Iterable[str] | None = None,
    on_prompt: Callable[[], None] | None = None,
    on_written: Callable[[Path], None] | None = None,
    on_notes: Callable[[tuple[PromptNote, ...]], None] | None = None,
) -> GenerateResult:
    """Draw every prompt ``count`` times and write the pictures.

    On a GPU a few pictures are drawn at once, of the configuration's prompts also across prompts.

    Args:
        on_picture: called with each picture that is written, with its likeness.
        prompts: instead of the configuration's; the next one is taken when the last one is drawn,
            so they may come from somebody who looks at the pictures first.
        on_prompt: called when the pictures of a prompt are written and told.
        on_written: called with each file before its likeness is measured, where that decides
            nothing; otherwise with each that is kept.
        on_notes: called with what was told of a prompt, before its pictures.

    Raises:
        InputError: no W+ code, the folder cannot be written, or no picture of any prompt is as
            alike as was asked for.
        MissingWeightError: no such weights here, or none to measure the likeness that was asked
            for.
        UsageError: a setting that cannot mean anything.
    """
    writing = Writing.of(config, parts, progress)
    loaded = _loaded(profile, config, parts, progress)
    drawn = _all_drawn(
        loaded, config, writing, progress, on_picture, prompts, on_prompt, on_written, on_notes
    )
    if not drawn.images:
        raise _none(config, [*drawn.fell])
    return drawn


@dataclass(frozen=True)
class Writing:
    """What every picture meets before it is written: ``marker`` marks it, ``looks`` looks at it."""

    marker: Marker | None
    looks: Any

    @classmethod
    def of(cls, config: GenerateConfig, parts: BaseParts, progress: Progress) -> Writing:
        """As the settings ask for; what is left out is told."""
        return cls(person.open_marker(config, progress), open_filter(config, parts, progress))


@dataclass(frozen=True)
class Row:
    """One row of a table: whose pictures, on what, how. ``where``: what it is called in words."""

    where: str
    profile: Profile
    config: GenerateConfig
    parts: BaseParts


def run_rows(
    rows: Sequence[Row],
    progress: Progress,
    on_row: Callable[[Row, GenerateResult], None] | None = None,
    on_written: Callable[[Path], None] | None = None,
) -> GenerateResult:
    """Draw a table of rows, on one loaded base; from one person to the next adapters are swapped.

    A row none of whose pictures is kept is told, and the others are drawn.

    Args:
        on_row: called with each row when its pictures are there. on_written: as ``run``'s.

    Raises:
        InputError, MissingWeightError, UsageError: as ``run``.
    """
    every = GenerateResult(())
    loaded: person.LoadedPerson | None = None
    quiet, writings = _Silent(progress), dict[object, Writing]()
    progress.start("generate", sum(len(row.config.prompts) * row.config.count for row in rows))
    with base_kept():
        for row in rows:
            kind = (row.config.mark, row.config.nudity_filter, row.parts)
            if kind not in writings:
                writings[kind] = Writing.of(row.config, row.parts, progress)
            loaded = _next(loaded, row, progress)
            drawn = _all_drawn(loaded, row.config, writings[kind], quiet, on_written=on_written)
            if not drawn.images:
                progress.warn(f"{row.where}: {_none(row.config, [*drawn.fell]).message}")
            every = GenerateResult(
                every.images + drawn.images,
                every.fell + drawn.fell,
                notes=every.notes + drawn.notes,
            )
            if on_row:
                on_row(row, drawn)
            progress.advance("generate", len(row.config.prompts) * row.config.count)
            if progress.stopping():
                break
    count = len(every.images)
    of_rows = f"of {len(rows)} row{'s' * (len(rows) != 1)}"
    progress.finish("generate", f"{count} picture{'s' * (count != 1)} {of_rows}")
    return every


class _Silent(Progress):
    """A row's progress: its advice comes through, its bar does not."""

    def __init__(self, progress: Progress) -> None:
        self.line, self.warn = progress.line, progress.warn  # type: ignore[method-assign]


def _next(last: person.LoadedPerson | None, row: Row, progress: Progress) -> person.LoadedPerson:
    """The row's person, loaded: the last one where nothing of it has changed."""
    config, folder = row.config, row.profile.folder
    if last is not None and last.profile.folder == folder and last.parts == row.parts:
        if last.reader is not None or not _scores(config):
            _check_measurable(config, last)
            return replace(last, noun=config.noun or last.profile.manifest.noun)
    return _loaded(row.profile, config, row.parts, progress, last)


def _scores(config: GenerateConfig) -> bool:
    return config.score or config.best > 0 or config.min_likeness > 0


def _loaded(
    profile: Profile,
    config: GenerateConfig,
    parts: BaseParts,
    progress: Progress,
    last: person.LoadedPerson | None = None,
) -> person.LoadedPerson:
    """The person on the base, and what measures the likeness that was asked for."""
    score, noun = _scores(config), config.noun
    loaded = person.load_person(profile, parts, config.device, score, progress, noun, last)
    _check_measurable(config, loaded)
    return loaded


def _check_measurable(config: GenerateConfig, loaded: person.LoadedPerson) -> None:
    """Raise where a likeness was asked for that cannot be measured."""
    if config.best > 0 or config.min_likeness > 0:
        faces = loaded.reference is not None
        check_measurable(config, loaded.profile, loaded.reader is not None, faces)


def _all_drawn(
    loaded: person.LoadedPerson,
    config: GenerateConfig,
    writing: Writing,
    progress: Progress,
    on_picture: Callable[[Picture], None] | None = None,
    prompts: Iterable[str] | None = None,
    on_prompt: Callable[[], None] | None = None,
    on_written: Callable[[Path], None] | None = None,
    on_notes: Callable[[tuple[PromptNote, ...]], None] | None = None,
) -> GenerateResult:
    """The pictures of a configuration that are kept, those that are not, and what was told."""
    reader = person.prompt_reader(loaded, config.literal, subject=config.subject)
    side = person.drawn_side(loaded, config.size, progress)
    negative, doubts = reader.negative(config.negative, progress)
    settings = replace(person.draw_settings(config), size=side, negative=negative)
    notes = [PromptNote("", text) for text in doubts]
    code = _code(config, loaded)
    out = person.make_folder(config.out)
    known = None if prompts is not None else len(config.prompts) * config.count
    progress.start("generate", known)
    pictures: list[Picture] = []
    fell: list[RejectedPicture] = []
    told = 0  # notes
    groups = [config.prompts] if prompts is None else ((prompt,) for prompt in prompts)
    several = prompts is not None or len(config.prompts) > 1
    read = partial(_read, reader, progress, several)
    for reading, drawn in _drawn(config, settings, loaded, code, map(read, groups), progress):
        before, prompt = len(fell), reading.typed
        notes += [PromptNote(prompt, text) for text in reading.notes]
        if on_notes:
            on_notes(tuple(notes[told:]))
            told = len(notes)
        drawn = decent(drawn, writing.looks, prompt, fell)
        for picture in _one_prompt(
            config, loaded, reading, drawn, out, writing.marker, fell, on_written
        ):
            pictures.append(picture)
            if on_picture:
                on_picture(picture)
        if several and len(fell) - before == config.count:
            progress.warn(f"No picture of {prompt!r} is kept.")
        if on_prompt:
            on_prompt()
        if progress.stopping():
            break
    progress.finish("generate", _told(pictures, loaded))
    for one in fell:
        progress.line(f"seed {one.seed}  {one.reason}")
    return GenerateResult(tuple(pictures), tuple(fell), notes=tuple(notes))


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
            _edited(code, edits, config, loaded), seeds * len(readings), settings,
            lambda: progress.advance("generate", 1 / config.steps),
        )  # fmt: skip
        for reading in readings:
            yield reading, islice(drawn, config.count)


def _one_prompt(
    config: GenerateConfig,
    loaded: person.LoadedPerson,
    reading: Reading,
    drawn: Iterator[tuple[int, np.ndarray]],
    out: Any,
    marker: Marker | None,
    fell: list[RejectedPicture],
    on_written: Callable[[Path], None] | None,
) -> Iterator[Picture]:
    """The pictures of one prompt, written; with ``best`` only once all are drawn.

    Those that are not kept are added to ``fell``.
    """
    settings = _recorded(config, loaded)
    from_words = {"edits_from_words": _plain(reading.edits)} if reading.edits else {}
    if reading.named:  # a record names nobody: it holds the whole prompt, and what came of it
        edits = [*settings["edits"], *_plain(_more(reading.edits, config))]
        settings |= {"literal": True, "subject": _plain(reading.encoded.place), "edits": edits}
        from_words = {}

    def write(seed: int, image: np.ndarray, alike: float | None) -> Picture:
        record = {
            "prompt": reading.typed, "full_prompt": reading.encoded.text, "seed": seed,
            "settings": settings, **from_words, **loaded.record,
        }  # fmt: skip
        whole = person.enlarged(image, config.size)
        picture = person.write_picture(out, loaded.profile.name, whole, record, alike, marker)
        if on_written:
            on_written(picture.path)
        return picture

    def keep(candidates: list[PictureCandidate]) -> Iterator[Picture]:
        kept, others = keep_best(candidates, config.best, config.min_likeness)
        fell.extend(
            RejectedPicture(reading.typed, c.seed, c.likeness, reason) for c, reason in others
        )
        for c in kept:
            yield write(c.seed, c.image, c.likeness)

    def seen(seed: int, image: np.ndarray) -> PictureCandidate:
        return PictureCandidate(seed, image, person.alike(loaded, image))

    if config.best:
        yield from keep([seen(*item) for item in drawn])
    elif config.min_likeness:
        for item in drawn:
            yield from keep([seen(*item)])
    else:
        for seed, image in drawn:
            written = write(seed, image, None)
            yield replace(written, likeness=person.alike(loaded, image))


def _none(config: GenerateConfig, fell: list[RejectedPicture]) -> InputError:
    """What is told when no picture of any prompt is alike enough."""
    if fell and all(one.reason.startswith("blocked") for one in fell):
        what = "It was" if len(fell) == 1 else f"All {len(fell)} were"
        return InputError(f"No picture is written. {what} blocked: nudity.", "Another --seed.")
    scores = [(one.likeness, one.seed) for one in fell if one.likeness is not None]
    count = f"None of the {len(fell)} pictures" if len(fell) > 1 else "The picture does not"
    verb = "reaches" if len(fell) > 1 else "reach"
    if not scores:
        beside = "no face was found in any" if len(fell) > 1 else "no face was found in it"
        lower = ""
    else:
        top, seed = max(scores)
        beside = f"the most alike has {top:.2f} (seed {seed})"
        lower = f", or ask for less: --min-likeness {max(int(top * 100) / 100, 0.01):.2f}"
    return InputError(
        f"{count} {verb} a likeness of {config.min_likeness:g}; {beside}.",
        f"Draw more: -n {max(8, 2 * config.count)}{lower}",
    )


def _code(config: GenerateConfig, loaded: person.LoadedPerson) -> Tensor | None:
    """The person's W+ code (L, D) with the wished layers of others; None without a branch."""
    code = loaded.code
    if code is None:
        if config.edits or config.style_from:
            check_has_code(loaded.profile)
        return None
    if config.style_from:
        code = mixed_from(code, config.style_from, config.home)
    return edited(code, config.edits, loaded.parts) if config.edits else code


def _edited(
    code: Tensor | None, words: Edits, config: GenerateConfig, loaded: person.LoadedPerson
) -> Tensor | None:
    """A code with what a prompt's words ask for; an edit that was given comes before them."""
    if code is None:
        return None
    more = _more(words, config)
    code = edited(code, more, loaded.parts) if more else code
    return code.to(torch.float32)


def _more(words: Edits, config: GenerateConfig) -> Edits:
    """The edits that words become, without those that were given."""
    given = {name for name, _ in config.edits}
    return tuple(edit for edit in words if edit[0] not in given)


def _recorded(config: GenerateConfig, loaded: person.LoadedPerson) -> dict[str, Any]:
    """The settings as a record holds them; another person by the random id, the noun as drawn."""
    settings = {k: _plain(v) for k, v in asdict(config).items() if k not in _NOT_RECORDED}
    settings["style_from"] = ""
    if config.style_from:
        name, group, share = style_layers(config.style_from)
        key = Profile.open(name, config.home).manifest.id
        settings["style_from"] = f"{key}:{group}={share:g}"
    return {**settings, "noun": loaded.noun}


def _plain(value: Any) -> Any:
    """JSON form of a setting: tuples as lists, so that a record read back is equal."""
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _told(pictures: list[Picture], loaded: person.LoadedPerson) -> str:
    scores = [p.likeness for p in pictures if p.likeness is not None]
    if tells_nothing(loaded.profile, loaded.parts.family):
        scores = []
    beside = f" · likeness {sum(scores) / len(scores):.2f}" if scores else ""
    return f"{len(pictures)} picture{'s' * (len(pictures) != 1)}{beside}"


@dataclass(frozen=True)
class PictureCandidate:
    """A picture (H, W, 3) uint8; ``likeness`` is None where no face was found in it."""

    seed: int
    image: np.ndarray
    likeness: float | None


def keep_best(
    drawn: Sequence[PictureCandidate], best: int, least: float
) -> tuple[list[PictureCandidate], list[tuple[PictureCandidate, str]]]:
    """The pictures to keep, and the others with the reason.

    Args:
        best: how many at most, the most alike first; 0 is all, in the order they were drawn.
        least: likeness that a kept picture has; 0 asks for none, and then a picture without a face
            comes last but may be kept.
    """
    fell: list[tuple[PictureCandidate, str]] = []
    kept: list[PictureCandidate] = []
    for one in drawn:
        if least > 0 and one.likeness is None:
            fell.append((one, "no face found"))
        elif least > 0 and one.likeness is not None and one.likeness < least:
            fell.append((one, f"likeness {one.likeness:.2f}, below {least:.2f}"))
        else:
            kept.append(one)
    if best:
        kept.sort(key=lambda one: -2.0 if one.likeness is None else one.likeness, reverse=True)
        for rank, one in enumerate(kept[best:], start=best + 1):
            if one.likeness is None:
                fell.append((one, "no face found"))
            else:
                fell.append((one, f"likeness {one.likeness:.2f}, ranked {_ordinal(rank)}"))
        kept = kept[:best]
    return kept, sorted(fell, key=lambda item: item[0].seed)


def _ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
