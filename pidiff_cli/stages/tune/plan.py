"""The memory plan of a tuning: what is free and what will be needed; `told` says it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import torch

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.device import pick_device
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.training.fast_step import FastStep, cpu_knows_bf16, make_fast
from pidiff_cli.core.training.memory_plan import Learnt, Plan, Sizes, choose_plan, plans
from pidiff_cli.errors import OutOfMemoryError
from pidiff_cli.stages.tune import pace
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.remaining import in_all

CONTEXT = 600_000_000  # bytes that CUDA itself takes of a card for this process, at the most
PROCESS = 620_000_000  # bytes resident before a base is loaded: interpreter, libraries, face nets


@dataclass(frozen=True)
class Planned:
    """How a tuning is computed here: device, arithmetic, the memory plan and smaller ones.

    Attributes:
        dtype: of the frozen networks. amp: autocast's dtype while it learns; None is off.
        smaller: the plans to step down to where memory runs out all the same.
        pace: key of a step's time on this machine.
        free: bytes free before loading; 0 where the base's sizes are unknown.
        others: bytes that other programs hold on the same card.
        seconds: of all steps, going by earlier tunings on this machine; None where there is none.
        whole: with previews and report, likewise.
    """

    device: torch.device
    dtype: torch.dtype
    amp: torch.dtype | None
    fast: FastStep
    plan: Plan
    smaller: tuple[Plan, ...] = ()
    free: int = 0
    others: int = 0
    seconds: float | None = None
    whole: float | None = None
    pace: str = ""

    def document(self) -> dict[str, object]:
        """JSON values."""
        told = {"free_mb": round(self.free / 1e6), "others_mb": round(self.others / 1e6)}
        return {**self.plan.document(), **told, "seconds": self.seconds}


def plan_here(
    config: TuneConfig, family: str, branch: bool, internals: TuneInternals | None = None
) -> Planned:
    """`make_plan` for the device that the settings choose. Raises UsageError: it is not here."""
    internals = internals or TuneInternals()
    device, dtype, given = pick_device(config.device, internals.precision, family)
    return make_plan(config, family, device, dtype, given, internals, branch)


def make_plan(
    config: TuneConfig,
    family: str,
    device: torch.device,
    dtype: torch.dtype,
    given: torch.dtype | None = None,
    internals: TuneInternals | None = None,
    branch: bool = True,
) -> Planned:
    """The fastest way of tuning that fits the memory.

    Args:
        dtype, given: of the frozen networks, and of autocast, as ``pick_device`` says.
        branch: whether the base has the W+ branch.

    Raises:
        OutOfMemoryError: none does; says the smallest need, and a picture size that would fit.
    """
    internals = internals or TuneInternals()
    amp = autocast(internals, family, device, given)
    amp = amp if dtype == torch.float32 else None  # PEFT casts for its float32 layers
    found = Planned(device, dtype, amp, fast_step(internals, family, amp), Plan(config.batch))
    found = _plan(config, internals, family, branch, found)
    key = pace.key_of(config, internals, family, branch, found.plan, device)
    known = pace.known(config.home, key)
    whole = in_all(config, internals, known, pace.known(config.home, pace.of_drawing(key)))
    seconds = None if known is None else round(known * config.steps, 1)
    return replace(found, others=held_by_others(device), seconds=seconds, whole=whole, pace=key)


def _plan(
    config: TuneConfig, internals: TuneInternals, family: str, branch: bool, found: Planned
) -> Planned:
    device = found.device
    learnt = learnt_of(config, branch, device)
    sizes = Sizes.of(family, found.dtype.itemsize, learnt)
    if sizes is None:
        return _uncounted(config, internals, found)
    ways = _allowed(sizes, config, internals, device, config.size)
    overhead = PROCESS if device.type == "cpu" else 0
    free = _limited(config, device)
    plan = choose_plan(ways, free - overhead)
    if plan is None:
        raise _too_large(sizes, config, internals, device, overhead, free)
    smaller = [p for p in ways[ways.index(plan) + 1 :] if p.nf4 == plan.nf4]
    told = Plan(**{**vars(plan), "peak": plan.peak + overhead})
    return replace(found, plan=told, smaller=tuple(smaller), free=free)


def fast_step(internals: TuneInternals, family: str, amp: torch.dtype | None) -> FastStep:
    """How a step is computed, "auto" settled. ``amp``: autocast's dtype."""
    on_cpu = amp is not None and family == "mini"  # mini alone is kept in float32 for autocast
    free_inputs = {"auto": family != "mini", "always": True, "never": False}[internals.fast_step]
    written = {"auto": on_cpu, "written": True, "fused": False}[internals.self_attention]
    return FastStep(free_inputs, written, internals.fast_step != "never")


