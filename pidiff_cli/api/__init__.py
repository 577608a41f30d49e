"""The Python API: the commands' work as functions, with frozen results and no terminal.

Each function opens the profile, the base and the recipe once, makes one configuration (which is
checked as it is made), and hands them to a stage. Nothing heavy is imported before all of that is
sound. What a person would have to mend is a `PidiffError`.

Arguments that all of them take:
    home: the folder that holds ``profiles/`` and ``models/``; None is PIDIFF_HOME or the
        platform's user data folder. device: auto, cpu, cuda or mps. offline: never use the network.
    progress: a callback that gets an `Event`, or a `Progress` of one's own. A callback that
        returns True ends a `tune` after the step under way (StoppedError; the same call goes on)
        and a `generate` after the prompt under way (it returns what is drawn). The others end by
        themselves soon. What a callback raises comes through; nothing half-written stays.
    settings: further fields of the command's configuration (`pidiff_cli.config`), as the
        command's options of the same names, with the same units and ranges (docs/cli.md); None
        leaves the recipe's or the default.
"""

from __future__ import annotations

from pidiff_cli.api.drawing import dials, generate
from pidiff_cli.api.learning import plan, tune
from pidiff_cli.api.machine import doctor
from pidiff_cli.api.measuring import evaluate, judge_pictures
from pidiff_cli.api.mixing import mix_sheet, stylemix
from pidiff_cli.api.pages import gallery
from pidiff_cli.api.photos import invert, look, prepare
from pidiff_cli.api.redrawing import again
from pidiff_cli.api.tables import generate_rows
from pidiff_cli.errors import PidiffError, StoppedError
from pidiff_cli.stages.kept import keep_loaded
from pidiff_cli.stages.progress import Event, Progress
from pidiff_cli.stages.results import (
    EvaluateResult,
    GalleryResult,
    GenerateResult,
    InvertResult,
    JudgeResult,
    Picture,
    PlanResult,
    PrepareResult,
    StylemixResult,
    TuneResult,
)

__all__ = [
    "EvaluateResult", "Event", "GalleryResult", "GenerateResult", "InvertResult", "JudgeResult",
    "PidiffError", "Picture",
    "PlanResult", "PrepareResult", "Progress", "StoppedError", "StylemixResult", "TuneResult",
    "again", "dials", "doctor", "evaluate", "gallery", "generate", "generate_rows", "invert",
    "judge_pictures", "keep_loaded", "look", "mix_sheet", "plan", "prepare", "stylemix", "tune",
]  # fmt: skip
