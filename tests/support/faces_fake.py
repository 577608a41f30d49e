"""Synthetic 68 points and stand-ins for the face nets, so that tests need no trained weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.detect import Face
from pidiff_cli.core.faces.networks import FaceNetworks
from pidiff_cli.core.faces.recognise import embed_faces
from pidiff_cli.core.faces.thresholds import Threshold


def face_points(x: float, y: float, height: float, lean: float = 0.0) -> np.ndarray:
    """A frontal face, brow to chin `height` px, middle at (x, y), leaning by `lean` degrees."""
    points = np.zeros((68, 2))
    t = np.linspace(0, np.pi, 17)
    points[:17] = np.stack([-np.cos(t) * 0.45, np.sin(t) * 0.62 - 0.12], 1)
    for start, middle in ((17, -0.2), (22, 0.2)):
        points[start : start + 5] = np.stack(
            [np.linspace(-0.1, 0.1, 5) + middle, np.full(5, -0.5)], 1
        )
    points[27:31] = np.stack([np.zeros(4), np.linspace(-0.3, 0.0, 4)], 1)
    points[31:36] = np.stack([np.linspace(-0.08, 0.08, 5), np.full(5, 0.05)], 1)
    for start, middle in ((36, -0.2), (42, 0.2)):
        turn = np.array([np.pi, np.pi * 1.3, np.pi * 1.7, 0, 0.3 * np.pi, 0.7 * np.pi])
        points[start : start + 6] = np.stack(
            [np.cos(turn) * 0.07 + middle, np.sin(turn) * 0.03 - 0.3], 1
        )
    turn = np.linspace(np.pi, 3 * np.pi, 13)[:12]
    points[48:60] = np.stack([np.cos(turn) * 0.16, np.sin(turn) * 0.06 + 0.22], 1)
    turn = np.linspace(np.pi, 3 * np.pi, 9)[:8]
    points[60:68] = np.stack([np.cos(turn) * 0.1, np.sin(turn) * 0.02 + 0.22], 1)
    points /= np.ptp(points[:, 1])
    a = np.deg2rad(lean)
    turn_matrix = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return (points @ turn_matrix.T * height + [x, y]).astype(np.float32)


@dataclass(frozen=True)
class Drawn:
    """A person in a test picture: place, size and the colour that is their identity."""

    x: float
    y: float
    height: float
    colour: tuple[int, int, int]


def draw_people(
    people: list[Drawn], size: tuple[int, int] = (400, 400), seed: int = 0
) -> np.ndarray:
    """uint8 (H, W, 3): a noisy ground and a speckled disc a person."""
    width, height = size
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.sin(x / rng.uniform(15, 40) + rng.uniform(0, 6)) + np.sin(y / rng.uniform(15, 40))
    out = 110 + 25 * waves[..., None] + np.zeros(3)
    for person in people:
        inside = np.hypot(x - person.x, y - person.y) < 0.8 * person.height
        out[inside] = np.array(person.colour) * 0.8
        cell = max(1, int(person.height / 40))
        speckle = rng.integers(0, 2, (height // cell + 1, width // cell + 1)) * 50
        out[inside] += speckle[y[inside] // cell, x[inside] // cell][:, None]
    return np.clip(out, 0, 255).astype(np.uint8)


class Finder:
    """find_faces that knows where it drew; pictures are told apart by their shape and sum."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, ...], list[Drawn]] = {}

    def remember(self, rgb: np.ndarray, people: list[Drawn]) -> np.ndarray:
        self.known[(*rgb.shape, int(rgb.sum()))] = people
        return rgb

    def __call__(self, rgb: np.ndarray, models: object = None) -> list[Face]:
        people = self.known.get((*rgb.shape, int(rgb.sum())), [])
        faces = []
        for person in sorted(people, key=lambda p: -p.height):
            points = face_points(person.x, person.y, person.height)
            (x0, y0), (x1, y1) = points.min(0), points.max(0)
            box = (float(x0), float(y0), float(x1), float(y1))
            faces.append(Face(box, 0.9, points))
        return faces


class ColourEmbedder(torch.nn.Module):
    """Who somebody is = the hue in the middle of the aligned face."""

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, 128, 128) -> (B, 3), unit length."""
        middle = x[:, :, 40:90, 40:90].mean((2, 3))
        return torch.nn.functional.normalize(middle - middle.mean(1, keepdim=True), dim=-1)


def install_finder(monkeypatch: pytest.MonkeyPatch) -> Finder:
    """Let `prepare` find faces and tell people apart without weights."""
    from pidiff_cli.stages.prepare import photos

    finder, embedder = Finder(), ColourEmbedder()

    def embed(rgb: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        return embed_faces(embedder, [align_face(rgb, face.landmarks) for face in faces])

    networks = FaceNetworks(None, finder, embed, "mini", Threshold(0.45, 0.45))
    monkeypatch.setattr(photos, "published_faces", lambda _: None)
    monkeypatch.setattr(photos, "candidates", lambda *_, **__: [])
    monkeypatch.setattr(photos, "drawn_networks", lambda: networks)
    return finder