def autocast(
    internals: TuneInternals, family: str, device: torch.device, given: torch.dtype | None
) -> torch.dtype | None:
    """Autocast's dtype while mini learns; ``given`` is ``pick_device``'s.

    On a CPU that knows bf16 mini learns in it; its pictures are drawn in float32 all the same.
    """
    if internals.precision == "auto" and device.type == "cpu" and family == "mini":
        return torch.bfloat16 if cpu_knows_bf16() else None
    return given


def apply(plan: Plan, base: Base, fast: FastStep) -> None:
    """Bring a loaded base into the shape of a plan."""
    unet = base.unet
    make_fast(unet, fast)
    if plan.checkpointing:
        unet.enable_gradient_checkpointing()  # type: ignore[operator]
        unet.train()  # diffusers checkpoints in training mode only; there is no dropout
    if plan.tiled:
        base.vae.enable_tiling()  # type: ignore[operator]
    if plan.parked:
        base.park()
    if base.lora is not None:
        base.lora.copies = not plan.unfused


def free_bytes(device: torch.device) -> int:
    """Memory that a new process may still take on the device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


def held_by_others(device: torch.device) -> int:
    """Bytes of a CUDA card that other processes hold; 0 where it is next to nothing."""
    if device.type != "cuda" or not torch.cuda.is_available():
        return 0
    free, whole = torch.cuda.mem_get_info(device)
    held = whole - free - torch.cuda.memory_reserved(device) - CONTEXT
    return held if held > 0.05 * whole else 0


def hold_to(config: TuneConfig, device: torch.device) -> None:
    """Let CUDA's allocator take no more than ``memory`` allows."""
    if config.memory and device.type == "cuda":
        whole = torch.cuda.mem_get_info(device)[1]
        torch.cuda.set_per_process_memory_fraction(min(1.0, config.memory * 1e9 / whole), device)


def _limited(config: TuneConfig, device: torch.device, more: int = 0) -> int:
    """Free bytes, and ``more``, at most what ``memory`` allows."""
    free = free_bytes(device) + more
    return min(free, int(config.memory * 1e9)) if config.memory else free


def learnt_of(config: TuneConfig, branch: bool, device: torch.device) -> Learnt:
    """What the settings let learn. ``branch``: whether the base has the W+ branch."""
    by_device = device.type == "cuda"
    eight_bit = by_device if config.optimizer == "auto" else config.optimizer != "adamw"
    return Learnt(
        config.rank, config.lora_rank, branch, config.trained_blocks,
        eight_bit and _has_bitsandbytes(),
    )  # fmt: skip


def _allowed(
    sizes: Sizes, config: TuneConfig, internals: TuneInternals, device: torch.device, size: int
) -> list[Plan]:
    """The plans that the settings and the machine leave."""
    cuda = device.type == "cuda"
    nf4 = config.quantise == "nf4" or (config.quantise == "auto" and cuda and _has_bitsandbytes())
    checkpointing = {"always": True, "never": False}.get(config.checkpointing)
    micro_batch = min(internals.micro_batch, config.batch)

    def allowed(plan: Plan) -> bool:
        return (
            checkpointing in (None, plan.checkpointing)
            and micro_batch in (0, plan.micro_batch)
            and (plan.nf4 or config.quantise != "nf4")
        )

    return plans(sizes, config.batch, size, nf4, cuda, allowed)


def _uncounted(config: TuneConfig, internals: TuneInternals, found: Planned) -> Planned:
    """Of a base whose sizes nobody counted: the settings as they are, halves to step down to."""
    micro_batch = min(internals.micro_batch or config.batch, config.batch)
    plan = Plan(micro_batch, config.checkpointing == "always")
    smaller = [Plan(micro_batch, True)] if config.checkpointing == "auto" else []
    smaller += [Plan(n, config.checkpointing != "never") for n in (2, 1) if n < micro_batch]
    return replace(found, plan=plan, smaller=tuple(smaller))


def _too_large(
    sizes: Sizes,
    config: TuneConfig,
    internals: TuneInternals,
    device: torch.device,
    overhead: int,
    free: int,
) -> OutOfMemoryError:
    """The refusal, with the largest picture that would fit, and whether others hold the room."""
    found = _allowed(sizes, config, internals, device, config.size)
    need, others = found[-1].peak + overhead, held_by_others(device)
    said = (
        f"Tuning at {config.size} px needs {need / 1e9:.1f} GB at the least, "
        f"{free / 1e9:.1f} are free"
    )
    said += f"; other programs hold {others / 1e9:.1f} GB of this card." if others else "."
    passing = bool(others) and need <= _limited(config, device, others)
    for side in range(config.size // 64 * 64 - 64, 127, -64):
        if choose_plan(_allowed(sizes, config, internals, device, side), free - overhead):
            hint = f"It would fit with size: {side} in the recipe."
            return OutOfMemoryError(said, hint, passing)
    hint = "Close other programs, or take a smaller base: --base mini"
    return OutOfMemoryError(said, hint, passing)


def _has_bitsandbytes() -> bool:
    from importlib.util import find_spec

    return "bitsandbytes" in sys.modules or find_spec("bitsandbytes") is not None
