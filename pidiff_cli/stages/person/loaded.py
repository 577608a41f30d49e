"""What is known of a person on a loaded base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.profile import Profile
from pidiff_cli.stages.faces import Faces
from pidiff_cli.weights.locate import BaseParts


@dataclass
class LoadedPerson:
    """One person on a loaded base, ready to be drawn.

    Attributes:
        parts: where the base's weights lie.
        code: W+ code (L, D) before the adapter's Δw; None on a base without a branch.
        faces: the aligned faces of the photos; empty where likeness is not measured.
        reference: embeddings (P, E) of the person's photos; None where none can be made.
        record: what every picture's record says of profile, base and versions; no name, no path.
        noun: what prompts call the person.
        model: what holds the branch's adapter; the UNet itself where it has none.
        weights: fingerprints of the base and of its general branch.
    """

    profile: Profile
    base: Base
    parts: BaseParts
    code: Tensor | None
    reader: FaceReader | None
    faces: Faces
    reference: Tensor | None
    record: dict[str, Any]
    noun: str
    model: nn.Module
    weights: tuple[str, str]
