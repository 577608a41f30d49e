"""How commands build on each other: photos → profile → W+ codes → a tuned identity branch.

Stages do not know each other; what is done already, what must be done again and what a person
is told about it is decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pidiff_cli.cli.session import Session
from pidiff_cli.config import InvertConfig, PrepareConfig, TuneConfig
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import replacing, settle
from pidiff_cli.profile import Profile, check_name
from pidiff_cli.recipe import load_recipe, recipe_names, settings_for
from pidiff_cli.stages.results import (
    InvertResult,
    Kept,
    PlanResult,
    PrepareResult,
    Rejected,
    TuneResult,
)
from pidiff_cli.weights import locate


def prepared(
    session: Session, photos: Sequence[Path], name: str, force: bool = False, **given: Any
) -> PrepareResult:
    """A profile made of these photos: the one that is there, or a new one.

    The same photos again change nothing; more photos beside the same ones make the profile anew;
    other photos need `force`. A failure leaves the old profile as it was.

    Raises:
        InputError: the name is not allowed or taken by other photos, or the photos are at fault.
    """
    session.output.loading()
    from pidiff_cli.stages.prepare import run as prepare

    check_name(name)
    config = session.config(PrepareConfig, photos=tuple(photos), name=name, **given)
    folder = session.home / "profiles" / name
    settle(folder, _is_prepared)
    inputs = photo_digests(photos)
    if _is_prepared(folder) and not force:
        old = Profile(folder)
        known = set(old.stage_state("prepare")["inputs"])
        if known == set(inputs):
            return told_again(old)
        if not known < set(inputs):
            raise _taken(old)
    with replacing(folder, _is_prepared):
        result = prepare.run(config, session.output.progress())
        state = {
            "inputs": inputs,
            "kept": [[Path(i.file).name, i.quality, i.held_out] for i in result.kept],
            "rejected": [[Path(item.file).name, item.reason] for item in result.rejected],
            "advice": result.advice,
        }
        Profile(folder).update_stage("prepare", **state)
    return result


def inverted(session: Session, profile: Profile, base: str, **given: Any) -> InvertResult:
    """The profile's W+ codes for this base, made when they are missing or other settings ask."""
    session.output.loading()
    from pidiff_cli.stages import invert

    locate.base_parts(base, session.home)
    config = session.config(InvertConfig, name=str(profile.folder), base=base, **given)
    wanted = {
        "base": base,
        "refine": config.refine,
        "photos": [item.key for item in profile.photos],
    }
    state = profile.stage_state("invert")
    there = (profile.folder / "identity.safetensors").is_file()
    if there and wanted.items() <= state.items() and invert.fits(profile, base, session.home):
        preview = profile.folder / state["preview"] if state.get("preview") else None
        return InvertResult(profile.folder, preview, state.get("likeness"))
    if not profile.photos:
        raise InputError(
            f"{profile.name} holds no photos.",
            f"Give it some: pidiff prepare PHOTOS --name {profile.name} --force",
        )
    with profile.lock():
        result = invert.run(config, session.output.progress())
        preview = result.preview and _inside(profile, result.preview)
        profile.update_stage("invert", **wanted, preview=preview, likeness=result.likeness)
    return result


def tuned(session: Session, profile: Profile, base: str, recipe: str, **given: Any) -> TuneResult:
    """The profile's tuned identity branch; the stage goes on where an earlier run stopped."""
    session.output.loading()
    from pidiff_cli.stages.tune import run as tune

    locate.base_parts(base, session.home)
    config = tune_config(session, profile, base, recipe, **given)
    session.after_interrupt = "The same command goes on from the last checkpoint."
    with profile.lock():
        return tune.run(config, session.output.progress())


def may_tune(session: Session, profile: Profile, base: str, recipe: str, **given: Any) -> None:
    """Before anything is changed: raise what would stop `tuned` (settings, another base)."""
    session.output.loading()
    from pidiff_cli.stages.tune import run as tune

    tune.refuse_other_base(profile, tune_config(session, profile, base, recipe, **given))


