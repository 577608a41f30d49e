"""One person learnt: tune, and how it would be computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli.config import PrepareConfig, check_values
from pidiff_cli.files import can_be_folder
from pidiff_cli.profile import Profile, hold, settle
from pidiff_cli.stages.checks import check_base, check_is_made, check_learning, check_pictures
from pidiff_cli.stages.consent import take_consent
from pidiff_cli.stages.noun import take_noun
from pidiff_cli.stages.opening import Home, Listener, Paths, Place, own_name, paths_of
from pidiff_cli.stages.prepare.once import prepared
from pidiff_cli.stages.results import PlanResult, TuneResult
from pidiff_cli.stages.tune.already import check_kept
from pidiff_cli.stages.tune.settings import OpenedTuning, open_tuning


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
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> TuneResult:  # fmt: skip
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
            preserve_weight, preserve_share, preview_every, checkpoint_every, keep_checkpoints,
            always (learn also where no network here can tell whether that helps), resume, restart,
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
    _check_sound(place, opened, about, settings, force)
    profile = opened.profile
    folder = profile.folder if profile else place.home / "profiles" / about["name"]
    with hold(folder):
        return _tuned(place, opened, folder, about, settings, force)


def _check_sound(
    place: Place, opened: OpenedTuning, about: dict[str, Any], settings: dict[str, Any], force: bool
) -> None:
    """Refuse what cannot be, before anything is made; raises as `tune`."""
    if opened.profile is not None:
        check_is_made(
            opened.profile, force=force, no_photos=not about["keep_photos"],
            person=about["person"], like=about["like"],
        )  # fmt: skip
    check_learning(opened.known, opened.parts, opened.replaces, about["noun"])
    if opened.known is not None:
        check_kept(opened.known, opened.config, opened.parts, settings)
    if opened.profile is None:
        can_be_folder(place.home / "profiles")
        wanted = place.config(PrepareConfig, **about)
        check_pictures(wanted.photos, wanted.like)


def _tuned(
    place: Place, opened: OpenedTuning, folder: Path, about: dict[str, Any],
    settings: dict[str, Any], force: bool,
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
    check_base(profile, parts, opened.replaces, weights["fingerprint"])
    if stays := check_kept(profile, config, parts, settings):
        place.progress.line(stays)
        return stage.kept(profile)
    with profile.lock():
        take_noun(profile, about["noun"], place.progress)
        if parts.wplus:
            inverted(profile, opened.reading, parts, place.progress, draft=True)
        return stage.run(profile, config, parts, weights, opened.recipe, place.progress)


def plan(
    sources: Paths,
    name: str | None = None,
    *,
    base: str = "auto",
    recipe: str = "auto",
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> PlanResult:  # fmt: skip
    """How `tune` with these arguments would be computed here; nothing is loaded or changed. Takes
    and raises what `tune` does."""
    place = Place.of(home, device, offline, progress)
    opened = open_tuning(place, sources, name, base, recipe, settings)
    from pidiff_cli.stages.tune import as_it_is
    from pidiff_cli.stages.tune.told import dry_run

    known, config, parts = opened.known, opened.config, opened.parts
    result, told = dry_run(config, parts)
    place.progress.line(told)
    if known and not as_it_is.learns(known, config, parts):
        place.progress.warn(as_it_is.told(known, config))
    return result
