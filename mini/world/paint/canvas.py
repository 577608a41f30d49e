"""Drawing surface of the drawn world: transparent layers of flat local colour.

Units. Everything is drawn in the UNIT FRAME (128 x 128, x right, y down, floats). A `Frame`
carries zoom and offset and turns units into pixels of the internal picture (256 px), so nobody
who draws has to think about pixels. Widths and blur radii are in units too.

Colours are float triples in [0, 1]. A layer holds plain local colour (NO shading; `light.py`
shades every layer by its material and its height), an alpha, and a few facts about itself:

* `material`: "skin" | "cloth" | "hair" | "metal" | "glass" | "matte" | "flat" ("flat" is not lit);
* `label`: 0 background, 1 clothes/body, 2 skin, 3 hair incl. beard, 4 headgear, 5 glasses;
* `order`: layers are composited by ascending order, see `ORDER`;
* `bump(...)`: extra relief (folds, studs), on top of the height made from the blurred alpha.

    layer = Layer(geo.frame, "jacket", material="cloth", label=1, order=ORDER["garment"])
    layer.fill([(30, 128), (34, 104), (64, 98), (94, 104), (98, 128)], (0.2, 0.3, 0.6))
    layer.stroke([(64, 100), (64, 128)], 0.8, (0.1, 0.1, 0.2), clip=True)   # only on what is there
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mini.world.paint.curves import Points, ellipse_points, ribbon, smooth_curve
from mini.world.paint.kernels import blend_mask, erase_mask

__all__ = [
    "ORDER", "Array", "Frame", "Layer", "Points", "ellipse_points", "ribbon", "smooth_curve",
]  # fmt: skip

Array = npt.NDArray[np.float32]
Colour = Sequence[float] | npt.NDArray[Any]
Vec = Sequence[float] | npt.NDArray[Any]
Shapes = Sequence[Points] | npt.NDArray[Any]

#: Composition order of the figure, from far to near.
ORDER = {
    "behind": 10.0,  # helmet shell, hood, backpack: behind the hair
    "back_hair": 20.0,
    "neck": 30.0,
    "garment": 40.0,
    "ears": 45.0,
    "head": 50.0,
    "beard": 60.0,
    "front_hair": 70.0,
    "near_ear": 72.0,
    "glasses": 80.0,
    "front": 90.0,  # hats, crowns, helmet visors
}

_SHIFT = 4  # sub-pixel bits for cv2
_ONE = 1 << _SHIFT


@dataclass(frozen=True)
class Frame:
    """Unit frame (128) to pixels of a square picture: zoom about `pivot`, then offset (units)."""

    size: int = 256
    zoom: float = 1.0
    offset: tuple[float, float] = (0.0, 0.0)
    pivot: tuple[float, float] = (64.0, 104.0)

    @property
    def scale(self) -> float:
        """Pixels per unit."""
        return self.zoom * self.size / 128.0

    def to_px(self, points: Points) -> npt.NDArray[np.float64]:
        """Unit points (N, 2) -> pixel points (N, 2) of the internal picture."""
        p = np.asarray(points, np.float64).reshape(-1, 2)
        px = (p - self.pivot) * self.zoom + np.add(self.pivot, self.offset)
        return np.asarray(px * (self.size / 128.0))

    def to_unit(self, pixels: Points) -> npt.NDArray[np.float64]:
        """Inverse of `to_px`."""
        p = np.asarray(pixels, np.float64).reshape(-1, 2) * (128.0 / self.size)
        return np.asarray((p - np.add(self.pivot, self.offset)) / self.zoom + self.pivot)


class Layer:
    """One material of the figure: rgb (S, S, 3), alpha (S, S) float32 in [0, 1], and facts."""

    def __init__(
        self,
        frame: Frame,
        name: str,
        *,
        material: str = "cloth",
        label: int = 1,
        order: float = 40.0,
        thickness: float = 1.0,
        shadow: float = 0.5,
        slot: str = "garment",
    ) -> None:
        """thickness scales the inflation, shadow is the strength dropped on what lies below."""
        self.frame, self.name, self.material = frame, name, material
        self.label, self.order, self.slot = label, order, slot
        self.thickness, self.shadow = thickness, shadow
        self.rgb: Array = np.zeros((frame.size, frame.size, 3), np.float32)
        self.alpha: Array = np.zeros((frame.size, frame.size), np.float32)
        self.box: tuple[int, int, int, int] | None = None  # dirty x0, y0, x1, y1 (px)
        self.bumps: list[tuple[float, float, float, float, float, float]] = []
        self.height: Array | None = None  # (S/2, S/2) units; replaces the inflated alpha
        self.gloss: float | None = None  # overrides the material's highlight strength

    # -- shapes ---------------------------------------------------------------------------------
    def fill(
        self,
        points: Points,
        colour: Colour,
        opacity: float = 1.0,
        *,
        to: Colour | None = None,
        axis: tuple[Vec, Vec] | None = None,
        soft: float = 0.0,
        smooth: bool = False,
        clip: bool = False,
    ) -> Layer:
        """Fill a closed polygon (N, 2).

        to, axis: linear gradient from `colour` at axis[0] to `to` at axis[1] (default: top to
        bottom of the shape). soft: blur sigma in units. smooth: Catmull-Rom through the points.
        clip: colour only what is already covered, alpha stays.
        """
        p = smooth_curve(points) if smooth else np.asarray(points, np.float64)
        self._blend(self.frame.to_px(p), colour, opacity, to, axis, soft, clip)
        return self

    def stroke(
        self,
        points: Points,
        width: float | Sequence[float],
        colour: Colour,
        opacity: float = 1.0,
        *,
        soft: float = 0.0,
        smooth: bool = True,
        clip: bool = False,
    ) -> Layer:
        """Stroke a line (N, 2); width in units, one number or several spread along it (taper)."""
        p = smooth_curve(points, closed=False) if smooth else np.asarray(points, np.float64)
        self._blend(self.frame.to_px(ribbon(p, width)), colour, opacity, None, None, soft, clip)
        return self

    def ellipse(
        self,
        centre: Vec,
        rx: float,
        ry: float,
        colour: Colour,
        opacity: float = 1.0,
        *,
        angle: float = 0.0,
        to: Colour | None = None,
        axis: tuple[Vec, Vec] | None = None,
        soft: float = 0.0,
        clip: bool = False,
    ) -> Layer:
        """Filled ellipse, radii in units; see `fill` for the rest."""
        p = self.frame.to_px(ellipse_points(centre, rx, ry, angle))
        self._blend(p, colour, opacity, to, axis, soft, clip)
        return self

    def many(
        self,
        shapes: Shapes,
        colour: Colour,
        opacity: float = 1.0,
        *,
        soft: float = 0.0,
        clip: bool = True,
    ) -> Layer:
        """Many polygons of one colour in one go (strands, stars, dots): fast."""
        if len(shapes):
            ends = np.cumsum([len(s) for s in shapes])[:-1]
            px = self.frame.to_px(np.concatenate(shapes))
            self._blend(px, colour, opacity, None, None, soft, clip, ends)
        return self

    def erase(self, points: Points, *, soft: float = 0.0, smooth: bool = False) -> Layer:
        """Remove a closed polygon from the layer."""
        p = smooth_curve(points) if smooth else np.asarray(points, np.float64)
        mask, x0, y0 = self._mask(self.frame.to_px(p), soft)
        if mask is not None:
            erase_mask(self.alpha, mask, x0, y0)
        return self

    def bump(
        self, x: float, y: float, sx: float, sy: float, height: float, angle: float = 0.0
    ) -> Layer:
        """Add a Gaussian to the relief at unit point (x, y): sigmas, height (units), degrees."""
        self.bumps.append((x, y, sx, sy, height, angle))
        return self

    # -- plumbing -------------------------------------------------------------------------------
    def _mask(
        self,
        points: npt.NDArray[np.float64],
        soft: float,
        ends: npt.NDArray[np.int64] | None = None,
    ) -> tuple[npt.NDArray[np.uint8] | None, int, int]:
        """Coverage of a pixel polygon (or several, split at `ends`) and its box's corner."""
        size = self.frame.size
        sigma = soft * self.frame.scale
        pad = 2 + int(3 * sigma)
        low, high = points.min(0), points.max(0)
        x0, y0 = np.maximum(np.floor(low).astype(int) - pad, -pad)
        x1, y1 = np.minimum(np.ceil(high).astype(int) + pad, size + pad)
        if x1 <= x0 or y1 <= y0:
            return None, 0, 0
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        # cv2 puts pixel centres at integers; ours are at +0.5
        q = np.round((points - (x0 + 0.5, y0 + 0.5)) * _ONE).astype(np.int32)
        for one in [q] if ends is None else np.split(q, ends):
            cv2.fillPoly(mask, [one], 255, cv2.LINE_AA, _SHIFT)
        if sigma > 0.2:
            cv2.GaussianBlur(mask, (0, 0), sigma, dst=mask, borderType=cv2.BORDER_REPLICATE)
        cx, cy = max(0, -x0), max(0, -y0)
        mask = mask[cy : size - y0, cx : size - x0]
        if mask.size == 0:
            return None, 0, 0
        return np.ascontiguousarray(mask), int(x0 + cx), int(y0 + cy)

    def _blend(
        self,
        points: npt.NDArray[np.float64],
        colour: Colour,
        opacity: float,
        to: Colour | None,
        axis: tuple[Vec, Vec] | None,
        soft: float,
        clip: bool,
        ends: npt.NDArray[np.int64] | None = None,
    ) -> None:
        mask, x0, y0 = self._mask(points, soft, ends)
        if mask is None:
            return
        c0 = np.asarray(colour, np.float32)
        c1 = c0 if to is None else np.asarray(to, np.float32)
        if axis is None:
            a, b = np.array([0.0, y0]), np.array([0.0, y0 + mask.shape[0]])
        else:
            a, b = self.frame.to_px(np.asarray(axis))
        d = b - a
        d = d / max(float(d @ d), 1e-6)
        blend_mask(
            self.rgb, self.alpha, mask, x0, y0, c0, c1,
            np.float32(d[0]), np.float32(d[1]), np.float32(-(d @ a)), np.float32(opacity), clip,
        )  # fmt: skip
        if not clip:
            self._grow(x0, y0, x0 + mask.shape[1], y0 + mask.shape[0])

    def _grow(self, x0: int, y0: int, x1: int, y1: int) -> None:
        b = self.box
        if b is not None:
            x0, y0, x1, y1 = min(b[0], x0), min(b[1], y0), max(b[2], x1), max(b[3], y1)
        self.box = (x0, y0, x1, y1)
