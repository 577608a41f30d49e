"""Where to compute, in which precision, and what is free there."""

from __future__ import annotations

import torch

from pidiff_cli.errors import UsageError

HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def pick_device(
    name: str = "auto", precision: str = "auto", family: str = "mini"
) -> tuple[torch.device, torch.dtype, torch.dtype | None]:
    """Device, dtype of the frozen networks, and autocast dtype (None is off).

    On a CPU mini stays float32; Stable Diffusion is kept in bf16 where that is asked for, XL
    always: in float32 it needs 15 GB before the first picture.

    Args:
        name: auto, cpu, cuda or mps. precision: auto (on CUDA bf16, or fp16 where the card
            does not know bf16), fp32, bf16 or fp16.
        family: mini, sd15 or sdxl.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("There is no CUDA GPU here.", "Leave --device out.")
    device = torch.device(name)
    large = family == "sdxl"
    half = precision in HALVES or (precision == "auto" and (name == "cuda" or large))
    if not half:
        return device, torch.float32, None
    dtype = HALVES.get(precision, torch.bfloat16)
    if precision == "auto" and name == "cuda" and not _knows_bf16():
        dtype = torch.float16
    stored = name == "cuda" or family != "mini"
    return device, dtype if stored else torch.float32, dtype


def _knows_bf16() -> bool:
    """Whether the CUDA card computes in bf16 itself: torch would emulate it, slowly."""
    return torch.cuda.is_bf16_supported(including_emulation=False)


def free_gpu_mb(device: str = "auto") -> float | None:
    """Free memory of the CUDA GPU in decimal MB; None where there is none or it is not wanted."""
    if device not in ("auto", "cuda") or not torch.cuda.is_available():
        return None
    return float(torch.cuda.mem_get_info()[0] / 1e6)
