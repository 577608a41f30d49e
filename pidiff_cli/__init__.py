"""pidiff: put a person into a generated picture.

The Python API is what this module names in ``__all__``; everything else of the package is private
and may change. Its functions are described in `pidiff_cli.api` and
`pidiff_cli.keeping`. Importing this is cheap: torch
comes with the first call that computes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Belonging", "EvaluateResult", "Event", "GalleryResult", "GenerateResult", "InvertResult",
    "JudgeResult", "KeptStep", "PidiffError", "Picture",
    "PlanResult", "PrepareResult", "Progress", "StoppedError", "StylemixResult", "TuneResult",
    "again", "attach_person", "belongings", "checkpoints", "delete", "dials", "evaluate", "forget",
    "gallery", "generate", "generate_rows", "invert",
    "judge_pictures", "keep_loaded", "lock", "look", "mix_sheet", "plan", "prepare", "stylemix",
    "tune", "unlock", "use_checkpoint",
]  # fmt: skip
_KEEPING = (
    "Belonging", "KeptStep", "belongings", "checkpoints", "delete", "forget", "lock", "unlock",
    "use_checkpoint",
)  # fmt: skip
_ELSEWHERE = {
    "attach_person": "pidiff_cli.core.diffusion.person_branch",
    **dict.fromkeys(_KEEPING, "pidiff_cli.keeping"),
}


def __getattr__(name: str) -> Any:
    """The API's names, from `pidiff_cli.api` when somebody asks for one."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "pidiff_cli.api")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
