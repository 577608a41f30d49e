"""Real training steps on a GPU with random weights of the real size: peak memory and time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, cast

import torch
from torch import nn

from benchmarks.speed.footprint import LATENT, step_loss
from pidiff_cli.core.diffusion.quantise import quantise
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    make_optimizer,
    place_projector,
    trainable_parameters,
)
from pidiff_cli.core.identity.attention import attach
from pidiff_cli.core.identity.lora import add_lora
from pidiff_cli.core.identity.tokens import fresh_projector
from pidiff_cli.core.training.fast_step import FastStep, make_fast
from pidiff_cli.core.training.memory_plan import Learnt, Plan, Sizes, choose_plan, plans

#: base, side of the picture in px, pictures a step
CASES = (("sd15", 512, 1), ("sd15", 512, 4), ("sdxl", 1024, 1), ("sdxl", 1024, 4))
CODES, PASSES = (18, 512), 6


def measure(
    base: str, config: dict[str, Any], size: int, batch: int, limit: float, learnt: Learnt
) -> dict[str, Any]:
    """One row: the plan for this memory, what it predicts for the UNet's part, what was taken."""
    sizes = cast(Sizes, Sizes.of(base, 2, replace(learnt, eight_bit=True)))
    free = int(limit * 1e9) if limit else torch.cuda.mem_get_info()[0]
    row: dict[str, Any] = {"base": base, "size": size, "batch": batch, "limit_gb": limit}
    plan = choose_plan(plans(sizes, batch, size, nf4=base == "sdxl"), free)
    if plan is None:
        return row | {"plan": None}
    predicted = sizes.unet(plan, size)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    seconds = run_passes(config, plan, size, torch.device("cuda"), learnt)
    peak = torch.cuda.max_memory_allocated()
    return row | {
        "plan": plan.document(), "predicted_mb": round(predicted / 1e6),
        "measured_mb": round(peak / 1e6), "off": round(predicted / peak - 1, 3),
        "seconds_a_pass": round(seconds, 4),
    }  # fmt: skip


def run_passes(
    config: dict[str, Any], plan: Plan, size: int, device: torch.device, learnt: Learnt
) -> float:
    """Seconds of a pass of ``plan.micro_batch`` pictures, the median of the later ones."""
    unet = build(config, plan.nf4, device, learnt.branch)
    lora, codes = None, CODES if learnt.branch else None
    if learnt.branch and learnt.rank:
        add_adapter(unet, learnt.rank, learnt.rank)
    if learnt.lora_rank:
        lora = add_lora(unet, learnt.lora_rank, learnt.lora_rank)
    unet.to(device)
    make_fast(unet, FastStep())
    if plan.checkpointing:
        cast(Any, unet).enable_gradient_checkpointing()
        unet.train()
    parameters = list(trainable_parameters(unet).values())
    optimizer = make_optimizer(parameters, device, 1e-4)
    times = []
    for _ in range(PASSES):
        _wait(device)
        began = time.perf_counter()
        with torch.device(device):
            loss = step_loss(unet, plan.micro_batch, size // LATENT, codes, torch.bfloat16, lora)
        cast(Any, loss).backward()
        optimizer.step()
        optimizer.zero_grad()
        _wait(device)
        times.append(time.perf_counter() - began)
    return sorted(times[2:])[len(times[2:]) // 2]


def build(
    config: dict[str, Any], nf4: bool, device: torch.device, branch: bool = True
) -> nn.Module:
    """A UNet of random bf16 weights, with the identity branch or bare; its linears in 4 bits."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        unet = cast(nn.Module, UNet2DConditionModel.from_config(config))
        width = int(config["cross_attention_dim"])
        cast(Any, unet).identity_context = attach(unet, width if branch else None)
        if branch:
            place_projector(unet, fresh_projector(*CODES, width))
    for parameter in unet.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    unet.to_empty(device=device)
    with torch.no_grad():
        for parameter in unet.parameters():
            parameter.normal_(0, 0.02) if parameter.ndim > 1 else parameter.fill_(0.5)
    unet.requires_grad_(False)
    if nf4:
        quantise(unet, torch.bfloat16)
    unet.to(device)  # packs the 4-bit ones
    if branch:
        cast(Any, unet).identity_code.float()
    return unet


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
