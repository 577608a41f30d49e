"""Pieces of a report's pages: pictures inline, tables, the map drawn over a picture; escaped."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image


def figure(image: np.ndarray, caption: str) -> str:
    """A picture (H, W, 3) uint8 with its caption, at most 256 px inside the page."""
    small = Image.fromarray(image)
    small.thumbnail((256, 256))
    text = html.escape(caption)
    picture = inline_png(np.asarray(small))
    said = f"<figcaption>{text}</figcaption>" if caption else ""
    return f'<figure><img src="{picture}" alt="{text}">{said}</figure>'


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8, dimmed where the map (h, w) is low."""
    height, width = image.shape[:2]
    grey = Image.fromarray((np.clip(heat, 0, 1) * 255).astype(np.uint8))
    m = np.asarray(grey.resize((width, height), Image.Resampling.BICUBIC), np.float32)[..., None]
    tint = np.array([255, 120, 40], np.float32)
    share = m / 255
    mixed = image * (0.25 + 0.75 * share)
    return np.clip(mixed * (1 - 0.25 * share) + tint * 0.25 * share, 0, 255).astype(np.uint8)


def inline_png(image: np.ndarray) -> str:
    """A picture as a data address."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def table(rows: list[dict[str, Any]]) -> str:
    """Rows with the same keys; the keys are the headings."""
    if not rows:
        return "<p>None.</p>"
    head = "".join(f"<th>{html.escape(str(k))}</th>" for k in rows[0])
    body = "".join("<tr>" + "".join(map(_cell, row.values())) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def joined(parts: Iterable[str]) -> Markup:
    """Pieces of this module, one after another, as a template takes them."""
    return Markup("".join(parts))


def number(value: float | None, sign: str = "") -> str:
    """Two places, or a dash for what was not measured."""
    return "–" if value is None else f"{value:{sign}.2f}"


def curve(losses: list[dict[str, float]]) -> str:
    """The loss as a line, smoothed over ten steps."""
    if len(losses) < 2:
        return "<p>None.</p>"
    raw = np.array([entry["loss"] for entry in losses], np.float64)
    width = min(10, len(raw))
    values = np.convolve(raw, np.ones(width) / width, mode="valid")
    low, high = float(values.min()), float(values.max())
    y = 110 - 100 * (values - low) / max(high - low, 1e-9)
    x = np.linspace(40, 590, len(values))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        '<svg viewBox="0 0 600 130" width="600" role="img" aria-label="loss by step">'
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        f'<text x="0" y="14" font-size="10" fill="currentColor">{high:.3f}</text>'
        f'<text x="0" y="113" font-size="10" fill="currentColor">{low:.3f}</text>'
        f'<text x="540" y="127" font-size="10" fill="currentColor">step {len(raw)}</text></svg>'
    )


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, float):
        return f'<td class="n">{value:.3g}</td>'
    if value is None:
        return "<td>–</td>"
    if isinstance(value, str) and value.lstrip("+-")[:1].isdigit() and len(value) < 26:
        return f'<td class="n">{html.escape(value)}</td>'
    return f"<td>{html.escape(str(value))}</td>"
