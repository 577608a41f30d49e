"""A profile of these photos: the one that is there, or a new one in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli.config import PrepareConfig
from pidiff_cli.errors import InputError
from pidiff_cli.profile import PHOTO_SHEET, Profile, check_name, hold, making
from pidiff_cli.profile.world import world_of
from pidiff_cli.stages.prepare.inputs import digest, photo_digests
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import Kept, PrepareResult, RejectedPhoto

if TYPE_CHECKING:
    from pidiff_cli.stages.prepare.photos import Seen


def prepared(
    config: PrepareConfig, force: bool, progress: Progress, seen: Seen | None = None
) -> PrepareResult:
    """The profile ``config.name``, made where it is missing.

    The same photos again, or fewer of them, change nothing; more beside them are added; other
    photos need ``force``. What was learnt stays. A failure leaves the old profile as it was.

    Args:
        seen: what was seen in the photos already.

    Raises:
        InputError: the name is not allowed or taken by other photos, or the photos are at fault.
    """
    check_name(config.name)
    folder = config.home / "profiles" / config.name
    digests = photo_digests(config.photos)
    whose = _whose(config)
    with hold(folder):
        if holds_somebody(folder) and not force:
            return _again(config, Profile(folder), digests, whose, progress)
        from pidiff_cli.stages.prepare import run

        with making(folder, replaces=True) as aside:
            result = run.run(config, aside, progress, seen)
            _note(Profile(aside), result.kept, result, digests.values(), whose)
    return _moved(result, aside, folder)


def _moved(result: PrepareResult, aside: Path, folder: Path) -> PrepareResult:
    """The result, of the profile that has taken its place."""
    sheet = result.sheet and folder / result.sheet.relative_to(aside)
    return replace(result, profile=folder, sheet=sheet)


def holds_somebody(folder: Path) -> bool:
    """Whether photos would be added to who is there, not take the place."""
    if not (folder / "profile.json").is_file():
        return False
    profile = Profile(folder)
    return bool(profile.parts) or profile.has_code() or is_prepared(folder)


def _again(
    config: PrepareConfig, old: Profile, digests: dict[Path, str], whose: dict[str, object],
    progress: Progress,
) -> PrepareResult:  # fmt: skip
    state = old.stage_state("prepare")
    inputs = state.get("inputs", ())  # none of a person imported, mixed, or whose photos are gone
    known = [path for path, digest in digests.items() if digest in inputs]
    if inputs and not known:
        raise InputError(
            f"A profile named {config.name} is there already, made of other photos.",
            f"Go on with it: pidiff tune {config.name}. Replace it: --force",
        )
    if inputs and whose not in ({}, state.get("whose")):
        raise InputError(
            f"A profile named {config.name} is there already, of somebody else in these photos "
            "or chosen otherwise.",
            f"Go on with it: pidiff tune {config.name}. Replace it: --force",
        )
    if inputs and len(known) == len(digests):
        if gone := _read(state) - len({digests[path] for path in known}):
            progress.line(
                f"{gone} of its photos {'are' if gone > 1 else 'is'} not there any more; "
                f"{config.name} keeps what it has of them."
            )
        return told_again(old)
    from pidiff_cli.stages.prepare import run

    with old.changing():
        result = run.add(config, old, known, progress)
        kept = (*told_again(old).kept, *result.kept)
        _note(old, kept, result, {*inputs, *digests.values()}, state.get("whose", {}))
    return replace(result, kept=kept)


def _note(
    profile: Profile, kept: Sequence[Kept], result: PrepareResult, inputs: Iterable[str],
    whose: dict[str, object],
) -> None:  # fmt: skip
    """What the profile remembers: the photos' hashes, what came of each, and who was asked for."""
    profile.update_stage(
        "prepare",
        inputs=sorted(set(inputs)),
        kept=[[Path(k.file).name, k.quality, k.held_out, list(k.notes)] for k in kept],
        rejected=[[Path(item.file).name, item.reason] for item in result.rejected],
        advice=result.advice,
        world=world_of(profile) or result.world,  # photos that come later decide nothing
        whose=whose,
    )


def _read(state: dict[str, Any]) -> int:
    """How many photos a profile was made of; earlier ones noted every file of a folder."""
    return len(state.get("kept", ())) + len(state.get("rejected", ())) or len(state["inputs"])


def _whose(config: PrepareConfig) -> dict[str, object]:
    """Who was asked for of several people in the photos; a photo by its hash."""
    asked: dict[str, object] = {"person": config.person} if config.person else {}
    if config.faces:
        asked["faces"] = sorted([digest(path), rank] for path, rank in config.faces)
    return asked | ({"like": digest(config.like)} if config.like is not None else {})


def is_made_of(folder: Path, photos: tuple[Path, ...]) -> bool:
    """Whether the folder holds a profile made of these photos, and maybe of others."""
    if not is_prepared(folder):
        return False
    inputs = Profile(folder).stage_state("prepare")["inputs"]
    return all(digest in inputs for digest in photo_digests(photos).values())


def is_prepared(folder: Path) -> bool:
    """Whether a profile is there and whole."""
    if not (folder / "profile.json").is_file():
        return False
    return "inputs" in Profile(folder).stage_state("prepare")


def told_again(profile: Profile) -> PrepareResult:
    """The result that `prepare` gave when it made this profile; files by name only."""
    state = profile.stage_state("prepare")
    return PrepareResult(
        profile=profile.folder,
        kept=tuple(_kept(*item) for item in state.get("kept", ())),
        rejected=tuple(RejectedPhoto(file, reason) for file, reason in state.get("rejected", ())),
        advice=state.get("advice", ""),
        sheet=sheet if (sheet := profile.stored(PHOTO_SHEET)).is_file() else None,
        world=state.get("world", ""),
    )


def _kept(file: str, quality: float, held_out: bool = False, notes: Sequence[str] = ()) -> Kept:
    return Kept(file, quality, held_out, tuple(notes))
