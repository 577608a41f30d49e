"""ONE light for everything: a `Light`, and the `Figure` that layers are lit and composited into."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mini.world.paint.canvas import Array, Layer
from mini.world.paint.kernels import add_bumps, finish, normals, shade_over

Rgb = tuple[float, float, float]
PLUM: Rgb = (0.34, 0.20, 0.27)  # cast shadows: deep plum, never black


@dataclass(frozen=True)
class Light:
    """Directions point TO the light (x right, y down, z to the viewer); colours about [0, 1]."""

    key_dir: Rgb = (-0.55, -0.55, 0.62)
    key_rgb: Rgb = (0.66, 0.63, 0.59)
    ambient: Rgb = (0.47, 0.44, 0.47)
    ground: Rgb = (0.13, 0.10, 0.09)
    rim_dir: Rgb = (0.75, -0.55, -0.3)
    rim_rgb: Rgb = (0.30, 0.31, 0.34)

    def jittered(self, seed: int) -> Light:
        """The same scene's light a little elsewhere: side flipped at times, warmth and level."""
        rng = np.random.default_rng([3, seed])
        side = -1.0 if rng.random() < 0.35 else 1.0
        x, y, z = self.key_dir
        key = (side * x + rng.normal(0, 0.12), y + rng.normal(0, 0.1), z)
        level, warm = rng.uniform(0.9, 1.08), rng.normal(0, 0.03)
        r, g, b = self.key_rgb
        rim = (side * self.rim_dir[0], self.rim_dir[1], self.rim_dir[2])
        return replace(
            self, key_dir=key, key_rgb=(r * level * (1 + warm), g * level, b * level * (1 - warm)),
            rim_dir=rim,
        )  # fmt: skip


NEUTRAL = Light()

# material: kernel kind, wrap r g b, gloss, power, cavity, diffuse level, inflation (sigma, weight)
_Spec = tuple[int, Rgb, float, float, float, float, tuple[tuple[float, float], ...]]
_CLOTH = ((1.2, 1.2), (3.0, 3.0), (8.0, 8.0))
_HAIR = ((2.2, 3.5), (6.0, 9.0))
MATERIALS: dict[str, _Spec] = {
    "skin": (3, (0.55, 0.34, 0.26), 0.22, 14.0, 0.13, 1.0, ((2.0, 3.0), (6.0, 9.0))),
    "cloth": (1, (0.35, 0.30, 0.30), 0.03, 6.0, 0.06, 1.0, _CLOTH),
    "matte": (1, (0.35, 0.30, 0.30), 0.0, 6.0, 0.06, 1.0, _CLOTH),
    "hair": (2, (0.35, 0.30, 0.30), 0.17, 8.0, 0.05, 1.0, _HAIR),
    "curls": (2, (0.35, 0.30, 0.30), 0.04, 8.0, 0.07, 1.0, _HAIR),
    "metal": (1, (0.10, 0.10, 0.10), 0.95, 26.0, 0.05, 1.05, ((1.2, 2.0), (4.0, 6.0))),
    "glass": (1, (0.60, 0.60, 0.60), 0.90, 50.0, 0.0, 0.9, ((1.5, 2.0), (5.0, 5.0))),
    "flat": (0, (0.0, 0.0, 0.0), 0.0, 1.0, 0.0, 1.0, ((2.0, 0.0),)),
}

_LIFT = np.asarray((np.arange(257) / 255.0) ** 0.92, np.float32)


def unit(v: Any) -> Array:
    """A vector at length 1, float32."""
    a = np.asarray(v, np.float32)
    return np.asarray(a / max(float(np.linalg.norm(a)), 1e-6), np.float32)


def inflate(alpha: Array, material: str, thickness: float, per_unit: float) -> Array:
    """Height (h, w) in units of a half-size alpha (h, w): blurred at some radii and summed."""
    height = np.zeros_like(alpha)
    for sigma, weight in MATERIALS[material][6]:
        if weight:
            blurred = cv2.GaussianBlur(alpha, (0, 0), sigma * per_unit)
            height += blurred * np.float32(weight * thickness)
    return height


