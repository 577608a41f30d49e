"""Batches for the face nets, drawn from the bank with hard augmentation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from mini.train.faces.augment import (
    SIDE,
    Crop,
    Textures,
    camera,
    face_crop,
    mirror,
    occlude,
    photograph,
    recolour,
)
from mini.train.faces.proportions import reshape
from pidiff_cli.core.faces.align import ffhq_quad

CANVAS = 160  # px, the finder's training pictures
RESHAPED = 0.5  # share of landmark crops with other proportions than the drawn world's
NOMINAL = 64.0  # px, the head's side at which the finder's size output is 0


@dataclass(frozen=True)
class Bank:
    """Memory maps of the drawn bank; `rows` are the training ones, `held` 2 % of the persons."""

    images: np.ndarray
    labels: np.ndarray
    points: np.ndarray
    factors: np.ndarray
    persons: np.ndarray
    rows: np.ndarray
    held: np.ndarray


def open_bank(folder: Path) -> Bank:
    """The bank in `folder`, as much of it as is drawn."""
    images, labels, points, factors, persons = (
        np.load(folder / f"{n}.npy", mmap_mode="r")
        for n in ("images", "labels", "landmarks", "factors", "persons")
    )
    owners = np.asarray(persons)
    drawn = np.flatnonzero(np.abs(np.asarray(points)).sum((1, 2)) > 0)
    away = owners[drawn] % 50 == 0
    return Bank(images, labels, points, factors, owners, drawn[~away], drawn[away])


def landmark_batch(
    bank: Bank, rng: np.random.Generator, textures: Textures, count: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x u8 (B, 128, 128, 3), points (B, 68, 2) in 0..1, labels (B, 64, 64) int64, face (B,)."""
    crops, faces = [], []
    for row in rng.choice(bank.rows, count):
        crop, face = _landmark_crop(bank, int(row), rng, textures)
        crops.append(crop)
        faces.append(face)
    labels = np.stack([c.labels[1::2, 1::2] for c in crops]).astype(np.int64)
    points = np.stack([(c.points + 0.5) / SIDE for c in crops]).astype(np.float32)
    return (
        torch.from_numpy(np.stack([c.rgb for c in crops])),
        torch.from_numpy(points),
        torch.from_numpy(labels),
        torch.tensor(faces, dtype=torch.float32),
    )


def finder_batch(
    bank: Bank, rng: np.random.Generator, textures: Textures, count: int
) -> tuple[Tensor, Tensor, Tensor]:
    """x u8 (B, 160, 160, 3), heat (B, 20, 20), targets (B, 4, 20, 20): log size, dx, dy, weight."""
    pictures = [_canvas(bank, rng, textures) for _ in range(count)]
    heat = np.stack([p[1] for p in pictures])
    targets = np.stack([p[2] for p in pictures])
    return (
        torch.from_numpy(np.stack([p[0] for p in pictures])),
        torch.from_numpy(heat),
        torch.from_numpy(targets),
    )


def embed_batch(
    bank: Bank,
    groups: list[np.ndarray],
    rng: np.random.Generator,
    textures: Textures,
    persons: int,
    each: int,
) -> tuple[Tensor, Tensor]:
    """x u8 (P*each, 128, 128, 3) aligned and jittered, rows (P*each,): `each` pictures a person."""
    rows = np.concatenate(
        [
            rng.choice(groups[g], each, replace=len(groups[g]) < each)
            for g in rng.choice(len(groups), persons, replace=False)
        ]
    )
    made = np.stack([_embed_crop(bank, int(r), rng, textures) for r in rows])
    return torch.from_numpy(made), torch.from_numpy(rows)


def plain_crop(bank: Bank, row: int) -> Crop:
    """The aligned crop as it is, no augmentation."""
    still = np.random.default_rng(0)
    return face_crop(
        np.asarray(bank.images[row]), np.asarray(bank.labels[row]), np.asarray(bank.points[row]),
        still, _NO_TEXTURES, scale=1.0, shift=(0, 0), roll=0, new_background=False, level=1,
        flip=False, stretch=0,
    )  # fmt: skip


def _landmark_crop(
    bank: Bank, row: int, rng: np.random.Generator, textures: Textures
) -> tuple[Crop, float]:
    rgb, labels = np.asarray(bank.images[row]), np.asarray(bank.labels[row])
    points = np.asarray(bank.points[row])
    kind = rng.random()
    if kind < 0.10:  # no face at all
        empty = textures.crop(rng, SIDE, SIDE)
        crop = Crop(empty, np.zeros((SIDE, SIDE), np.uint8), np.zeros((68, 2), np.float32))
        return Crop(photograph(crop.rgb, rng), crop.labels, crop.points), 0.0
    if rng.random() < RESHAPED:
        rgb, labels, points = reshape(rgb, labels, points, rng)
    face = 1.0
    if kind < 0.22:  # a crop that misses the face
        scale, shift, roll, face = _missed(rng)
    elif kind < 0.6:  # the second look: nearly right
        scale, shift = float(np.exp(rng.normal(0, 0.08))), tuple(rng.normal(0, 0.04, 2))
        roll = float(rng.normal(0, 4))
    else:
        scale = float(np.exp(rng.uniform(np.log(0.7), np.log(1.5))))
        shift, roll = tuple(rng.uniform(-0.16, 0.16, 2)), float(rng.uniform(-35, 35))
    bend = float(rng.uniform(0, 3.0)) * (rng.random() < 0.6)
    new = bool(rng.random() < 0.6)
    crop = face_crop(
        rgb, labels, points, rng, textures, scale=scale, shift=shift, roll=roll, bend=bend,
        new_background=new, clear_body=bool(rng.random() < 0.2),
    )  # fmt: skip
    if rng.random() < 0.22:
        crop = occlude(crop, rng, textures)
    return Crop(photograph(crop.rgb, rng), crop.labels, crop.points), face


