"""Schedulers by the names people know them by."""

from __future__ import annotations

import difflib
from importlib.util import find_spec
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
    "dpm++_2s": ("DPMSolverSinglestepScheduler", {"algorithm_type": "dpmsolver++"}),
    "kdpm2": ("KDPM2DiscreteScheduler", {}),
    "kdpm2_a": ("KDPM2AncestralDiscreteScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "tcd": ("TCDScheduler", {}),
}
#: Classes of diffusers that take a noise schedule as Stable Diffusion's, by their own names.
CLASSES = frozenset(kind for kind, _ in SCHEDULERS.values()) | {
    "DPMSolverSDEScheduler", "SASolverScheduler",
}  # fmt: skip


#: Those of them that need a package which is not among this program's.
PACKAGES = {"DPMSolverSDEScheduler": "torchsde"}


def check_scheduler(name: str) -> None:
    """Raise UsageError for a name that `make_scheduler` would not take; diffusers stays unread."""
    if not name:
        return
    package = PACKAGES.get(_named(name)[0])
    if package and find_spec(package) is None:
        raise UsageError(f"The scheduler {name} needs {package}.", "Take another.")


def make_scheduler(config: dict[str, Any], name: str = "") -> Any:
    """A fresh scheduler.

    Args:
        config: the base's ``scheduler_config.json``, class name included.
        name: of ``SCHEDULERS``, or a class of diffusers; "" is the base's own class.

    Raises:
        UsageError: no such name, says which are near; or it needs a package that is not here.
    """
    import diffusers.schedulers as schedulers

    kind, changes = _named(name) if name else (str(config["_class_name"]), {})
    try:
        made = getattr(schedulers, kind).from_config(dict(config), **changes)
    except ImportError as error:  # diffusers' stand-in for a class with a package of its own
        package = "torchsde" if "torchsde" in str(error) else "a package that is not here"
        raise UsageError(
            f"The scheduler {name or kind} needs {package}.", "Take another."
        ) from error
    if getattr(made.config, "clip_sample", False) and "clip_sample" not in config:
        made.register_to_config(clip_sample=False)  # some classes clip to [-1, 1]: not latents
    return made


def _named(name: str) -> tuple[str, dict[str, Any]]:
    """Class and changes behind a name; capitals do not count."""
    if found := SCHEDULERS.get(name.lower()):
        return found
    for kind in CLASSES:
        if name.lower() in (kind.lower(), kind.removesuffix("Scheduler").lower()):
            return kind, {}
    near = difflib.get_close_matches(name, [*SCHEDULERS, *CLASSES], n=3) or list(SCHEDULERS)
    raise UsageError(f"There is no scheduler {name!r}.", f"For example: {', '.join(near)}")


def step_settings(scheduler: Any, generators: list[Any]) -> dict[str, Any]:
    """What ``scheduler.step`` wants beside prediction, time and latents: one generator a picture.

    Ancestral samplers draw noise at every step; from the picture's own generator it depends on
    its seed alone, and equals the stock pipeline's.
    """
    import inspect

    wanted = inspect.signature(scheduler.step).parameters
    return {"generator": generators} if "generator" in wanted else {}
