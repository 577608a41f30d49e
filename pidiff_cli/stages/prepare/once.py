"""A profile of these photos: the one that is there, or a new one in its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pidiff_cli.config import PrepareConfig
from pidiff_cli.errors import InputError
from pidiff_cli.files import replacing, settle
from pidiff_cli.profile import PHOTO_SHEET, Profile, check_name
from pidiff_cli.stages.prepare.inputs import digest, photo_digests
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import Kept, PrepareResult, RejectedPhoto


def prepared(config: PrepareConfig, force: bool, progress: Progress) -> PrepareResult:
    """The profile ``config.name``, made where it is missing.

    The same photos again change nothing; more photos beside the same ones make the profile anew;
    other photos need ``force``. A failure leaves the old profile as it was.

    Raises:
        InputError: the name is not allowed or taken by other photos, or the photos are at fault.
    """
    check_name(config.name)
    folder = config.home / "profiles" / config.name
    settle(folder, is_prepared)
    digests = photo_digests(config.photos)
    if is_prepared(folder) and not force:
        old = Profile(folder)
        same = _compare(old, digests)
        if same != "other" and _whose(config) not in ({}, old.stage_state("prepare").get("whose")):
            raise InputError(
                f"A profile named {config.name} is there already, of somebody else in these photos "
                "or chosen otherwise.",
                f"Go on with it: pidiff tune {config.name}. Replace it: --force",
            )
        if same == "same":
            return told_again(old)
        if same == "other":
            raise InputError(
                f"A profile named {config.name} is there already, made of other photos.",
                f"Go on with it: pidiff tune {config.name}. Replace it: --force",
            )
    from pidiff_cli.stages.prepare import run

    with replacing(folder, is_prepared):
        result = run.run(config, progress)
        Profile(folder).update_stage(
            "prepare",
            inputs=sorted(set(digests)),
            kept=[
                [Path(item.file).name, item.quality, item.held_out, list(item.notes)]
                for item in result.kept
            ],
            rejected=[[Path(item.file).name, item.reason] for item in result.rejected],
            advice=result.advice,
            whose=_whose(config),
        )
    return result


def _whose(config: PrepareConfig) -> dict[str, object]:
    """Who was asked for of several people in the photos; a photo by its hash."""
    asked: dict[str, object] = {"person": config.person} if config.person else {}
    return asked | ({"like": digest(config.like)} if config.like is not None else {})


def is_made_of(folder: Path, photos: tuple[Path, ...]) -> bool:
    """Whether the folder holds a profile made of exactly these photos."""
    return is_prepared(folder) and _compare(Profile(folder), photo_digests(photos)) == "same"


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
        sheet=sheet if (sheet := profile.path(PHOTO_SHEET)).is_file() else None,
    )


def _kept(file: str, quality: float, held_out: bool = False, notes: Sequence[str] = ()) -> Kept:
    return Kept(file, quality, held_out, tuple(notes))


def _compare(profile: Profile, digests: list[str]) -> str:
    """These photos against those the profile was made of: "same", "more" (all of them and others)
    or "other".

    Earlier profiles noted every file of a folder, texts too: what counts is that each photo that
    was read (kept or rejected) is among these.
    """
    state = profile.stage_state("prepare")
    known = set(state["inputs"])
    read = len(state.get("kept", ())) + len(state.get("rejected", ())) or len(known)
    again = sum(item in known for item in digests)
    if again < read:
        return "same" if known == set(digests) else "other"
    return "same" if again == len(digests) else "more"
