"""Where marks lie on a head: masks in the frame of a figure's layers, white where the mark is."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.rivals.traits.people import Mark
from mini.world.context import Context
from mini.world.head.hair import style_of
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

#: place -> blobs (x, y, rx, ry) in head units on the side +1.
BLOBS = {
    "eye": ((13.0, 0.5, 9.5, 9.5), (18.0, 6.0, 5.0, 6.0)),
    "cheek": ((15.0, 13.0, 7.5, 7.0), (10.0, 18.0, 4.5, 3.5)),
    "jaw": ((9.0, 27.0, 8.0, 6.5), (14.5, 21.0, 5.0, 6.0)),
    "mouth": ((7.0, 22.0, 8.5, 7.5), (3.0, 30.0, 6.0, 4.0)),
}
#: place -> line (N, 2) of a scar on the side +1, and its greatest width in units.
SCARS = {
    "eye": ((9.0, -15.0), (11.5, -8.0), (12.5, 0.0), (15.5, 8.0), (16.5, 13.0)),
    "cheek": ((6.5, 6.0), (11.0, 10.5), (15.0, 16.5), (17.0, 23.0)),
    "mouth": ((4.0, 15.5), (6.5, 21.0), (6.0, 26.0), (9.0, 32.0)),
}
SCAR_WIDTH, STRAND_WIDTH = 2.6, 6.5
WHITE = (1.0, 1.0, 1.0)


def _mask(geo: Geometry) -> Layer:
    return Layer(geo.frame, "mask")


def blobs(mark: Mark, geo: Geometry) -> Layer:
    """Ragged patches of a stain or of vitiligo."""
    rng, mask = np.random.default_rng([81, mark.seed]), _mask(geo)
    spots = 5 if mark.kind == "vitiligo" else 2
    for x, y, rx, ry in BLOBS[mark.place]:
        at = (mark.side * x, y)
        _blob(mask, geo, at, rx * mark.size, ry * mark.size, rng)
        for _ in range(spots):
            far = rng.uniform(0.95, 1.35) * np.array([rx, ry]) * mark.size
            turn = rng.uniform(0, 2 * np.pi)
            small = rng.uniform(0.9, 2.0)
            spot = at + far * (mark.side * np.cos(turn), np.sin(turn))
            _blob(mask, geo, spot, small, small, rng)
    return mask


def _blob(mask: Layer, geo: Geometry, at: Any, rx: float, ry: float, rng: Any) -> None:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    waves = [rng.normal(0, 0.13 / k**0.5) * np.cos(k * t + rng.uniform(0, 6)) for k in (2, 3, 5, 7)]
    r = np.clip(1 + np.sum(waves, 0), 0.5, 1.5)
    ring = np.stack([at[0] + rx * r * np.cos(t), at[1] + ry * r * np.sin(t)], 1)
    mask.fill(geo.face(ring), WHITE, soft=0.35)


def scar(mark: Mark, geo: Geometry) -> Layer:
    """A line that swells in the middle, with short stitches across it."""
    mask = _mask(geo)
    line = np.asarray(SCARS[mark.place]) * (mark.side, 1.0)
    line = line.mean(0) + (line - line.mean(0)) * mark.size
    wide = SCAR_WIDTH * (0.5 + 0.5 * mark.size)
    mask.stroke(geo.face(line), (0.4 * wide, wide, wide, 0.4 * wide), WHITE, soft=0.2)
    for a, b in zip(line[:-1], line[1:], strict=True):
        across = np.array([-(b - a)[1], (b - a)[0]]) / np.linalg.norm(b - a) * 2.6
        middle = (a + b) / 2
        mask.stroke(geo.face([middle - across, middle + across]), 0.9, WHITE, 0.8, soft=0.2)
    return mask


def strand(mark: Mark, p: Person, c: Context, geo: Geometry) -> Layer:
    """From the parting down one side of the face, or that side's ends alone."""
    mask, s = _mask(geo), geo.shape
    cut = style_of(p, geo, c.headgear)
    wide, w = STRAND_WIDTH * mark.size, s.skull + cut.volume
    if mark.place == "ends":
        top, low = 0.3 * cut.down, cut.down + 8
        edge = np.array([(0.3, top), (2.0, top), (2.0, low), (0.3, low)])
        return mask.fill(geo.place(edge * (mark.side * s.cheek, 1)), WHITE, soft=1.5)
    path = [
        (0.30 * s.skull, s.top - cut.top), (0.62 * s.skull, 0.72 * s.top), (0.88 * w, 0.38 * s.top),
        (0.93 * w, 0.0), (0.96 * s.cheek + 0.5 * cut.volume, 16.0),
        (0.96 * s.cheek + 0.5 * cut.volume, max(cut.down, 20.0) + 4.0),
    ]  # fmt: skip
    line = geo.place(np.asarray(path) * (mark.side, 1.0), [6, 6, 5, 3, 1, 0])
    mask.stroke(line, (0.5 * wide, wide, wide, wide), WHITE, soft=0.4)
    return mask
