"""What a camera does to a finished picture: focus, shake, exposure, colour cast, noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """A camera's faults; all zero is none.

    defocus: sigma, units (128 to the picture); motion: length, units, along `angle` degrees;
    exposure: stops; contrast, warm, green: -1 to 1; noise: standard deviation of [0, 1] pixels;
    jpeg: quality 1 to 100, 0 for none.
    """

    defocus: float = 0.0
    motion: float = 0.0
    angle: float = 0.0
    exposure: float = 0.0
    contrast: float = 0.0
    warm: float = 0.0
    green: float = 0.0
    noise: float = 0.0
    jpeg: int = 0


NO_CAMERA = Camera()


def sample_camera(rng: np.random.Generator) -> Camera:
    """A camera with one to five faults, most of them slight."""

    def some(share: float, value: float) -> float:
        return float(value) if rng.random() < share else 0.0

    return Camera(
        defocus=some(0.30, 0.25 + 1.35 * rng.random() ** 2),
        motion=some(0.12, rng.uniform(1.2, 4.5)),
        angle=float(rng.uniform(0, 180)),
        exposure=some(0.50, np.clip(rng.normal(0, 0.38), -0.9, 0.8)),
        contrast=some(0.40, np.clip(rng.normal(0, 0.4), -1, 1)),
        warm=some(0.45, np.clip(rng.normal(0, 0.5), -1, 1)),
        green=some(0.20, np.clip(rng.normal(0, 0.45), -1, 1)),
        noise=some(0.35, 0.006 + 0.028 * rng.random() ** 2),
        jpeg=int(rng.integers(28, 92)) if rng.random() < 0.4 else 0,
    )


def through_lens(rgb: Array, camera: Camera) -> Array:
    """Focus, shake, exposure, contrast and cast of float32 (S, S, 3) in [0, 1]."""
    out, per_unit = rgb, rgb.shape[0] / 128.0
    if camera.defocus > 0:
        out = cv2.GaussianBlur(out, (0, 0), camera.defocus * per_unit)
    if camera.motion > 0:
        out = cv2.filter2D(
            out, -1, _streak(camera.motion * per_unit, camera.angle),
            borderType=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    cast = np.array([1 + 0.20 * camera.warm - 0.05 * camera.green, 1 + 0.13 * camera.green,
                     1 - 0.24 * camera.warm - 0.06 * camera.green])  # fmt: skip
    gain = (2.0**camera.exposure * cast).astype(np.float32)
    linear = np.clip(out, 0, 1) ** np.float32(1.8) * gain
    out = linear ** np.float32(1 / 1.8)
    # a shoulder, so that over-exposed skin keeps some colour
    out = np.where(out > 0.8, 0.8 + 0.2 * np.tanh((out - 0.8) / 0.2), out)
    if camera.contrast:
        out = 0.46 + (out - 0.46) * (1 + 0.35 * camera.contrast)
    return np.asarray(np.clip(out, 0, 1), np.float32)


def on_sensor(rgb: npt.NDArray[np.uint8], camera: Camera, seed: int) -> npt.NDArray[np.uint8]:
    """Noise and JPEG of u8 (S, S, 3); `seed` places the noise."""
    if camera.noise > 0:
        rng = np.random.default_rng([17, seed])
        side = rgb.shape[0]
        grain = rng.normal(0, 1, (side, side, 3)) * 0.6 + rng.normal(0, 1, (side, side, 1)) * 0.8
        noisy = rgb + 255 * camera.noise * grain
        rgb = np.asarray(np.clip(noisy + 0.5, 0, 255), np.uint8)
    if camera.jpeg:
        packed = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg])[1]
        rgb = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()
    return rgb


def _streak(length: float, angle: float) -> Array:
    """A motion kernel: a soft line of `length` pixels."""
    half = int(np.ceil(length / 2)) + 1
    size = 2 * half + 1
    kernel = np.zeros((size, size), np.float32)
    a = np.radians(angle)
    step = np.array([np.cos(a), np.sin(a)]) * length / 2
    ends = [tuple(int(round(16 * v)) for v in half + s * step) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    total = float(kernel.sum())
    return kernel / np.float32(total) if total > 0 else np.ones((1, 1), np.float32)
