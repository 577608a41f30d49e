"""The Python API: the commands' work as functions, with frozen results and no terminal.

Each function opens the profile, the base and the recipe once, makes one configuration (which is
checked as it is made), and hands them to a stage. Nothing heavy is imported before all of that is
sound. What a person would have to mend is a `PidiffError`.

Arguments that all of them take:
    home: the folder that holds ``profiles/`` and ``models/``; None is PIDIFF_HOME or the
        platform's user data folder. device: auto, cpu, cuda or mps. offline: never use the network.
    progress: a callback that gets an `Event`, or a `Progress` of one's own. A callback that
        returns True ends a `tune` after the step under way (StoppedError; the same call goes on)
        and a `generate` after the prompt under way (it returns what is drawn). The others end by
        themselves soon. What a callback raises comes through; nothing half-written stays.
    settings: further fields of the command's configuration (`pidiff_cli.config`), as the
        command's options of the same names, with the same units and ranges (docs/cli.md); None
        leaves the recipe's or the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli.config import (
    EvaluateConfig,
    GenerateConfig,
    InvertConfig,
    JudgeConfig,
    PrepareConfig,
    StylemixConfig,
    check_values,
)
from pidiff_cli.core.record import read_record
from pidiff_cli.errors import InputError, PidiffError, StoppedError, UsageError
from pidiff_cli.files import can_be_folder, expanded
from pidiff_cli.profile import Profile, check_name, hold, note_folder, settle
from pidiff_cli.stages.checks import (
    check_base,
    check_drawing,
    check_inverting,
    check_is_made,
    check_learning,
    check_mixing,
    check_pictures,
)
from pidiff_cli.stages.consent import take_consent
from pidiff_cli.stages.edits import known_edits
from pidiff_cli.stages.gallery.inputs import PAGE, Asked, asked_gallery, page_at
from pidiff_cli.stages.kept import keep_loaded
from pidiff_cli.stages.noun import check_noun, take_noun
from pidiff_cli.stages.opening import (
    Paths,
    Place,
    base_of,
    draw_values,
    field_values,
    known_prompts,
    open_base,
    open_person,
    own_name,
    paths_of,
    profile_named,
    taken_seed,
)
from pidiff_cli.stages.prepare.once import prepared
from pidiff_cli.stages.progress import Callback, Event, Progress
from pidiff_cli.stages.recorded import recorded_person, recorded_settings
from pidiff_cli.stages.results import (
    DoctorResult,
    EvaluateResult,
    GalleryResult,
    GenerateResult,
    InvertResult,
    JudgeResult,
    Picture,
    PlanResult,
    PrepareResult,
    PromptNote,
    StylemixResult,
    TuneResult,
)
from pidiff_cli.stages.tune.already import check_kept
from pidiff_cli.stages.tune.settings import OpenedTuning, open_tuning
from pidiff_cli.tables import rows_at_fault
from pidiff_cli.weights.locate import BaseParts

if TYPE_CHECKING:
    import numpy as np

    from pidiff_cli.stages.prepare.look import LookResult
    from pidiff_cli.stages.prepare.photos import Seen

__all__ = [
    "EvaluateResult", "Event", "GalleryResult", "GenerateResult", "InvertResult", "JudgeResult",
    "PidiffError", "Picture",
    "PlanResult", "PrepareResult", "Progress", "StoppedError", "StylemixResult", "TuneResult",
    "again", "dials", "evaluate", "gallery", "generate", "generate_rows", "invert",
    "judge_pictures", "keep_loaded", "look", "mix_sheet", "plan", "prepare", "stylemix", "tune",
]  # fmt: skip

DRAWN_FOR_BEST, MOST = 4, 1000  # pictures drawn for each that ``best`` keeps, unless ``count`` says


def prepare(
    photos: Paths,
    name: str,
    *,
    force: bool = False,
    faces: Mapping[Path, int] | None = None,
    seen: Seen | None = None,
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> PrepareResult:
    """Photos → a profile with aligned, masked faces: the one that is there, or a new one.

    The same photos again change nothing; more photos beside the same ones make the profile anew;
    other photos need ``force``. A failure leaves the old profile as it was.

    Args:
        photos: files or folders. faces: chosen by hand, a photo and which of its faces, 0 the
            largest. seen: what `look` saw of these photos, which need not be looked at again.
        settings: noun, keep_photos, min_face (px), min_sharpness,
            hold_out, face_size (px), max_pixels, person (1 is who most photos show), like (a photo
            of whom is meant), consent (self, agreed, synthetic; unstated where nothing is said).

    Raises:
        InputError: the name is not allowed or taken by other photos, or the photos are at fault.
    """
    place = Place.of(home, device, offline, progress)
    settings |= {"photos": tuple(paths_of(photos)), "name": own_name(place.home, name)}
    settings |= {"faces": tuple((faces or {}).items())}
    config = place.config(PrepareConfig, **settings)
    noun, old = settings.get("noun"), None if force else profile_named(place.home, config.name)
    check_noun(old, noun)
    can_be_folder(place.home / "profiles")
    check_pictures(config.photos, config.like)
    with hold(place.home / "profiles" / config.name):
        result = prepared(config, force, place.progress, seen)
        opened = Profile.open(result.profile, place.home)
        take_noun(opened, noun, place.progress)
        take_consent(opened, config.consent, place.progress)
    return result


def look(
    photos: Paths,
    seen: Seen | None = None,
    *,
    faces: Mapping[Path, int] | None = None,
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    **settings: Any,
) -> LookResult:
    """What `prepare` would make of photos: the faces in each, kept or why not. Nothing is written.

    Args:
        photos: files. seen: what was seen of some of them before (`Seen`), which then need not be
            looked at again; it is added to. faces, settings: as in `prepare`.

    Raises:
        UsageError: settings that cannot mean anything.
    """
    place = Place.of(home, device, offline, None)
    settings |= {"photos": tuple(paths_of(photos)), "faces": tuple((faces or {}).items())}
    config = place.config(PrepareConfig, **{"name": "this person", **settings})
    from pidiff_cli.stages.prepare import look as stage
    from pidiff_cli.stages.prepare.photos import Seen

    return stage.look(config, seen or Seen())


def invert(
    profile: str | Path,
    *,
    base: str = "mini",
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> InvertResult:
    """Aligned faces → W+ codes, where they are missing or other settings ask for others.

    Args:
        profile: a name, or a path to a directory. base: whose W+ space is used, as in `tune`.
        settings: refine (steps), seed.

    Raises:
        InputError: no such profile, or it holds no photos. MissingWeightError: no such base here,
            or no W+ networks. UsageError: settings that cannot mean anything.
    """
    place = Place.of(home, device, offline, progress)
    settle(profile, place.home)
    opened = Profile.open(profile, place.home)
    parts = open_base(place.home, device, base, place.progress)
    config = place.config(InvertConfig, name=str(opened.folder), base=parts.name, **settings)
    check_inverting(opened, parts, any(value is not None for value in settings.values()))
    from pidiff_cli.stages.invert import inverted

    with opened.lock():
        return inverted(opened, config, parts, place.progress)


def tune(
    sources: Paths,
    name: str | None = None,
    *,
    base: str = "auto",
    recipe: str = "auto",
    noun: str | None = None,
    keep_photos: bool = True,
    person: int | None = None,
    like: str | Path | None = None,
    consent: str = "",
    force: bool = False,
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> TuneResult:
    """Learn one person: prepare and invert where needed, then tune. The same call goes on after an
    interruption, and does nothing when all is done; only ``retune`` or ``restart`` replaces a
    finished tuning.

    Args:
        sources: photos or folders with the ``name`` of their profile, or a profile without one.
        base: auto, mini, sd15, sdxl, a path or a hub id. recipe: a name, or a YAML file's path.
        noun: what prompts call the person; of a tuned profile only with restart or retune.
        keep_photos, person, like, consent, force: of a profile that is made now, as in `prepare`.
        settings: wplus (whether the W+ branch too: auto, on, off), steps, batch, rank, alpha,
            learning_rate, lora_rank, lora_alpha, lora_rate, lora_layers, optimizer, seed,
            size (px), memory (GB), checkpointing, quantise, trained_blocks, face_phase,
            preserve_weight, preserve_share, preview_every, checkpoint_every, resume, restart,
            retune.

    Raises:
        InputError: photos, profile or recipe are at fault, or it is tuned on another base.
        UsageError: settings that cannot mean anything; all are listed.
        MissingWeightError: the base is not here, or with ``wplus`` on its W+ networks.
        OutOfMemoryError: it has no room. StoppedError: the callback asked to stop.
    """
    place = Place.of(home, device, offline, progress)
    about: dict[str, Any] = {
        "photos": tuple(paths_of(sources)), "noun": noun, "keep_photos": keep_photos,
        "person": person, "like": like, "consent": consent,
        "name": name and own_name(place.home, name),
    }  # fmt: skip
    check_values(PrepareConfig, about)
    settle(name or paths_of(sources)[0], place.home)
    opened = open_tuning(place, sources, name, base, recipe, settings, anew=force)
    profile, parts, config = opened.profile, opened.parts, opened.config
    anew = config.retune or config.restart
    if profile is not None:
        check_is_made(profile, force=force, no_photos=not keep_photos, person=person, like=like)
    check_learning(opened.known, parts, anew, noun)
    if opened.known is not None:
        check_kept(opened.known, config, parts, settings)
    if profile is None:
        can_be_folder(place.home / "profiles")
        wanted = place.config(PrepareConfig, **about)
        check_pictures(wanted.photos, wanted.like)
    folder = profile.folder if profile else place.home / "profiles" / about["name"]
    with hold(folder):
        return _tuned(place, opened, folder, about, settings, noun, anew, force)


def _tuned(
    place: Place, opened: OpenedTuning, folder: Path, about: dict[str, Any],
    settings: dict[str, Any], noun: str | None, anew: bool, force: bool,
) -> TuneResult:  # fmt: skip
    """What `tune` does while it holds the profile."""
    parts, config = opened.parts, opened.config
    if opened.profile is None:
        prepared(place.config(PrepareConfig, **about), force, place.progress)
    profile = Profile.open(folder, place.home)
    if opened.profile is None or about["consent"]:
        take_consent(profile, about["consent"], place.progress)
    from pidiff_cli.stages.base import fingerprints
    from pidiff_cli.stages.invert import inverted
    from pidiff_cli.stages.tune import run as stage

    weights = fingerprints(parts)
    check_base(profile, parts, anew, weights["fingerprint"])
    if stays := check_kept(profile, config, parts, settings):
        place.progress.line(stays)
        return stage.kept(profile)
    with profile.lock():
        take_noun(profile, noun, place.progress)
        if parts.wplus:
            inverted(profile, opened.reading, parts, place.progress, draft=True)
        return stage.run(profile, config, parts, weights, opened.recipe, place.progress)


def plan(
    sources: Paths,
    name: str | None = None,
    *,
    base: str = "auto",
    recipe: str = "auto",
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> PlanResult:
    """How `tune` with these arguments would be computed here; nothing is loaded or changed. Takes
    and raises what `tune` does."""
    place = Place.of(home, device, offline, progress)
    opened = open_tuning(place, sources, name, base, recipe, settings)
    from pidiff_cli.stages.tune.told import dry_run

    result, told = dry_run(opened.config, opened.parts)
    place.progress.line(told)
    return result


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
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> GenerateResult:
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
            style_from, literal (the prompt as it is typed), score (whether likeness is measured),
            mark ("all", "manifest" without the watermark, or "none"), nudity_filter, noun (of
            these pictures), base (another one of the same family).

    Raises:
        InputError: no such profile or W+ code, or no picture is as alike as was asked for.
        UsageError: settings that cannot mean anything. MissingWeightError: no such base here.
    """
    place = Place.of(home, device, offline, progress)
    known, more = known_prompts(prompts)
    opened, config, parts = _drawing(place, profile, known, best, count, settings)
    from pidiff_cli.stages import generate as stage

    told = on_picture, more, on_prompt, on_written, on_notes
    if not gallery:
        return stage.run(opened, config, parts, place.progress, *told)
    page_at(config.out / PAGE)
    drawn = stage.run(opened, config, parts, place.progress, *told)
    return replace(drawn, gallery=_gallery_of(drawn, config.out, place))


