"""Steps that are held while a person is learnt, so that some can stay beside the one that draws.

They go to the disk as they are looked at: memory and checkpoints stay as they are. What of them
stays is settled at the end, with everything else that a tuning leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import to_builtins

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.images import read_photo
from pidiff_cli.profile import LOOKED, STEPS, Profile, copy_parts, kept_steps
from pidiff_cli.profile.parts import without_steps
from pidiff_cli.stages.tune.previews import PREVIEWS, PreviewScore
from pidiff_cli.stages.tune.remaining import PREVIEWED
from pidiff_cli.stages.tune.state import Look, Run


def take_up(profile: Profile, current: Run, most: int, done: bool) -> None:
    """What is held as a run begins: of its checkpoint what it held, of a finished tuning that goes
    on the steps that it kept, else none.

    Args:
        most: how many are to stay. done: a finished tuning goes on.
    """
    if not most or not current.step or done:
        current.held, current.looks = [], 0
        if profile.path(LOOKED).exists():
            profile.remove(LOOKED)
    if most and done:
        _take_kept(profile, current)
    current.held = [one for one in current.held if profile.path(_place(one.step)).is_dir()]


def _take_kept(profile: Profile, current: Run) -> None:
    """Hold the steps of the finished tuning; the one that draws, where no other was kept."""
    with profile.changing():
        for one in kept_steps(profile):
            copy_parts(profile, "" if one.own else f"{STEPS}/{one.step}/", f"{_place(one.step)}/")
            current.looks += 1
            current.held.append(
                Look(current.looks, one.step, one.likeness, one.held_out, one.text_loss)
            )
        if not current.held:
            told = profile.stage_state("tune")["result"].get("likeness") or {}
            best = Look(1, told.get("best_step", current.step), told.get("after"))
            copy_parts(profile, "", f"{_place(best.step)}/")
            current.looks, current.held = 1, [best]


def hold(
    profile: Profile,
    current: Run,
    most: int,
    score: PreviewScore,
    row: int,
    save: Callable[[Path], None],
) -> None:
    """Hold the step that was just looked at, and let go of those that no even spread needs.

    Args:
        most: how many are to stay; at most twice as many are held, the best and the newest beside.
        row: of its strip in the previews. save: writes its parts into an empty folder.
    """
    if not most:
        return
    current.looks += 1
    look = Look(
        current.looks, current.step, score.likeness, score.held_out, score.text_loss, row
    )  # fmt: skip
    apart = spacing(current.looks, most)
    before = [one for one in current.held if one.step != look.step]
    stay = [one for one in before if one.number % apart == 0 or one.step == current.best_step]
    with profile.changing():
        for one in before:
            if one not in stay:
                profile.remove(_place(one.step))
        profile.write_folder(_place(look.step), save)
    current.held = [*stay, look]


def spacing(looks: int, most: int) -> int:
    """Every how many looks one is held: 1, 2, 4, …, so that at most twice ``most`` are.

    How long a run will be is not known: it may end early, or go on.
    """
    apart = 1
    while looks // apart > 2 * most:
        apart *= 2
    return apart


def keep_steps(profile: Profile, current: Run, most: int) -> list[Look]:
    """Put the steps that stay beside the one that draws in their place, and note them.

    Those of an earlier tuning go; so does what was held. Part of the change that brings the rest.

    Returns: the steps that stay and the one that draws, in order; none where none stay.
    """
    held = {one.step: one for one in current.held if one.step}
    held.setdefault(current.best_step, _drawing(current))
    beside = spread([*held], current.best_step, most)
    with profile.changing() as change:
        profile.remove(STEPS)
        for step in beside:
            copy_parts(profile, f"{_place(step)}/", f"{STEPS}/{step}/")
        profile.remove(LOOKED)
        change.update(stages=without_steps(change.manifest.stages))
        if not beside:
            return []
        stay = [held[step] for step in sorted((*beside, current.best_step))]
        rows = [{k: v for k, v in to_builtins(one).items() if k in _TOLD} for one in stay]
        profile.update_stage("tune", kept=rows, chosen=current.best_step)
    return stay


def fewer_told(config: TuneConfig, steps: int, others: int) -> str:
    """That fewer steps are kept than were to be, and what helps; "" where as many are."""
    others, most = max(others, 0), config.keep_checkpoints
    if others >= most:
        return ""
    often = max(steps // (most + 1), 1)
    helps = (
        f" More: the same with --restart --preview-every {often}"
        if often < config.preview_every
        else ""
    )
    kept = f"Of {most} other steps {others or 'none'} could be kept"
    return f"{kept}: pictures were drawn at no more.{helps}"


_TOLD = ("step", "likeness", "held_out", "text_loss")


def spread(steps: Sequence[int], drawing: int, most: int) -> list[int]:
    """At most ``most`` of the steps beside the one that draws: each the farthest from those that
    are taken already, and of two the earlier."""
    taken, left = [drawing], sorted(set(steps) - {drawing})
    while left and len(taken) <= most:
        far = max(left, key=lambda step: (min(abs(step - one) for one in taken), -step))
        taken.append(far)
        left.remove(far)
    return taken[1:]


def strips_of(
    profile: Profile, stay: Sequence[Look], best: int, likeness: bool
) -> list[tuple[str, np.ndarray]]:
    """Words on each step and the previews (h, w, 3) uint8 that were drawn at it, where they are
    there.

    Args:
        best: the step that draws. likeness: whether it may be told.
    """
    path = profile.path(PREVIEWS)
    if not stay or not path.is_file():
        return []
    every = read_photo(profile.stored(PREVIEWS))
    side = every.shape[1] // PREVIEWED
    rows = range(every.shape[0] // side)
    strips = [(one, every[one.row * side :][:side]) for one in stay if one.row in rows]
    return [(_words(one, best, likeness), strip) for one, strip in strips]


def _words(one: Look, best: int, likeness: bool) -> str:
    words = [f"step {one.step}" + ", the one that draws" * (one.step == best)]
    if likeness and one.likeness is not None:
        words.append(f"likeness {one.likeness:.2f}")
    if likeness and one.held_out is not None:
        words.append(f"{one.held_out:.2f} with photos held back")
    if one.text_loss is not None:
        words.append(f"text alignment {-100 * one.text_loss:+.0f} %")
    return " · ".join(words)


def _drawing(current: Run) -> Look:
    """The step that draws where it was not held: the untuned branch, or one before steps were."""
    if not current.best_step:
        return Look(0, 0, current.before, None, current.before_loss, 0)
    return Look(0, current.best_step, current.best_score, None, current.best_loss)


def _place(step: int) -> str:
    return f"{LOOKED}/{step}"
