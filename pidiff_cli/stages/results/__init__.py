"""What stages return. The fields are the keys of the JSON that `--json` prints, a contract."""

from __future__ import annotations

from pidiff_cli.stages.results.gallery import GalleryPicture, GalleryResult
from pidiff_cli.stages.results.learning import PlanResult, TuneResult
from pidiff_cli.stages.results.machine import BaseState, DoctorResult
from pidiff_cli.stages.results.marks import VerifiedPicture
from pidiff_cli.stages.results.measures import EvaluateResult, JudgeResult
from pidiff_cli.stages.results.photos import InvertResult, Kept, PrepareResult, RejectedPhoto
from pidiff_cli.stages.results.pictures import (
    GenerateResult,
    Picture,
    PromptNote,
    RejectedPicture,
    StylemixResult,
)
from pidiff_cli.stages.results.words import KnownWords, ReadWords

__all__ = [
    "BaseState",
    "DoctorResult",
    "EvaluateResult",
    "GalleryPicture",
    "GalleryResult",
    "GenerateResult",
    "InvertResult",
    "JudgeResult",
    "Kept",
    "KnownWords",
    "Picture",
    "PlanResult",
    "PrepareResult",
    "PromptNote",
    "ReadWords",
    "RejectedPhoto",
    "RejectedPicture",
    "StylemixResult",
    "TuneResult",
    "VerifiedPicture",
]
