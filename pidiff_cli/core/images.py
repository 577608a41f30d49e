"""Pictures in and out: the only place where colour modes, ranges and file formats change.

Inside the program a picture is uint8 RGB (H, W, 3) or float32 (B, 3, H, W) in [-1, 1]. torch comes
with the first one that becomes a tensor: who only reads pictures needs none.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from pidiff_cli.core.record import RECORD_KEY, read_record
from pidiff_cli.core.sniff import HEAD, is_text
from pidiff_cli.errors import InputError, PidiffError
from pidiff_cli.files import said, write_file
from pidiff_cli.marks.c2pa import PROVENANCE
from pidiff_cli.marks.marker import Marker
from pidiff_cli.marks.texts import record_text

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "MAX_PIXELS", "PROVENANCE", "PhotoError", "marked_png", "on_white", "png_bytes", "read_photo",
    "read_record", "resized", "save_png", "shrink", "to_rgb", "to_tensor", "to_uint8",
]  # fmt: skip
MAX_PIXELS = 178_000_000


class PhotoError(InputError):
    """One file cannot be read as a picture; `reason` is the sentence without the file's name."""

    def __init__(self, path: Path, reason: str, hint: str = "") -> None:
        super().__init__(f"{said(path.name)}: {reason}", hint)
        self.reason = reason


def read_photo(path: Path | str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read any picture file upright, in sRGB, transparency laid on white; first frame only.

    Args:
        path: JPEG, PNG, WebP, HEIC, AVIF, TIFF, GIF, BMP …; any colour mode and bit depth.
        max_pixels: larger pictures are refused from their header, before anything is decoded.

    Returns:
        uint8 RGB (H, W, 3), C-contiguous, owning its memory.

    Raises:
        PhotoError: (an InputError) no such file, not a picture, damaged, or too large.
    """
    path = Path(path)
    if not path.is_file():
        raise PhotoError(path, _why_no_file(path))
    _register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes that we check ourselves
            with Image.open(path) as image:
                _check_size(path, image.size, max_pixels)
                image.seek(0)
                image.load()
                return np.array(to_rgb(image), dtype=np.uint8)
    except PidiffError:
        raise
    except Image.DecompressionBombError:
        raise PhotoError(
            path, f"too many pixels (more than {max_pixels / 1e6:.0f} million)"
        ) from None
    except UnidentifiedImageError:
        raise PhotoError(path, _why_unreadable(path)) from None
    except MemoryError:
        raise PhotoError(path, "too large for this machine's memory") from None
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError) as error:
        raise PhotoError(path, _why_damaged(error)) from None


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow picture -> RGB: EXIF rotation done, sRGB, 8 bit, transparency on white."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image).convert("RGB")
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return _to_srgb(Image.alpha_composite(paper, layer).convert("RGB"), image)
    return _to_srgb(image, image).convert("RGB")


def to_tensor(pixels: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) or (B, H, W, 3) -> float32 (B, 3, H, W) in [-1, 1]."""
    import torch

    batch = np.ascontiguousarray(pixels if pixels.ndim == 4 else pixels[None])
    return torch.from_numpy(batch).permute(0, 3, 1, 2).float().sub_(127.5).div_(127.5)


def to_uint8(x: Tensor) -> np.ndarray:
    """float (B, 3, H, W) in [-1, 1], clamped -> uint8 (B, H, W, 3)."""
    import torch

    scaled = x.detach().float().cpu().mul(127.5).add(127.5).round().clamp(0, 255)
    return np.ascontiguousarray(scaled.to(torch.uint8).permute(0, 2, 3, 1).numpy())


def resized(x: Tensor, side: int) -> Tensor:
    """Square pictures (B, C, S, S) to another side; the same where it is theirs already."""
    from torch.nn import functional as F

    if x.shape[-1] == side:
        return x
    return F.interpolate(x, (side, side), mode="area" if x.shape[-1] > side else "bilinear")


def shrink(rgb: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """The picture with its longer side at most `side`, and how much smaller it became."""
    import cv2

    factor = max(rgb.shape[:2]) / side
    if factor <= 1:
        return rgb, 1.0
    size = (max(1, round(rgb.shape[1] / factor)), max(1, round(rgb.shape[0] / factor)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)), factor


def on_white(pixels: np.ndarray, mask: np.ndarray) -> Tensor:
    """A picture uint8 (H, W, 3) as (1, 3, H, W) in [-1, 1], white where mask (H, W) is 0."""
    import torch

    m = torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32))[None, None]
    return to_tensor(pixels) * m + (1 - m)


def save_png(path: Path | str, pixels: np.ndarray, record: dict[str, Any] | None = None) -> Path:
    """Write a PNG in one move: either the old file or the whole new one is there.

    Args:
        path: where; its folder is made when missing.
        pixels: uint8 (H, W, 3) RGB or (H, W) grey.
        record: everything needed to draw the picture again, JSON values. A picture with a record
            is one that the program drew, and gets the provenance mark too.

    Raises:
        InputError: the folder cannot be written or the disk is full.
    """
    path = Path(path)
    write_file(path, png_bytes(pixels, record))
    return path


def png_bytes(pixels: np.ndarray, record: dict[str, Any] | None = None) -> bytes:
    """The PNG that `save_png` writes, as bytes."""
    info = PngImagePlugin.PngInfo()
    if record is not None:
        info.add_text(RECORD_KEY, record_text(record))
        info.add_text("Software", "pidiff")
        info.add_text("DigitalSourceType", PROVENANCE)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def marked_png(
    pixels: np.ndarray, record: dict[str, Any], marker: Marker | None
) -> tuple[bytes, dict[str, Any]]:
    """A drawn picture as a PNG with its marks, and the record that is in it.

    Args:
        pixels: uint8 (H, W, 3) RGB as they were drawn. marker: None marks nothing.

    Raises:
        InputError: the certificate is not one that C2PA takes.
    """
    if marker is None:
        return png_bytes(pixels, record), record
    record = marker.noted(pixels, record)
    pixels = marker.watermarked(pixels, record)
    png = png_bytes(pixels, record)
    return marker.sealed(png, pixels, record, record_text(record)), record


def _eight_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float64)
    top = 65535.0 if image.mode.startswith("I") else 1.0
    if image.mode == "I" and values.max(initial=0) <= 255:
        top = 255.0
    if image.mode == "F" and values.max(initial=0) > 1:
        top = 255.0 if values.max() <= 255 else 65535.0
    return Image.fromarray((np.clip(values / top, 0, 1) * 255 + 0.5).astype(np.uint8))


def _to_srgb(image: Image.Image, source: Image.Image) -> Image.Image:
    """Follow an embedded colour profile; a profile that does not fit is ignored."""
    profile = source.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        return (
            ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            or image
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _check_size(path: Path, size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise PhotoError(
            path,
            f"too many pixels ({size[0]} x {size[1]}, more than {max_pixels / 1e6:.0f} million)",
            "Save a smaller copy.",
        )


def _why_no_file(path: Path) -> str:
    if path.is_dir():
        return "is a folder, not a picture"
    return "a device or a pipe, not a picture" if path.exists() else "no such file"


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        return "an empty file"
    if is_text(head):
        return "not a picture (it holds text)"
    return "not a picture in a format that can be read"


def _why_damaged(error: BaseException) -> str:
    text = str(error).lower()
    if "truncated" in text or "end of file" in text or "premature" in text or "broken" in text:
        return "the file is cut short or damaged"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return (
        f"the file is damaged ({str(error).splitlines()[0][:80] if str(error) else 'unreadable'})"
    )


def _register_heif() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()