def planned(
    session: Session, profile: Profile | None, base: str, recipe: str, **given: Any
) -> PlanResult:
    """How the tuning would be computed here, nothing done."""
    session.output.loading()
    from pidiff_cli.stages.tune import dry_run

    locate.base_parts(base, session.home)
    config = tune_config(session, profile, base, recipe, **given)
    return dry_run.run(config, session.output.progress())


def tune_config(
    session: Session, profile: Profile | None, base: str, recipe: str, **given: Any
) -> TuneConfig:
    """The settings of a tuning: the recipe's, under what the person gave."""
    state = profile.stage_state("tune") if profile else {}
    done = state.get("result") or state  # a run that was cut short goes on with its own recipe
    if recipe == "auto" and done.get("base") == base and done.get("recipe") in recipe_names():
        recipe = done["recipe"]
    family = locate.base_parts(base, session.home).family
    free = _free_gb(session, given.get("memory")) if recipe == "auto" else None
    chosen = load_recipe(recipe, family, free)
    if chosen.base != family:
        raise UsageError(
            f"The recipe {chosen.name} is for the base {chosen.base}, not {family}.",
            "See them all: pidiff recipes list",
        )
    values = settings_for(chosen, "tune", **given)
    values |= {"name": str(profile.folder) if profile else "", "base": base, "recipe": chosen.name}
    return session.config(TuneConfig, **values)


def _free_gb(session: Session, most: float | None) -> float | None:
    """Free memory of the GPU, at most what `--memory` allows; None without a GPU."""
    from pidiff_cli.stages.doctor import free_gpu_mb

    free = free_gpu_mb(session.device)
    return None if not free else min(free / 1e3, most or free)


def chosen_base(session: Session, base: str, profile: Profile | None = None) -> str:
    """The base behind `--base`; says in one line what `auto` took.

    A profile that was tuned stays on its base when nothing else is asked for.
    """
    own = profile.manifest.base.get("name") if profile else None
    if base == "auto" and own:
        locate.base_parts(own, session.home)
        return str(own)
    if base == "auto":
        session.output.loading()
        from pidiff_cli.stages.doctor import free_gpu_mb
        from pidiff_cli.weights import auto

        choice = auto.choose(session.home, free_gpu_mb(session.device))
        session.output.note(f"{choice.why} {choice.advice}".rstrip())
        return choice.name
    locate.base_parts(base, session.home)
    return locate.choose_base(base, session.home)


def is_made_of(folder: Path, photos: Sequence[Path]) -> bool:
    """Whether the folder holds a profile made of exactly these photos."""
    if not _is_prepared(folder):
        return False
    return set(Profile(folder).stage_state("prepare")["inputs"]) == set(photo_digests(photos))


def photo_digests(photos: Sequence[Path]) -> list[str]:
    """Sorted sha256 of the given files and of the files in the given folders."""
    files: list[Path] = []
    for item in photos:
        files += sorted(item.iterdir()) if item.is_dir() else [item]
    digests = set()
    for file in files:
        if file.is_file() and not file.name.startswith("."):
            digests.add(_digest(file))
    return sorted(digests)


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).") from error


def _is_prepared(folder: Path) -> bool:
    if not (folder / "profile.json").is_file():
        return False
    return "inputs" in Profile(folder).stage_state("prepare")


def told_again(profile: Profile) -> PrepareResult:
    """The result that `prepare` gave when it made this profile; files by name only."""
    state = profile.stage_state("prepare")
    return PrepareResult(
        profile=profile.folder,
        kept=tuple(Kept(*item) for item in state.get("kept", ())),
        rejected=tuple(Rejected(file, reason) for file, reason in state.get("rejected", ())),
        advice=state.get("advice", ""),
    )


def _taken(profile: Profile) -> InputError:
    name = profile.folder.name
    return InputError(
        f"A profile named {name} is there already, made of other photos.",
        f"Go on with it: pidiff tune {name}. Replace it: --force",
    )


def _inside(profile: Profile, path: Path | str) -> str:
    return Path(path).resolve().relative_to(profile.folder.resolve()).as_posix()
