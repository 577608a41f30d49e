"""What a person's pictures are measured with and against, and why something is not there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.metrics.pose import pose_of
from pidiff_cli.errors import MissingWeightError, PidiffError
from pidiff_cli.profile import Profile, each_profile
from pidiff_cli.stages.faces import Faces, aligned_faces
from pidiff_cli.weights import locate

STRANGERS = "strangers.safetensors"  # beside the face networks that read them
MOST_OTHERS = 20  # other profiles that serve as strangers
NO_READER = "There are no face networks here: pidiff models pull faces"
NO_PHOTOS = "The profile holds no photos."
NO_STRANGERS = "There is nobody else to compare with: it takes another profile in this home."


class Judge(Protocol):
    """What scores pictures: mini's judge, or CLIP."""

    def text_image(self, images: Any, captions: list[str]) -> Tensor:
        """Cosine of B pictures with T captions, (B, T)."""

    def maps(self, images: Any) -> list[Tensor]:
        """Feature maps (B, C, h, w), for distances between pictures."""


@dataclass(frozen=True)
class Evaluators:
    """Networks and yardsticks of one person.

    Attributes:
        reference: embeddings (P, E) of the photos that likeness is measured against: those held
            back, or where there is none those learnt from (``held_out`` says which).
        photos: (P, E) all photos of the person.
        strangers: (S, E) other people; strangers_are: who they are, in words.
        poses: (4,) of ``core.copying`` of every photo learnt from.
        missing: measure -> why it cannot be made here, with the next command.
    """

    reader: FaceReader | None = None
    judge: Judge | None = None
    reference: Tensor | None = None
    held_out: bool = False
    photos: Tensor | None = None
    strangers: Tensor | None = None
    strangers_are: str = ""
    poses: tuple[np.ndarray, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)


def open_evaluators(
    profile: Profile,
    faces: Faces,
    parts: locate.BaseParts,
    home: Path,
    reader: FaceReader | None,
) -> Evaluators:
    """What a profile's pictures can be measured with on a base.

    Args:
        faces: the aligned faces of its photos.
        reader: of the base's face networks, or None.
    """
    missing: dict[str, str] = {}
    judge = open_judge(parts, home, missing)
    photos = [photo for photo in profile.photos if photo.key in faces]
    own = [faces[photo.key] for photo in photos if not photo.held_out]
    held_out = [faces[photo.key] for photo in photos if photo.held_out]
    if reader is None or not photos:
        missing["likeness"] = NO_READER if reader is None else NO_PHOTOS
        return Evaluators(reader, judge, missing=missing)
    everyone = reader.embed([*own, *held_out])  # (P, E)
    strangers, who = _strangers(profile, parts, home, reader)
    if strangers is None:
        missing["stranger_margin"] = NO_STRANGERS
    return Evaluators(
        reader, judge,
        reference=everyone[len(own) :] if held_out else everyone,
        held_out=bool(held_out), photos=everyone, strangers=strangers, strangers_are=who,
        poses=tuple(pose for face in own if (pose := _pose(reader, face)) is not None),
        missing=missing,
    )  # fmt: skip


def open_judge(parts: locate.BaseParts, home: Path, missing: dict[str, str]) -> Judge | None:
    """mini's judge, or CLIP where it is in the home; notes in ``missing`` why there is none."""
    from pidiff_cli.core.metrics.clip_score import load_clip
    from pidiff_cli.core.metrics.judge import load_judge

    try:
        return load_judge(parts.judge) if parts.judge else load_clip(home / "models" / "clip")
    except MissingWeightError as error:
        missing["text"] = f"{error.message} {error.hint}".strip()
        return None


def _pose(reader: FaceReader, face: np.ndarray) -> np.ndarray | None:
    found = reader.find(face)
    return pose_of(np.asarray(found[0].landmarks)) if len(found) else None


def _strangers(
    profile: Profile, parts: locate.BaseParts, home: Path, reader: FaceReader
) -> tuple[Tensor | None, str]:
    """Other people (S, E): those that come with the face networks, else the home's profiles."""
    path = parts.faces / STRANGERS
    try:
        return load_file(path)["embeddings"].float(), "100 drawn strangers"
    except (OSError, SafetensorError, KeyError):
        pass  # the published face networks come without any
    others: list[Tensor] = []
    for other in each_profile(home):
        if len(others) == MOST_OTHERS:
            break
        try:
            if other.manifest.id != profile.manifest.id:
                faces = [*aligned_faces(other).values()]
                others += [reader.embed(faces[:4]).mean(0)] if faces else []
        except PidiffError:
            continue  # a damaged profile of somebody else is not this person's trouble
    if not others:
        return None, ""
    people = f"{len(others)} other profile{'s' * (len(others) != 1)}"
    return torch.nn.functional.normalize(torch.stack(others), dim=-1), people
