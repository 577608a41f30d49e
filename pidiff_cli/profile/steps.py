"""Steps of a tuning that stay beside the one that draws, to be compared with it.

Their parts lie in ``steps/STEP/``, as the profile's own lie in it; the step that draws is noted
and lies nowhere else. Where no step was to be kept none is noted, and there is nothing to choose.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.profile.folder import Profile
from pidiff_cli.profile.parts import STEPS, TUNED_PARTS, without_steps
from pidiff_cli.profile.world import PHOTOGRAPHS, world_of
from pidiff_cli.values import OWN


@dataclass(frozen=True)
class KeptStep:
    """One step, and what the pictures that were drawn at it say.

    Attributes:
        own: whether the profile draws by it.
        likeness: mean cosine with the photos learnt from; held_out: with those held back. None
            where it may not be told.
        text_loss: share of the base's text alignment that was lost.
    """

    step: int
    own: bool = False
    likeness: float | None = None
    held_out: float | None = None
    text_loss: float | None = None


class StepOf(Profile):
    """A profile as a kept step draws it; to be read, not written."""

    def __init__(self, folder: Path, step: int) -> None:
        super().__init__(folder)
        self.step = step
        self.within = f"{STEPS}/{step}/"


def kept_steps(profile: Profile) -> tuple[KeptStep, ...]:
    """The steps that the profile can draw by, in order, its own among them; none where none was
    kept. Without likeness where none may be told."""
    manifest = profile.manifest
    told = manifest.stages.get("tune", {})
    own = told.get("chosen")
    likeness = (told.get("result") or {}).get("likeness") or {}
    untold = {} if likeness.get("told", True) else {"likeness": None, "held_out": None}
    there = {name.split("/")[1] for name in manifest.files if name.startswith(f"{STEPS}/")}
    rows = [
        KeptStep(own=row["step"] == own, **{**row, **untold})
        for row in told.get("kept", ())
        if row["step"] == own or str(row["step"]) in there
    ]
    several = any(row.own for row in rows) and len(rows) > 1
    return tuple(sorted(rows, key=lambda row: row.step)) if several else ()


def at_step(profile: Profile, step: int) -> Profile:
    """The profile as a step of its tuning draws it; ``OWN`` is as it draws.

    Raises:
        InputError: the step is not kept; tells those that are.
    """
    if step == OWN:
        return profile
    steps = kept_steps(profile)
    found = next((one for one in steps if one.step == step), None)
    if found is None:
        raise _not_kept(profile, step, steps)
    return profile if found.own else StepOf(profile.folder, step)


def as_kept_now(profile: Profile) -> Profile:
    """The profile as it was opened, by a step that may have changed its place since.

    Raises:
        InputError: that step is not kept any more.
    """
    if not isinstance(profile, StepOf):
        return profile
    return at_step(Profile(profile.folder), profile.step)


def has_print(profile: Profile, fingerprint: str) -> bool:
    """Whether the profile draws by what has this fingerprint, or one of its kept steps does."""
    return step_of_print(profile, fingerprint).fingerprint == fingerprint


def step_of_print(profile: Profile, fingerprint: str) -> Profile:
    """The profile as the kept step draws it whose fingerprint this is; as it draws where none is,
    or its own."""
    if fingerprint and fingerprint != profile.fingerprint:
        for one in kept_steps(profile):
            found = at_step(profile, one.step)
            if found.fingerprint == fingerprint:
                return found
    return profile


def use_step(profile: Profile, step: int, only: bool = False) -> None:
    """Let the profile draw by a kept step from now on, in one transaction; the one before stays
    among the kept.

    Args:
        only: the other steps go.

    Raises:
        InputError: the step is not kept, another process holds the profile, or the disk refuses.
    """
    with profile.lock(), profile.changing():
        if step == OWN:  # no number of a step
            raise _not_kept(profile, step, kept_steps(profile))
        taken = at_step(profile, step)
        own = profile.stage_state("tune")["chosen"]
        if taken is not profile:
            _move(profile, taken, f"{STEPS}/{own}/")
            profile.remove(f"{STEPS}/{step}")
            profile.update_stage("tune", chosen=step)
        if only:
            drop_steps(profile)


def drop_steps(profile: Profile) -> None:
    """Let the steps go by which the profile does not draw."""
    with profile.changing() as change:
        profile.remove(STEPS)
        change.update(stages=without_steps(change.manifest.stages))


def copy_parts(profile: Profile, source: str, target: str) -> None:
    """Copy the tuned parts that are in one folder of the profile to another, "" or ending in /."""
    for part in TUNED_PARTS:
        place = profile.stored(source + part)
        if place.is_dir():
            profile.write_folder(target + part, partial(_copied, place))


def _move(profile: Profile, taken: Profile, aside: str) -> None:
    """Put the profile's parts aside, and those of the step in their place."""
    before, coming = profile.parts, taken.parts
    places = {part: taken.stored(part) for part in coming}
    copy_parts(profile, "", aside)
    for part in before:
        if part not in coming:
            profile.remove(part)
    for part, place in places.items():
        profile.write_folder(part, partial(_copied, place))


def _copied(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if path.is_file() and not path.is_symlink():
            shutil.copyfile(path, target / path.name)


def _not_kept(profile: Profile, step: int, steps: tuple[KeptStep, ...]) -> InputError:
    name = profile.name
    if not steps:
        # of photographs mini learns nothing unless steps are asked for: there would be none again
        mini = profile.manifest.base.get("name") == "mini"
        asked = " --steps 150" if mini and world_of(profile) == PHOTOGRAPHS else ""
        return InputError(
            f"No other step of {name} was kept.",
            f"Learn anew and keep some: pidiff tune {name} --retune{asked} --keep-checkpoints 3",
        )
    there = ", ".join(f"{one.step}{' (its own)' * one.own}" for one in steps)
    return InputError(
        f"Step {step} of {name} is not kept; those that are: {there}.",
        f"What their pictures say: pidiff profile show {name}",
    )