def bump_rows(layer: Layer, corner: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A layer's bumps as rows for `add_bumps` in half-size pixels from `corner`."""
    b = np.asarray(layer.bumps, np.float64)
    px = layer.frame.to_px(b[:, :2]) / 2 - 0.5 - corner
    per_unit = layer.frame.scale / 2
    a = np.radians(b[:, 5])
    rows = np.column_stack(
        [px, 1 / (b[:, 2:4] * per_unit), b[:, 4], np.cos(a), np.sin(a)]
    )  # (n, 7)
    return np.ascontiguousarray(rows, np.float32)


class Figure:
    """Accumulates lit layers: acc (S, S, 3) premultiplied, cover (S, S), labels (S, S) u8."""

    def __init__(self, size: int, light: Light) -> None:
        self.light = light
        self.acc: Array = np.zeros((size, size, 3), np.float32)
        self.cover: Array = np.zeros((size, size), np.float32)
        self.labels = np.zeros((size, size), np.uint8)

    def add(self, layer: Layer) -> None:
        """Shadow of `layer` on the figure so far, then the layer, lit, over it."""
        if layer.box is None:
            return
        x0, y0, x1, y1 = self._box(layer)
        small = cv2.resize(layer.alpha[y0:y1, x0:x1], None, fx=0.5, fy=0.5,
                           interpolation=cv2.INTER_AREA)  # fmt: skip
        per_unit = layer.frame.scale / 2
        kind, wrap, gloss, power, cavity, level, _ = MATERIALS[layer.material]
        if layer.height is not None:
            height = layer.height[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2].copy()
        else:
            height = inflate(small, layer.material, layer.thickness, per_unit)
        if layer.bumps:
            add_bumps(height, bump_rows(layer, (x0 // 2, y0 // 2)))
        below = cv2.GaussianBlur(height, (0, 0), 2.2 * per_unit) - height
        surface = np.empty((*height.shape, 3), np.float32)
        normals(height, below, np.float32(per_unit), surface)
        shape = (x1 - x0, y1 - y0)
        surface = cv2.resize(surface, shape, interpolation=cv2.INTER_LINEAR)
        shadow = cv2.resize(self._shadow(small, per_unit), shape, interpolation=cv2.INTER_LINEAR)
        mat = np.array([*wrap, layer.gloss if layer.gloss is not None else gloss, power, cavity,
                        layer.shadow, level], np.float32)  # fmt: skip
        shade_over(self.acc, self.cover, self.labels, layer.rgb, layer.alpha, surface, shadow,
                   x0, y0, self._light_rows(), mat, layer.label, kind)  # fmt: skip

    def over(self, backdrop: Array, rim: float = 1.0) -> Array:
        """The finished picture (S, S, 3) in [0, 1] on a backdrop of the same size."""
        size = self.cover.shape[0]
        small = cv2.resize(self.cover, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
        wide = cv2.GaussianBlur(small, (0, 0), 5.0)
        height = cv2.GaussianBlur(small, (0, 0), 2.4)
        surface = np.empty((*small.shape, 3), np.float32)
        normals(
            height * np.float32(9.0), np.clip(1.75 - 1.75 * height, 0, 1), np.float32(1), surface
        )
        surface = cv2.resize(surface, (size, size), interpolation=cv2.INTER_LINEAR)
        soft = cv2.resize(wide, (size, size), interpolation=cv2.INTER_LINEAR)
        r = unit(self.light.rim_dir[:2])
        out = np.empty_like(self.acc)
        finish(self.acc, self.cover, np.ascontiguousarray(backdrop, np.float32), soft, surface,
               np.float32(0.3), r[0], r[1], np.asarray(self.light.rim_rgb, np.float32)
               * np.float32(1.5 * rim), np.float32(0.30), _LIFT, out)  # fmt: skip
        return out

    def _light_rows(self) -> Array:
        key = unit(self.light.key_dir)
        half = unit(key + np.array([0, 0, 1], np.float32))
        rows = [key, self.light.key_rgb, self.light.ambient, self.light.ground, half, PLUM]
        return np.asarray(rows, np.float32)

    def _shadow(self, small: Array, per_unit: float) -> Array:
        """Half-size shadow: the alpha blurred and moved 1.5 units away from the key."""
        key = unit(self.light.key_dir)
        move = np.array([[1, 0, -2.0 * key[0] * per_unit], [0, 1, 1.2 - 1.6 * key[1] * per_unit]])
        moved = cv2.warpAffine(small, move, small.shape[::-1])
        return np.asarray(cv2.GaussianBlur(moved, (0, 0), 2.0 * per_unit), np.float32)

    @staticmethod
    def _box(layer: Layer) -> tuple[int, int, int, int]:
        """The layer's dirty box with a margin for its shadow, on even pixels."""
        assert layer.box is not None
        pad, size = int(9 * layer.frame.scale), layer.frame.size
        x0, y0, x1, y1 = layer.box
        return (max(0, x0 - pad) & ~1, max(0, y0 - pad) & ~1,
                min(size, x1 + pad + 1) & ~1, min(size, y1 + pad + 1) & ~1)  # fmt: skip


def shade(layer: Layer, light: Light, figure: Figure | None = None) -> Figure:
    """Light one layer alone (or over `figure`): a convenience for sheets and tests."""
    figure = figure or Figure(layer.frame.size, light)
    figure.add(layer)
    return figure
