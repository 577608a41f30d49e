"""tune: tailor the identity branch to one prepared and inverted person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from pidiff_cli.config import TuneConfig, check
from pidiff_cli.core.diffusion.base import Base, pick_device
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    code_delta,
    load_adapter,
    make_optimizer,
    save_adapter,
)
from pidiff_cli.core.training.checkpoint import load_checkpoint, read_state
from pidiff_cli.core.training.step import Tailor
from pidiff_cli.errors import OutOfMemoryError
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages.base import (
    ADAPTER,
    check_base,
    fingerprint,
    identity_fingerprint,
    load_parts,
)
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.report import measure, page
from pidiff_cli.stages.report import summary as _summary
from pidiff_cli.stages.report.evaluators import Instruments, instruments
from pidiff_cli.stages.results import TuneResult
from pidiff_cli.stages.tune import pace as _pace
from pidiff_cli.stages.tune import plan as _planning
from pidiff_cli.stages.tune import previews as _previews
from pidiff_cli.stages.tune import setup as _tuning
from pidiff_cli.stages.tune.data import material
from pidiff_cli.stages.tune.loop import CHECKPOINT, Job, Run, train
from pidiff_cli.weights import locate

SEED = 1000  # of the report's first picture; the next prompt's has one more
SHORT = ("text_drop", "background", "stranger_margin", "iou", "energy_off", "copy_paste", "faces")
SCALE = 2.0**12  # of the loss in fp16 at first; it doubles while nothing overflows


@dataclass(frozen=True)
class _Task:
    """What is to be tuned, on what, from which photos.

    Attributes:
        weights: fingerprints of the base, kept in the profile.
        digest: changes when a run cannot go on from another's checkpoint.
    """

    profile: Profile
    config: TuneConfig
    parts: locate.BaseParts
    weights: dict[str, str]
    own: list[Photo]
    held_out: list[Photo]
    digest: str


def run(config: TuneConfig, progress: Progress) -> TuneResult:
    """Tune a profile; goes on from its last checkpoint unless told to restart.

    Raises:
        InputError: no such profile, no photos or no W+ code in it.
        MissingWeightError: the base is not on this machine.
        OutOfMemoryError: the device has no room for the settings.
    """
    check(config)
    config = _planning.rounded(config, progress)
    profile = Profile.open(config.name, config.home)
    with profile.lock():
        try:
            return _tune(profile, config, progress)
        except (MemoryError, torch.cuda.OutOfMemoryError) as error:
            raise OutOfMemoryError(
                "Not enough memory for these settings.",
                "The smallest plan was tried. Use a smaller picture: size in the recipe.",
            ) from error


def refuse_other_base(profile: Profile, config: TuneConfig) -> None:
    """Raise InputError where `run` would, for a profile that is tuned on another base."""
    parts = locate.base_parts(locate.choose_base(config.base, config.home), config.home)
    check_base(profile, config, parts, fingerprint(parts))


def _tune(profile: Profile, config: TuneConfig, progress: Progress) -> TuneResult:
    task = _task(profile, config)
    if config.restart or not config.resume:
        _forget(profile)
    state = profile.stage_state("tune")
    if _finished(task, state):
        steps = state["result"]["steps"]
        planned = max(steps, state.get("planned", 0))
        early = f" of {planned}, likeness had stopped rising" if planned > steps else ""
        progress.line(
            f"{profile.name} is tuned already ({len(task.own)} photos, {steps} steps{early}). "
            f"Add photos or --restart, --steps {2 * planned} goes on from {steps}."
        )
        return _result(profile, state["result"])
    reader = measure.open_reader(task.parts.faces)
    tools = instruments(profile, task.parts, config.home, reader)
    job, current = _job(task, state, tools, progress)
    settled = {"recipe": config.recipe, "base": task.parts.name}
    profile.update_stage("tune", done=False, digest=task.digest, **settled)
    train(job, current, progress)
    key = _pace.key_of(config, task.parts.family, job.plan, job.base.device)
    _pace.note(config.home, key, job.paces)
    return _keep(task, job, current, tools, progress)


def _task(profile: Profile, config: TuneConfig) -> _Task:
    parts = locate.base_parts(locate.choose_base(config.base, config.home), config.home)
    weights = {"fingerprint": fingerprint(parts)}
    check_base(profile, config, parts, weights["fingerprint"])
    if parts.family != "mini":
        weights |= {"family": parts.family, "identity": identity_fingerprint(parts)}
    own, held_out = _tuning.training_photos(profile)
    digest = _tuning.digest_of(profile, config, own, "".join(weights.values()))
    return _Task(profile, config, parts, weights, own, held_out, digest)


def _finished(task: _Task, state: dict[str, Any]) -> bool:
    same = bool(state.get("done")) and state["digest"] == task.digest
    return same and max(state["result"]["steps"], state.get("planned", 0)) >= task.config.steps


def _job(
    task: _Task, state: dict[str, Any], tools: Instruments, progress: Progress
) -> tuple[Job, Run]:
    """Everything the loop works with, and where it begins."""
    profile, config, own = task.profile, task.config, task.own
    device, dtype, amp = pick_device(config.device, config.precision, task.parts.family)
    amp = _planning.autocast(config, task.parts.family, device, amp)
    amp = amp if dtype == torch.float32 else None  # PEFT casts for its float32 layers
    switches = _planning.switches(config, task.parts.family, amp)
    planned = _planning.make_plan(config, task.parts.family, device, dtype)
    progress.line(_planning.line(planned, config))
    plan = planned.plan
    _planning.hold_to(config, device)
    base = load_parts(task.parts, device, dtype, plan.parked, plan.nf4)
    codes, mean = _tuning.codes_of(profile, own)
    model, current = _start(profile, config, base, state, task.digest, progress)
    _planning.apply(plan, base, switches)
    eight_bit = {"auto": None, "adamw": False}.get(config.optimizer, True)
    stuff = material(profile, config, base, own, task.weights["fingerprint"], progress)
    groups = _tuning.rate_groups(model, config)
    job = Job(
        profile, config, base,
        Tailor(
            base, codes, mean, stuff.captions, _tuning.loss_settings(config), code_delta(model),
            amp, stuff.texts,
        ),
        stuff.data, model,
        make_optimizer(
            groups, device, config.learning_rate, eight_bit,
            config.optimizer == "paged_adamw8bit", progress.warn,
        ),
        torch.Generator().manual_seed(config.seed + current.step),
        _previews.previews(
            profile, base, _tuning.drawing(config, task.parts.family, _previews.STEPS), mean, own,
            tools.reader, tools.judge,
        ), task.digest, plan, list(planned.smaller),
        torch.amp.GradScaler(device.type, SCALE, enabled=dtype == torch.float16), switches,
    )  # fmt: skip
    if current.step and not state.get("done"):
        job.best = load_checkpoint(profile.folder / CHECKPOINT, job.optimizer, job.generator)
    return job, current


def _keep(
    task: _Task, job: Job, current: Run, tools: Instruments, progress: Progress
) -> TuneResult:
    """Store the adapter, measure, write the report."""
    profile, config, name = task.profile, task.config, task.parts.name
    half = job.base.dtype != torch.float32
    profile.write_folder(ADAPTER, lambda target: save_adapter(job.model, target, half))
    values = {
        "base": name, "recipe": config.recipe, "steps": current.step,
        "seconds": round(current.seconds, 1),
        "peak_mb": round(_tuning.peak_mb(job.base.device)),
        "likeness": _conclude(task, job, current, tools, progress),
    }  # fmt: skip
    profile.update(
        base={"name": name, **task.weights},
        recipe={"name": config.recipe, **_tuning.settings_of(config)},
    )
    profile.update_stage("tune", done=True, digest=task.digest, result=values, planned=config.steps)
    profile.remove(CHECKPOINT)
    page.tell(progress, values)
    return _result(profile, values)


def _start(
    profile: Profile,
    config: TuneConfig,
    base: Base,
    state: dict[str, Any],
    digest: str,
    progress: Progress,
) -> tuple[nn.Module, Run]:
    """The adapter to train, and where: new, from a checkpoint, or from a finished tuning."""
    same = state.get("digest") == digest
    checkpoint = profile.folder / CHECKPOINT
    saved = read_state(checkpoint)
    current, adapter = Run(), None
    if same and state.get("done"):
        current.step = current.best_step = state["result"]["steps"]
        current.before = state["result"]["likeness"]["before"]
        current.losses = _tuning.read_log(profile)[: current.step]
        adapter = profile.folder / ADAPTER
    elif same and saved and saved.pop("digest") == digest and saved["step"] < config.steps:
        current, adapter = Run(**saved), checkpoint / ADAPTER
    elif state and not same:
        progress.line("The photos or settings have changed: tuning starts again at step 0.")
    if adapter:
        progress.line(f"Going on from step {current.step}.")
        return load_adapter(base.unet, adapter, trainable=True), current
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # LoRA's A matrices start random
        return add_adapter(
            base.unet, config.rank, config.alpha, config.tune_code, config.trained_blocks
        ), current


def _conclude(
    task: _Task, job: Job, current: Run, tools: Instruments, progress: Progress
) -> dict[str, Any]:
    """The short form of `evaluate`: draw the standard prompts once, measure, write the report."""
    profile, config = task.profile, job.config
    mean = _tuning.codes_of(profile, task.own)[1]
    prompts = measure.standard_prompts(job.base, profile.manifest.noun, config.report_prompts)
    settings = _tuning.drawing(config, task.parts.family, _tuning.REPORT_STEPS)
    plan = [(prompt, SEED + i) for i, prompt in enumerate(prompts)]
    shown = measure.measure(job.base, mean, plan, settings, tools)
    measured = _summary.summarise(shown, tools)
    values = {name: row.value for name, row in measured.items()}
    likeness = {
        "held_out": values["likeness"] if tools.held_out else None,
        "learnt_from": None if tools.held_out else values["likeness"],
        "photos": measured["likeness"].beside,
        "before": current.before,
        "best_step": current.best_step,
        **{name: values[name] for name in SHORT},
    }
    recorded = {**_tuning.settings_of(config), "seconds": round(current.seconds, 1)}
    data = page.build_json(profile.name, likeness, measured, shown, current.losses, recorded)
    everyone = _tuning.aligned_faces(profile, [*task.own, *task.held_out])
    profile.write("reports/likeness.json", (json.dumps(data, indent=1) + "\n").encode())
    html = page.build_html(data, everyone, len(task.held_out), shown)
    profile.write("reports/likeness.html", html.encode())
    _warn(current, config, _summary.copies(measured), values["copy_paste"], progress)
    return likeness


def _warn(
    current: Run, config: TuneConfig, copies: bool, copied: float | None, progress: Progress
) -> None:
    """What a person should know of a tuning that learnt too much, or nothing."""
    if current.step and current.did_harm():
        progress.warn(
            f"No step drew {config.name} more alike than the untuned base's branch, so that is "
            "kept. Other photos (sharp, frontal, several lights) may help."
        )
        return
    if current.best_loss is not None and current.best_loss > config.text_loss:
        progress.warn(
            f"Every step lost text alignment; the kept one {100 * current.best_loss:.0f} % of the "
            "base's. Fewer steps or a smaller learning rate may help."
        )
    if copies:
        progress.warn(
            f"Pose and expression follow the photos more than the prompt (copy-paste {copied:.2f}; "
            "0 follows the prompt, 1 the photos). Photos with other poses help, or fewer steps."
        )


def _forget(profile: Profile) -> None:
    profile.clear_stage("tune")
    for relative in (CHECKPOINT, _previews.PREVIEWS):
        if profile.path(relative).exists():
            profile.remove(relative)


def _result(profile: Profile, values: dict[str, Any]) -> TuneResult:
    report = profile.folder / "reports" / "likeness.html"
    return TuneResult(profile=profile.folder, report=report, **values)