def _drawing(
    place: Place,
    profile: str | Path,
    prompts: tuple[str, ...],
    best: int | None,
    count: int | None,
    settings: dict[str, Any],
) -> tuple[Profile, GenerateConfig, BaseParts]:
    """What `generate` draws: the profile, the configuration and the base, all sound."""
    if "+" in str(profile) and not Path(profile).exists():
        raise UsageError(
            "Several people in one picture are not possible yet.",
            f"Mix their looks instead: pidiff stylemix {str(profile).replace('+', ' ')}",
        )
    opened = open_person(profile, place.home)
    settings = dict(settings)
    parts = base_of(place.home, opened, settings.pop("base", ""))
    settings["seed"] = taken_seed(settings.get("seed"), place.progress)
    if isinstance(best, int) and best > 0 and count is None:
        count = min(DRAWN_FOR_BEST * best, MOST)
    settings |= {"name": str(profile), "base": parts.name, "prompts": prompts}
    settings |= {"best": best, "count": count}
    config = place.config(GenerateConfig, **draw_values(opened, parts, GenerateConfig, settings))
    check_drawing(config, opened, parts)
    note_folder(opened, place.home)
    return opened, config, parts


def generate_rows(
    rows: Mapping[str, Mapping[str, Any]],
    *,
    on_row: Callable[[str, GenerateResult], None] | None = None,
    on_written: Callable[[Path], None] | None = None,
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
) -> GenerateResult:
    """Pictures of a table, whose rows may be of different people, on one loaded base.

    Args:
        rows: what a row is called in errors → its arguments of `generate`: profile, prompts, and
            its settings. on_row: called with each row's pictures. on_written: as `generate`'s.

    Raises:
        InputError: rows are at fault, each is told and nothing is drawn; otherwise as `generate`.
    """
    place = Place.of(home, device, offline, progress)
    found, faults = [], list[str]()
    for where, row in rows.items():
        given = dict(row)
        who, known = given.pop("profile"), known_prompts(given.pop("prompts"))[0]
        best, count = given.pop("best", None), given.pop("count", None)
        try:
            found.append((where, *_drawing(place, who, known, best, count, given)))
        except PidiffError as error:
            faults.append(f"{where}: {error.message} {error.hint}".rstrip())
    if faults:
        raise rows_at_fault("The table", faults, len(rows))
    if not found:
        raise InputError(
            "The table has no row.", "Its first row names the columns, then a row each."
        )
    from pidiff_cli.stages import generate as stage

    def told(row: stage.Row, drawn: GenerateResult) -> None:
        if on_row:
            on_row(row.where, drawn)

    return stage.run_rows([stage.Row(*one) for one in found], place.progress, told, on_written)