def _missed(rng: np.random.Generator) -> tuple[float, tuple[float, float], float, float]:
    roll = float(rng.uniform(-40, 40))
    if rng.random() < 0.7:
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 0.75)
        scale = float(rng.uniform(0.6, 1.0))
        return scale, (float(np.cos(angle) * far), float(np.sin(angle) * far)), roll, 0.0
    scale = float(rng.choice([rng.uniform(0.25, 0.45), rng.uniform(2.3, 3.0)]))
    return scale, (float(rng.normal(0, 0.1)), float(rng.normal(0, 0.1))), roll, 0.0


def _embed_crop(bank: Bank, row: int, rng: np.random.Generator, textures: Textures) -> np.ndarray:
    kind = rng.random()
    crop = face_crop(
        np.asarray(bank.images[row]), np.asarray(bank.labels[row]), np.asarray(bank.points[row]),
        rng, textures, scale=float(np.exp(rng.normal(0, 0.04))),
        shift=(float(rng.normal(0, 0.02)), float(rng.normal(0, 0.02))),
        roll=float(rng.normal(0, 2)), level=1.0, flip=False,
        new_background=bool(kind < 0.3), clear_body=bool(kind < 0.1), stretch=0.03,
    )  # fmt: skip
    rgb = crop.rgb
    if kind > 0.55:  # the background taken out, as before inversion
        gone = (crop.labels <= (1 if kind > 0.65 else 0)).astype(np.float32)
        alpha = cv2.GaussianBlur(gone, (0, 0), 0.8)[..., None]
        rgb = (rgb * (1 - alpha) + 255 * alpha).astype(np.uint8)
    if rng.random() < 0.7:
        rgb = photograph(rgb, rng, 0.25)
    return rgb


def _canvas(
    bank: Bank, rng: np.random.Generator, textures: Textures
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    picture = textures.crop(rng, CANVAS, CANVAS)
    cells = CANVAS // 8
    heat = np.zeros((cells, cells), np.float32)
    targets = np.zeros((4, cells, cells), np.float32)
    placed: list[tuple[float, float, float]] = []
    for row in rng.choice(bank.rows, int(rng.choice(4, p=(0.15, 0.5, 0.25, 0.1)))):
        side = float(np.exp(rng.uniform(np.log(34), np.log(112))))
        cx, cy = (float(v) for v in rng.uniform(0.08, 0.92, 2) * CANVAS)
        if any(np.hypot(cx - x, cy - y) < 0.75 * max(side, s) for x, y, s in placed):
            continue
        placed.append((cx, cy, side))
        picture = _paste(picture, bank, int(row), (cx, cy, side), rng)
    for place in placed:
        _mark(heat, targets, place)
    return camera(recolour(picture, rng, 0.6), rng), heat, targets


def _paste(
    picture: np.ndarray,
    bank: Bank,
    row: int,
    place: tuple[float, float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """The picture with one person more."""
    cx, cy, side = place
    rgb, labels, points = (np.asarray(a[row]) for a in (bank.images, bank.labels, bank.points))
    if rng.random() < 0.5:
        rgb, labels, points = mirror(rgb, labels, points)
    rgb = photograph(rgb, rng, 0.8)
    quad = ffhq_quad(points)
    factor = side / float(np.hypot(*(quad[3] - quad[0])))
    angle = np.deg2rad(rng.normal(0, 14))
    turn = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = np.array([cx, cy]) - turn @ quad.mean(0)
    matrix = np.concatenate([turn, shift[:, None]], 1)
    kind = rng.random()
    least = 0 if kind < 0.25 else 1 if kind < 0.75 else 2  # whole picture, figure, head alone
    if factor < 0.6:
        rgb = cv2.GaussianBlur(rgb, (0, 0), 0.35 / factor)
    size = (CANVAS, CANVAS)
    alpha = cv2.warpAffine((labels >= least).astype(np.float32), matrix, size)[..., None]
    moved = cv2.warpAffine(rgb, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    out: np.ndarray = (picture * (1 - alpha) + moved * alpha).astype(np.uint8)
    return out


def _mark(heat: np.ndarray, targets: np.ndarray, place: tuple[float, float, float]) -> None:
    cx, cy, side = place
    y, x = np.mgrid[0 : heat.shape[0], 0 : heat.shape[1]]
    dx, dy = cx / 8 - (x + 0.5), cy / 8 - (y + 0.5)
    bump = np.exp(-(dx**2 + dy**2) / (2 * max(0.9, side / 8 * 0.14) ** 2)).astype(np.float32)
    row, column = int(cy / 8), int(cx / 8)
    bump[row, column] = 1.0
    np.maximum(heat, bump, out=heat)
    near = bump > 0.5
    targets[0][near] = np.log2(side / NOMINAL)
    targets[1][near], targets[2][near] = dx[near], dy[near]
    targets[3][near] = 1.0


_NO_TEXTURES = Textures(0, 1, real=False)
