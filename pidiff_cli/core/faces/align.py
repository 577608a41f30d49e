"""The FFHQ alignment (Karras 2018; docs/method.md, section 1): 68 points -> a head's square."""

from __future__ import annotations

import numpy as np
from PIL import Image


def ffhq_quad(landmarks: np.ndarray) -> np.ndarray:
    """The oriented square around the head.

    Args:
        landmarks: (68, 2) pixel places, iBUG order.

    Returns:
        float64 (4, 2): corners top-left, bottom-left, bottom-right, top-right, in pixels.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    left, right = points[36:42].mean(0), points[42:48].mean(0)
    eyes = (left + right) / 2
    eye_to_eye = right - left
    eye_to_mouth = (points[48] + points[54]) / 2 - eyes
    x = eye_to_eye - eye_to_mouth[::-1] * [-1, 1]
    x /= np.hypot(*x)
    x *= max(2.0 * np.hypot(*eye_to_eye), 1.8 * np.hypot(*eye_to_mouth))
    y = x[::-1] * [-1, 1]
    centre = eyes + 0.1 * eye_to_mouth
    return np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y])


def align_face(
    rgb: np.ndarray,
    landmarks: np.ndarray,
    size: int = 256,
    transform_size: int | None = None,
    padding: bool = True,
) -> np.ndarray:
    """Cut the aligned head out of a picture, as FFHQ was made.

    Args:
        rgb: uint8 (H, W, 3).
        landmarks: (68, 2) pixel places.
        size: side of the result in pixels.
        transform_size: side at which the quad is resampled before going down to `size`
            (default: `size`).
        padding: continue the picture softly where the quad leaves it; else black.

    Returns:
        uint8 (size, size, 3).
    """
    image, quad = prepare_quad(rgb, ffhq_quad(landmarks), size, padding)
    return resample(image, quad, size, transform_size or size)


def prepare_quad(
    rgb: np.ndarray, quad: np.ndarray, size: int, padding: bool = True
) -> tuple[Image.Image, np.ndarray]:
    """Shrink, crop and pad around the quad; returns the picture and the quad inside it."""
    image, quad = _shrink(Image.fromarray(rgb), quad.copy(), size)
    side = np.hypot(*(quad[3] - quad[0]))
    border = max(int(np.rint(side * 0.1)), 3)
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int)
    crop = (
        max(low[0] - border, 0),
        max(low[1] - border, 0),
        min(high[0] + border, image.size[0]),
        min(high[1] + border, image.size[1]),
    )
    if crop[2] - crop[0] < image.size[0] or crop[3] - crop[1] < image.size[1]:
        image = image.crop(crop)
        quad -= crop[0:2]
    if not padding:
        return image, quad
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int)
    pad = (
        max(-low[0] + border, 0),
        max(-low[1] + border, 0),
        max(high[0] - image.size[0] + border, 0),
        max(high[1] - image.size[1] + border, 0),
    )
    if max(pad) > border - 4:
        wide = np.maximum(pad, int(np.rint(side * 0.3)))
        image, quad = _pad_softly(image, wide, side), quad + wide[:2]
    return image, quad


def resample(image: Image.Image, quad: np.ndarray, size: int, transform_size: int) -> np.ndarray:
    """The quad of a prepared picture -> uint8 (size, size, 3)."""
    data = tuple((quad + 0.5).flatten())
    out = image.transform(
        (transform_size, transform_size), Image.Transform.QUAD, data, Image.Resampling.BILINEAR
    )
    if size < transform_size:
        out = out.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(out).copy()


def quad_matrix(quad: np.ndarray, size: int, grow: float = 1.0) -> np.ndarray:
    """The 2 x 3 affine matrix from picture pixels to pixels of the aligned square."""
    centre = quad.mean(0)
    tl, bl, tr = (centre + grow * (quad[i] - centre) for i in (0, 1, 3))
    across, down = (tr - tl) / size, (bl - tl) / size
    inverse = np.linalg.inv(np.stack([across, down], 1))
    shift = -inverse @ (tl + 0.5) - 0.5 + inverse @ np.array([0.5, 0.5])
    return np.concatenate([inverse, shift[:, None]], 1)


def unwarp_mask(mask: np.ndarray, landmarks: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask of the aligned square (S, S) -> the picture's pixels (height, width), 0 outside."""
    import cv2

    matrix = quad_matrix(ffhq_quad(landmarks), mask.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(mask.astype(np.float32), matrix, (width, height), flags=flags)
    return np.clip(np.asarray(out, dtype=np.float32), 0, 1)


def points_in_square(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Points (68, 2) of a picture, px -> the pixels of its aligned square of side `size`."""
    return move_points(landmarks, quad_matrix(ffhq_quad(landmarks), size))


def move_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a 2 x 3 affine matrix to (N, 2) points."""
    moved: np.ndarray = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def _shrink(image: Image.Image, quad: np.ndarray, size: int) -> tuple[Image.Image, np.ndarray]:
    shrink = int(np.floor(np.hypot(*(quad[3] - quad[0])) / size * 0.5))
    if shrink <= 1:
        return image, quad
    smaller = (
        int(np.rint(image.size[0] / shrink)),
        int(np.rint(image.size[1] / shrink)),
    )
    return image.resize(smaller, Image.Resampling.LANCZOS), quad / shrink


def _pad_softly(image: Image.Image, pad: np.ndarray, side: float) -> Image.Image:
    """Reflect at the edges, fading into a blur and then the median colour."""
    left, top, right, bottom = (int(p) for p in pad)
    pixels = np.pad(
        np.asarray(image, dtype=np.float32), ((top, bottom), (left, right), (0, 0)), "reflect"
    )
    height, width = pixels.shape[:2]
    y, x = np.ogrid[:height, :width]
    edge = np.maximum(
        1.0 - np.minimum(np.float32(x) / left, np.float32(width - 1 - x) / right),
        1.0 - np.minimum(np.float32(y) / top, np.float32(height - 1 - y) / bottom),
    )[..., None]
    blurred = gaussian(pixels, side * 0.02)
    pixels += (blurred - pixels) * np.clip(edge * 3.0 + 1.0, 0.0, 1.0)
    pixels += (np.median(pixels, axis=(0, 1)) - pixels) * np.clip(edge, 0.0, 1.0)
    return Image.fromarray(np.uint8(np.clip(np.rint(pixels), 0, 255)))


def gaussian(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (H, W, C) float32 along both axes; mirrored edges, cut at 4 sigma."""
    from scipy.ndimage import gaussian_filter

    blurred: np.ndarray = gaussian_filter(pixels, [sigma, sigma, 0])
    return blurred