def again(
    image: str | Path,
    changes: dict[str, Any] | None = None,
    *,
    out: Path | None = None,
    profile: str | Path | None = None,
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
) -> GenerateResult:
    """Draw a picture again from the record inside it.

    Args:
        changes: settings of `generate` in place of the recorded ones, ``prompts`` and ``mark``
            among them.
        profile: where the person's profile is; else it is found by the random id in the record.

    Raises:
        InputError: no record in the picture, or its profile is not here. UsageError: a setting
            that cannot mean anything. MissingWeightError: no such base here.
    """
    place = Place.of(home, device, offline, progress)
    image = expanded(image)
    record = read_record(image)
    changes = field_values(changes or {})
    anew = {"literal": False, "subject": ()} if "prompts" in changes else {}
    values = recorded_settings(record, image, place.home, place.progress) | anew | changes
    opened = recorded_person(record, place.home, str(profile or ""))
    values["name"] = opened.name
    parts = base_of(place.home, opened, values.get("base", ""))
    values["seed"] = taken_seed(values["seed"], place.progress)
    config = place.config(GenerateConfig, **values, out=out)
    check_drawing(config, opened, parts, recorded=True)
    from pidiff_cli.stages import generate as stage

    return stage.run(opened, config, parts, place.progress)


def gallery(
    source: str | Path | None = None,
    *,
    out: str | Path | None = None,
    inside: str | Path | None = None,
    measure: bool = False,
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
) -> GalleryResult:
    """One HTML file that shows pictures with their records, to sort, filter and draw again.

    Small copies are inside the page and the files are linked relatively: page and folder can move
    together, and the page alone still shows the small ones. An earlier page of the same place gives
    the likenesses that it knew.

    Args:
        source: a folder (with those below it), or a profile: pictures of one person; None is the
            folder ``pics``.
        out: the page's file, or a folder for it; left out, ``gallery.html`` beside the pictures.
        inside: the folder in which a profile's pictures are; left out, ``pics``.
        measure: measure likenesses that are not known, of people whose profiles are here.

    Raises:
        InputError: there is no such folder or profile, or no picture; another file is in the place
            of the page. UsageError: ``inside`` with a folder.
    """
    place = Place.of(home, device, offline, progress)
    asked = asked_gallery(source, out, inside, place.home)
    from pidiff_cli.stages.gallery import run as stage

    return stage.run(asked, place.home, place.progress, measure=measure)


