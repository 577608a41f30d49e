"""Where to compute, in which precision, and what is free there.

Whether a machine has a GPU is asked twice: first the system (device nodes, the driver's library),
which takes no time, and only where that finds one torch itself.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli.errors import UsageError

if TYPE_CHECKING:
    import torch

HALVES = ("bf16", "fp16")
#: What a driver puts there: NVIDIA's, the one of Windows' Linux, AMD's.
_NODES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
_LIBRARIES = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1",)
_HIDES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


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

    Raises:
        UsageError: this machine has no such device.
    """
    check_device(name)
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise _absent("CUDA GPU that torch can use")
    if name == "mps" and not torch.backends.mps.is_available():
        raise _absent("Apple GPU that torch can use")
    device = torch.device(name)
    large = family == "sdxl"
    half = precision in HALVES or (precision == "auto" and (name == "cuda" or large))
    if not half:
        return device, torch.float32, None
    dtype = torch.float16 if precision == "fp16" else torch.bfloat16
    if precision == "auto" and name == "cuda" and not _knows_bf16():
        dtype = torch.float16
    stored = name == "cuda" or family != "mini"
    return device, dtype if stored else torch.float32, dtype


def check_device(name: str) -> None:
    """Raise UsageError for a device that this machine cannot have, without torch."""
    if name == "cuda" and not may_have_cuda():
        raise _absent("CUDA GPU")
    if name == "mps" and not (sys.platform == "darwin" and platform.machine() == "arm64"):
        raise _absent("Apple GPU")


def may_have_cuda() -> bool:
    """Whether a driver of a GPU that torch computes on is here; torch has the last word."""
    if any(os.environ.get(key, "0").strip() in ("", "-1") for key in _HIDES):
        return False
    return any(Path(node).exists() for node in _NODES) or any(map(_loads, _LIBRARIES))


def free_gpu_mb(device: str = "auto") -> float | None:
    """Free memory of the CUDA GPU in decimal MB; None where there is none or it is not wanted."""
    if device not in ("auto", "cuda") or not may_have_cuda():
        return None
    import torch

    return float(torch.cuda.mem_get_info()[0] / 1e6) if torch.cuda.is_available() else None


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _absent(what: str) -> UsageError:
    return UsageError(f"There is no {what} here.", "Leave --device out.")


def _knows_bf16() -> bool:
    """Whether the CUDA card computes in bf16 itself: torch would emulate it, slowly."""
    import torch

    return torch.cuda.is_bf16_supported(including_emulation=False)
