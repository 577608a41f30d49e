"""tune: tailor the identity branch to one prepared and inverted person."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from typing import Any

import torch

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.identity.adapter import save_adapter
from pidiff_cli.core.identity.adapters import BRANCH, LORA, is_adapted
from pidiff_cli.core.identity.lora import save_lora
from pidiff_cli.errors import OutOfMemoryError
from pidiff_cli.profile import PHOTO_SHEET, Profile, drop_draft, kept_steps, take_draft
from pidiff_cli.profile.parts import STEPS_NOTED
from pidiff_cli.recipe import Recipe
from pidiff_cli.stages.faces import Faces, aligned_faces, open_reader
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.report import measure, page
from pidiff_cli.stages.report.evaluators import Evaluators, open_evaluators
from pidiff_cli.stages.report.summary import copies, summarise
from pidiff_cli.stages.report.words import tells_nothing
from pidiff_cli.stages.results import TuneResult
from pidiff_cli.stages.tune import as_it_is, pace
from pidiff_cli.stages.tune.already import by_hand, is_done, is_stale, lacks_steps, stale_told
from pidiff_cli.stages.tune.as_it_is import AsItIs
from pidiff_cli.stages.tune.held import fewer_told, keep_steps, strips_of, take_up
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.log import LOG, peak_mb, write_log
from pidiff_cli.stages.tune.loop import CHECKPOINT, Job, train
from pidiff_cli.stages.tune.previews import PREVIEWS
from pidiff_cli.stages.tune.remaining import REPORT_STEPS
from pidiff_cli.stages.tune.setup import Task, make_as_it_is, make_job, make_task
from pidiff_cli.stages.tune.state import Run
from pidiff_cli.weights.licences import licences_of
from pidiff_cli.weights.locate import BaseParts

REPORT = "reports/likeness.html"
SEED = 1000  # of the report's first picture; the next prompt's has one more
SHORT = ("text_drop", "background", "stranger_margin", "iou", "energy_off", "copy_paste", "faces")


def run(
    profile: Profile,
    config: TuneConfig,
    parts: BaseParts,
    weights: dict[str, str],
    recipe: Recipe,
    progress: Progress,
    internals: TuneInternals | None = None,
) -> TuneResult:
    """Tune a profile; goes on from its last checkpoint unless told to restart.

    The caller holds the profile's lock.

    Args:
        parts: of the base ``config.base``. weights: their fingerprints. recipe: says how pictures
            are drawn.
        internals: what no recipe sets; only benchmarks give others.

    Raises:
        InputError: no photos or no W+ code in the profile.
        MissingWeightError: the base does not load.
        OutOfMemoryError: the device has no room for the settings.
        StoppedError: the listener wanted to stop; the same settings go on from there.
    """
    try:
        task = make_task(profile, config, internals or TuneInternals(), parts, weights, recipe)
        return _run(task, progress)
    except (MemoryError, torch.cuda.OutOfMemoryError) as error:
        raise OutOfMemoryError(
            "Not enough memory for these settings.",
            "The smallest plan was tried. Use a smaller picture: size in the recipe.",
        ) from error


def _run(task: Task, progress: Progress) -> TuneResult:
    profile, config, parts = task.profile, task.config, task.parts
    state = profile.stage_state("tune")
    anew = config.retune and is_done(state) and as_it_is.learns(profile, config, parts)
    anew = anew and lacks_steps(profile, config, task.recipe, state)
    if config.restart or not config.resume or anew:
        _begin_again(profile)
        state = {}
    if _finished(task, state):
        return _told_again(task, state, progress)
    if is_stale(profile, config, state, task.digest):
        progress.line(stale_told(profile.name))
        drop_draft(profile)
        return kept(profile)
    progress.start("tune", None)
    faces = aligned_faces(profile)
    tools = open_evaluators(profile, faces, parts, config.home, open_reader(parts.faces))
    if not as_it_is.learns(profile, config, parts):
        return _as_it_is(task, tools, faces, progress)
    job, current, planned = make_job(task, state, tools, faces, progress)
    take_up(profile, current, config.keep_checkpoints, bool(current.step and is_done(state)))
    _begin(task)
    train(job, current, progress)
    branch, where = parts.has_branch, planned.device
    key = pace.key_of(config, task.internals, parts.family, branch, job.plan, where)
    pace.note(config.home, key, job.paces)
    pace.note(config.home, pace.of_drawing(key), job.left.drawn, least=1)
    with profile.changing():  # the old adapter draws until all of the new tuning is there
        write_log(profile, current.losses)
        return _keep(task, job, current, tools, faces, progress)


def _as_it_is(task: Task, tools: Evaluators, faces: Faces, progress: Progress) -> TuneResult:
    """Say that nothing is learnt, and why; then all as after a tuning: previews, report."""
    profile = task.profile
    progress.warn(as_it_is.told(profile, task.config))
    made, current = make_as_it_is(task, tools, faces), Run()
    _begin(task)
    if task.config.preview_every:
        current.before = made.previews.draw_strip(fresh=True).likeness
        progress.preview(made.previews.path)
    made.base.rest()
    progress.finish("tune", "nothing learnt, the general branch draws")
    with profile.changing():
        profile.remove(LOG)
        return _keep(task, made, current, tools, faces, progress)


def _begin(task: Task) -> None:
    """What the profile notes of a tuning that is under way."""
    task.profile.update_stage(
        "tune", done=False, digest=task.digest, recipe=task.config.recipe, base=task.parts.name,
        by_hand=by_hand(task.config, task.recipe),
    )  # fmt: skip


def _finished(task: Task, state: dict[str, Any]) -> bool:
    if not is_done(state) or state.get("digest") != task.digest:
        return False
    steps = state["result"]["steps"]
    if not as_it_is.learns(task.profile, task.config, task.parts):
        return not (steps and task.config.retune)  # what steps by hand made can be taken back
    return max(steps, state.get("planned", 0)) >= task.config.steps


def kept(profile: Profile) -> TuneResult:
    """The result of the tuning that the profile holds."""
    return _result(profile, profile.stage_state("tune")["result"])


def _told_again(task: Task, state: dict[str, Any], progress: Progress) -> TuneResult:
    steps = state["result"]["steps"]
    if not steps:
        progress.line(as_it_is.told_again(task.profile, task.config))
        return _result(task.profile, state["result"])
    planned = max(steps, state.get("planned", 0))
    early = f" of {planned}, likeness had stopped rising" if planned > steps else ""
    progress.line(
        f"{task.profile.name} is tuned already ({len(task.own)} photos, {steps} steps{early}). "
        f"Add photos or --restart, --steps {2 * planned} goes on from {steps}."
    )
    if lacks_steps(task.profile, task.config, task.recipe, state):
        are = "Fewer steps of it are" if kept_steps(task.profile) else "No other step of it is"
        progress.line(f"{are} kept; with --retune it is learnt anew, and keeps what it can.")
    return _result(task.profile, state["result"])


def _keep(
    task: Task, job: Job | AsItIs, current: Run, tools: Evaluators, faces: Faces, progress: Progress
) -> TuneResult:
    """Store the adapter, measure, write the report."""
    profile, config, name = task.profile, task.config, task.parts.name
    half = job.base.dtype != torch.float32
    take_draft(profile)
    if is_adapted(job.model):
        profile.write_folder(BRANCH, lambda target: save_adapter(job.model, target, half))
    if (lora := job.base.lora) is not None:
        profile.write_folder(LORA, lambda target: save_lora(lora, target, half))
    for gone in _not_learnt(profile, job):
        profile.remove(gone)
    profile.clear_stage(LORA)  # what an import noted of the LoRA that was there before
    told = not tells_nothing(profile, task.parts.family)
    stay = keep_steps(profile, current, config.keep_checkpoints)
    strips = strips_of(profile, stay, current.best_step, told)
    values = {
        "base": name, "recipe": config.recipe, "steps": current.step,
        "seconds": round(current.seconds, 1), "peak_mb": round(peak_mb(job.base.device)),
        "likeness": _report(task, job, current, tools, faces, strips, progress),
    }  # fmt: skip
    profile.update(base=_made_with(task, job), recipe={"name": config.recipe, **task.settings()})
    profile.update_stage(
        "tune", done=True, digest=task.digest, result=values,
        planned=config.steps if current.step else 0,
        photos=[photo.key for photo in profile.photos],
    )  # fmt: skip
    profile.remove(CHECKPOINT)
    if current.step and (told_fewer := fewer_told(config, current.step, len(stay) - 1)):
        progress.line(told_fewer)
    page.tell(progress, values, told)
    return _result(profile, values)


def _made_with(task: Task, job: Job | AsItIs) -> dict[str, Any]:
    """What the manifest keeps of the base: name, fingerprints, licences; whether W+ is in it."""
    told = {"name": task.parts.name, **task.weights, "licences": licences_of(task.parts)}
    return told if job.base.has_branch else {**told, "wplus": "off"}


def _not_learnt(profile: Profile, job: Job | AsItIs) -> list[str]:
    """Folders of parts that an earlier tuning had and this one has not."""
    there = {BRANCH: is_adapted(job.model), LORA: job.base.lora is not None}
    return [name for name, kept in there.items() if not kept and profile.path(name).is_dir()]


def _report(
    task: Task, job: Job | AsItIs, current: Run, tools: Evaluators, faces: Faces,
    strips: page.Captioned, progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    """The short form of `evaluate`: draw the standard prompts once, measure, write the report."""
    profile, internals = task.profile, task.internals
    prompts = measure.standard_prompts(job.base, profile.manifest.noun, internals.report_prompts)
    plan = [(prompt, SEED + i) for i, prompt in enumerate(prompts)]
    lora = job.base.lora
    with lora.fused() if lora else nullcontext():
        shown = measure.measure(
            job.base, job.previews.mean, plan, task.drawing(REPORT_STEPS), tools,
            Counted(2 * len(plan), progress),
        )  # fmt: skip
    measured = summarise(shown, tools)
    values = {name: row.value for name, row in measured.items()}
    likeness = {
        "held_out": values["likeness"] if tools.held_out else None,
        "learnt_from": None if tools.held_out else values["likeness"],
        "photos": measured["likeness"].beside,
        "told": not tells_nothing(profile, task.parts.family),
        "before": current.before,
        "after": current.best_score if current.best_step else current.before,
        "best_step": current.best_step,
        "learnt": current.step > 0,
        **{name: values[name] for name in SHORT},
    }
    recorded = {**task.settings(), "seconds": round(current.seconds, 1)}
    data = page.build_json(profile.name, likeness, measured, shown, current.losses, recorded)
    everyone = [faces[p.key] for p in (*task.own, *task.held_out) if p.key in faces]
    profile.write("reports/likeness.json", (json.dumps(data, indent=1) + "\n").encode())
    html = page.build_html(
        data, everyone, len(task.held_out), shown, sheet=profile.stored(PHOTO_SHEET),
        steps=strips,
    )  # fmt: skip
    profile.write(REPORT, html.encode())
    progress.finish("report", "")
    _warn(task, current, copies(measured), values["copy_paste"], progress)
    return likeness


class Counted:
    """Tells a listener of pictures that are drawn and looked at, and how long the others take."""

    def __init__(self, pictures: int, progress: Progress) -> None:
        self._pictures, self._progress = pictures, progress
        self._done, self._began = 0.0, time.monotonic()
        progress.start("report", pictures)

    def __call__(self, part: float) -> None:
        """A part of a picture more."""
        self._done += part
        pace = (time.monotonic() - self._began) / self._done
        self._progress.remaining(pace * max(self._pictures - self._done, 0))
        self._progress.advance("report", part)


def _warn(
    task: Task, current: Run, copied_much: bool, copied: float | None, progress: Progress
) -> None:
    """What a person should know of a tuning that learnt too much, or nothing."""
    if not current.step:
        return
    if not as_it_is.is_judged(task.profile, task.parts):
        progress.warn(as_it_is.told_blind(task.profile.name, current.step, task.parts))
        return
    if current.did_harm():
        progress.warn(
            f"The branch alone draws {task.profile.name} more alike than any step did, so it stays "
            "as it was before tuning. If that is not alike enough, other photos (sharp, frontal, "
            "several lights) may help."
        )
        return
    lost = current.best_loss is not None and current.best_loss > task.internals.text_loss
    if lost and not current.best_step:
        progress.warn(
            "Every step lost what prompts say, which the branch alone keeps, so it stays as it was "
            "before tuning."
        )
        return
    if lost and current.best_loss is not None:
        progress.warn(
            f"Every step lost text alignment; the kept one {100 * current.best_loss:.0f} % of the "
            "base's. Fewer steps or a smaller learning rate may help."
        )
    if copied_much:
        progress.warn(
            f"Pose and expression follow the photos more than the prompt (copy-paste {copied:.2f}; "
            "0 follows the prompt, 1 the photos). Photos with other poses help, or fewer steps."
        )


def _begin_again(profile: Profile) -> None:
    """The next tuning begins at step 0; what the last one made stays until it is done."""
    stays = ("result", *STEPS_NOTED)
    told = {k: v for k, v in profile.stage_state("tune").items() if k in stays}
    with profile.changing():
        profile.clear_stage("tune")
        profile.update_stage("tune", **told)
        for relative in (CHECKPOINT, PREVIEWS):
            if profile.path(relative).exists():
                profile.remove(relative)


def _result(profile: Profile, values: dict[str, Any]) -> TuneResult:
    report = profile.folder / REPORT
    there = profile.path(REPORT).is_file()  # an import brings no page, a person may have removed it
    told = {"base": "", "recipe": "", "seconds": 0.0, "peak_mb": 0.0, **values}
    kept = tuple(one.step for one in kept_steps(profile))
    return TuneResult(
        profile=profile.folder, report=report if there else None, checkpoints=kept, **told
    )