def _gallery_of(drawn: GenerateResult, folder: Path, place: Place) -> Path:
    """Bring the page of a folder up to date with pictures that were just drawn into it."""
    from pidiff_cli.stages.gallery import run as stage

    known = {picture.path: picture.likeness for picture in drawn.images}
    asked = Asked(folder, page_at(folder / PAGE))
    return stage.run(asked, place.home, place.progress, known).page


def dials(
    profile: str | Path,
    *,
    home: str | Path | None = None,
    base: str = "",
) -> dict[str, str]:
    """The edits that `generate` takes of a person, with what each does; none without a W+ code.

    Raises:
        InputError: no such profile. MissingWeightError: no such base here.
    """
    place = Place.of(home, "auto", True, None)
    opened = open_person(profile, place.home)
    return known_edits(opened, base_of(place.home, opened, base))


def stylemix(
    a: str | Path,
    b: str | Path,
    *,
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> StylemixResult:
    """Coarse, medium and fine W+ layers of two people: a contact sheet, pictures, a profile.

    Args:
        settings: coarse, medium, fine (how much of ``b``, 0 to 1), between, out, prompt, count,
            seed, name, force, identity_scale, mark, nudity_filter.

    Raises:
        InputError: no such profiles or codes, or the name is taken.
    """
    place = Place.of(home, device, offline, progress)
    if name := settings.get("name"):
        check_name(name)
    first, second = open_person(a, place.home), Profile.open(b, place.home)
    parts = base_of(place.home, first)
    settings["seed"] = taken_seed(settings.get("seed"), place.progress)
    settings |= {"a": str(a), "b": str(b), "base": parts.name}
    config = place.config(StylemixConfig, **draw_values(first, parts, StylemixConfig, settings))
    check_mixing(first, second, config, parts)
    from pidiff_cli.stages import stylemix as stage

    return stage.run(first, second, config, parts, place.progress)


def mix_sheet(
    a: str | Path,
    b: str | Path,
    *,
    home: str | Path | None = None,
    **settings: Any,
) -> np.ndarray:
    """The contact sheet of `stylemix` alone, uint8 (H, W, 3), drawn by the generator at once.

    Args:
        settings: coarse, medium, fine, between.

    Raises:
        InputError: no such profiles or codes. MissingWeightError: no W+ networks here.
    """
    place = Place.of(home, "cpu", True, None)
    first, second = open_person(a, place.home), Profile.open(b, place.home)
    parts = base_of(place.home, first)
    settings |= {"a": str(a), "b": str(b), "base": parts.name}
    config = place.config(StylemixConfig, **settings)
    check_mixing(first, second, config, parts)
    from pidiff_cli.stages import stylemix as stage

    return stage.sheet_of(first, second, config, parts)


def evaluate(
    profile: str | Path,
    prompts: str | Iterable[str] = (),
    *,
    gates: Sequence[str] = (),
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> EvaluateResult:
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
    home: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: Progress | Callback | None = None,
    **settings: Any,
) -> JudgeResult:
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
    for i, one in enumerate(sets):
        if one.draw:
            drawn = generate(
                one.draw, prompts, count=config.count, seed=config.seed, score=False,
                mark="manifest",  # figures are those of the pictures as drawn
                out=config.out / one.name, home=place.home, device=device, offline=offline,
                progress=place.progress,
            )  # fmt: skip
            sets[i] = replace(one, files=tuple(picture.path for picture in drawn.images))
    from pidiff_cli.stages.judge import run as stage

    return stage.run(sets, parsed, config, place.progress)


def doctor(home: Path) -> DoctorResult:
    """What this machine can do; changes nothing, needs no weights and no network."""
    from pidiff_cli.stages import doctor as stage
    from pidiff_cli.stages.tune.told import fits

    return stage.run(home, fits(home))
