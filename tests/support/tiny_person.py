"""A prepared profile of a person who is a coloured disc, and face networks that read colour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.images import save_png
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages.progress import Progress
from tests.support.tiny_base import DIM, ROWS


def disc(size: int, colour: tuple[int, int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture uint8 (size, size, 3) of a disc on a plain ground, and its mask in [0, 1]."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(40, 220, 3)
    y, x = np.mgrid[:size, :size] / size - 0.5
    mask = (x**2 + y**2 < 0.09).astype(np.float32)
    picture = mask[..., None] * np.array(colour) + (1 - mask[..., None]) * ground
    return (picture + rng.integers(-6, 6, picture.shape)).clip(0, 255).astype(np.uint8), mask


def make_profile(
    home: Path, name: str = "alice", photos: int = 3, held_out: int = 1, noun: str = "woman"
) -> Profile:
    """A profile that prepare and invert might have made."""
    profile = Profile.create(home, name, noun)
    kept = []
    for i in range(photos + held_out):
        key = f"{i + 1:02d}"
        picture, mask = disc(96, (200, 120, 80), i)
        grey = (np.repeat(mask[..., None], 3, 2) * 255).astype(np.uint8)
        paths = {}
        for kind, pixels in (
            ("face", picture), ("mask", grey), ("picture", picture), ("picture_mask", grey)
        ):  # fmt: skip
            paths[kind] = f"photos/{key}_{kind}.png"
            profile.write(paths[kind], lambda at, pixels=pixels: save_png(at, pixels) and None)
        kept.append(Photo(key, f"{i}.jpg", held_out=i >= photos, **paths))
    profile.update(photos=tuple(kept))
    rng = np.random.default_rng(7)
    codes = rng.standard_normal((photos, ROWS, DIM)).astype(np.float32)
    weights = np.full(photos, 1 / photos, np.float32)
    keys = tuple(photo.key for photo in kept[:photos])
    profile.save_identity(codes, weights, codes.mean(0), keys)
    return profile


@dataclass(frozen=True)
class Found:
    """A face that fills the middle of the picture."""

    landmarks: np.ndarray
    score: float = 1.0


def colour_reader() -> FaceReader:
    """Likeness as likeness of mean colour; every picture has its face in the middle."""

    def embed(x: Tensor) -> Tensor:
        centre = x[:, :, 32:96, 32:96].mean((2, 3)) + 1.001
        return torch.nn.functional.normalize(centre, dim=-1)

    def find(picture: np.ndarray) -> list[Found]:
        points = np.zeros((68, 2), np.float32)
        points[36:42], points[42:48] = (0.4, 0.45), (0.6, 0.45)
        points[48], points[54] = (0.43, 0.65), (0.57, 0.65)
        points[0], points[8] = (0.3, 0.5), (0.5, 0.8)
        return [Found(points * picture.shape[0])]

    def mask(aligned: np.ndarray) -> np.ndarray:
        return disc(len(aligned), (0, 0, 0), 0)[1]

    return FaceReader(embed, find, mask)


def install(monkeypatch: pytest.MonkeyPatch, weights: Path, reads: bool = True) -> None:
    """Let the stages find a tiny base as ``mini`` and, if ``reads``, the colour reader."""
    from pidiff_cli.stages import invert
    from pidiff_cli.stages.gallery import alike
    from pidiff_cli.stages.person import loading
    from pidiff_cli.stages.tune import run as tune
    from pidiff_cli.stages.tune import setup
    from pidiff_cli.weights import locate

    monkeypatch.setattr(tune, "REPORT_STEPS", 1)
    monkeypatch.setattr(setup, "PREVIEW_STEPS", 1)
    monkeypatch.setattr(setup, "REPORT_STEPS", 1)
    monkeypatch.setattr(locate, "PACKAGE_WEIGHTS", weights)
    for module in (tune, invert, loading, alike):
        monkeypatch.setattr(module, "open_reader", lambda _: colour_reader() if reads else None)


class ColourJudge:
    """A judge that scores a picture by its mean red, and compares pictures by their pixels."""

    def text_image(self, images: Any, captions: list[str]) -> Tensor:
        """(B, T): all captions but the last score 0.1 less each."""
        red = torch.tensor([float(image[..., 0].mean()) / 255 for image in images])
        return red[:, None] - 0.1 * torch.arange(len(captions))

    def maps(self, images: Any) -> list[Tensor]:
        """The pixels, (B, 3, H, W) in 0..1."""
        return [torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255]


def install_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stages find a judge."""
    from pidiff_cli.stages.report import evaluators

    monkeypatch.setattr(evaluators, "open_judge", lambda *_: ColourJudge())


class Notes(Progress):
    """Keeps what a stage says."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
