"""Schedulers by the names people know them by."""

from __future__ import annotations

import difflib
from typing import Any

from pidiff_cli.errors import UsageError

#: Name -> class of diffusers, and what it changes of the base's own configuration.
SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
    "ddpm": ("DDPMScheduler", {}),
    "pndm": ("PNDMScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpm++": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpm++_karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True},
    ),
    "dpm++_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "deis": ("DEISMultistepScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "tcd": ("TCDScheduler", {}),
}


def make_scheduler(config: dict[str, Any], name: str = "") -> Any:
    """A fresh scheduler.

    Args:
        config: the base's ``scheduler_config.json``, class name included.
        name: of ``SCHEDULERS``; "" is the base's own class.

    Raises:
        UsageError: no such name; says which are near.
    """
    import diffusers.schedulers as schedulers

    if not name:
        kind: str = config["_class_name"]
        changes: dict[str, Any] = {}
    elif name in SCHEDULERS:
        kind, changes = SCHEDULERS[name]
    else:
        near = difflib.get_close_matches(name, SCHEDULERS, n=3) or list(SCHEDULERS)
        raise UsageError(f"There is no scheduler {name!r}.", f"For example: {', '.join(near)}")
    return getattr(schedulers, kind).from_config(dict(config), **changes)


def step_settings(scheduler: Any, generators: list[Any]) -> dict[str, Any]:
    """What ``scheduler.step`` wants beside prediction, time and latents: one generator a picture.

    Ancestral samplers draw noise at every step; from the picture's own generator it depends on
    its seed alone, and equals the stock pipeline's.
    """
    import inspect

    wanted = inspect.signature(scheduler.step).parameters
    return {"generator": generators} if "generator" in wanted else {}
