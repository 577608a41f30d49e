"""The likeness report: one HTML page with everything inside it, and the same as JSON."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import numpy as np
from PIL import Image

from pidiff_cli.stages.measure import Shown
from pidiff_cli.stages.progress import Progress

_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;
max-width:60rem;padding:0 1rem}h1{font-size:1.4rem;margin:0}h2{font-size:1rem;margin:1.4rem 0 .4rem}
.row{display:flex;flex-wrap:wrap;gap:.7rem}figure{margin:0;width:128px}figure img{width:128px;
height:128px;object-fit:cover;border-radius:6px;display:block}figcaption{font-size:.78rem;
opacity:.75;line-height:1.3;margin-top:.2rem}.numbers{display:flex;gap:2.5rem;margin:1.2rem 0 0}
.numbers b{font-size:1.7rem;display:block;line-height:1.1}.numbers span{font-size:.85rem;
opacity:.75}table{border-collapse:collapse;font-size:.85rem}td,th{padding:.2rem .8rem .2rem 0;
text-align:left}summary{cursor:pointer;margin-top:1.4rem}.wide{max-width:100%;border-radius:6px}
"""


def build_html(data: dict[str, Any], faces: list[np.ndarray], shown: list[Shown]) -> str:
    """The page.

    Args:
        data: the JSON document of ``build_json`` (numbers and settings).
        faces: the person's aligned faces, (S, S, 3) uint8, held-out ones last.
        shown: the measured pictures.
    """
    photos = "".join(_figure(face, "") for face in faces)
    pictures = "".join(_figure(s.image, _caption(s)) for s in shown)
    looked = "".join(_figure(overlay(s.image, s.map), s.prompt) for s in shown)
    plain = "".join(_figure(s.plain, s.prompt) for s in shown)
    name = html.escape(str(data["profile"]))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{name}: likeness</title>
<style>{_STYLE}</style>
<h1>{name}</h1>
<div class="numbers">{_numbers(data["likeness"])}</div>
<h2>Photos</h2><div class="row">{photos}</div>
<h2>Drawn</h2><div class="row">{pictures}</div>
<h2>Where the attention looked</h2><div class="row">{looked}</div>
<details><summary>Without the identity, same prompts and seeds</summary>
<div class="row">{plain}</div></details>
<details><summary>Loss</summary>{_curve(data["losses"])}</details>
<details><summary>Every picture</summary>{_table(data["pictures"])}</details>
<details><summary>Settings</summary>{
        _table([{"setting": k, "value": v} for k, v in data["settings"].items()])
    }</details>
</html>
"""


def build_json(
    profile: str,
    likeness: dict[str, Any],
    shown: list[Shown],
    losses: list[dict[str, float]],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """The report's numbers as one JSON document, no picture in it."""
    keys = ("prompt", "seed", "likeness", "background", "text", "plain_text")
    return {
        "profile": profile,
        "likeness": likeness,
        "pictures": [{key: getattr(s, key) for key in keys} for s in shown],
        "losses": losses,
        "settings": settings,
    }


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


def _figure(image: np.ndarray, caption: str) -> str:
    small = Image.fromarray(image)
    small.thumbnail((256, 256))
    text = html.escape(caption)
    picture = inline_png(np.asarray(small))
    return f'<figure><img src="{picture}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def _caption(shown: Shown) -> str:
    score = "no face found" if shown.likeness is None else f"{shown.likeness:.2f}"
    return f"{shown.prompt} · {score}"


def _numbers(values: dict[str, Any]) -> str:
    own = _number(values.get("photos"))
    held_out = values.get("held_out") is not None
    score = values.get("held_out") if held_out else values.get("learnt_from")
    against = "the held-out photo" if held_out else "the photos it learnt from"
    parts = [
        (_number(score), f"likeness, against {against}; own photos agree at {own}"),
        (_number(values.get("text_drop"), "+"), "text alignment lost against the untuned base"),
        (_number(values.get("background")), "background changed, share of the range"),
    ]
    return "".join(f"<div><b>{number}</b><span>{text}</span></div>" for number, text in parts)


def _number(value: float | None, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.2f}"


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "<p>None.</p>"
    head = "".join(f"<th>{html.escape(str(k))}</th>" for k in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(v))}</td>" for v in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else str(value)


def _curve(losses: list[dict[str, float]]) -> str:
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


def tell(progress: Progress, values: dict[str, Any]) -> None:
    """One line that says how alike, one on what was kept."""
    found = values["likeness"]
    held_out = found["held_out"] is not None
    score = found["held_out"] if held_out else found["learnt_from"]
    if score is None:
        progress.line("likeness not measured: no face was found in the drawn pictures")
    else:
        on = "the held-out photo" if held_out else "the photos it learnt from"
        own = found["photos"]
        beside = f" (your own photos agree at {own:.2f})" if own is not None else ""
        progress.line(f"likeness {score:.2f} on {on}{beside} · step {found['best_step']} kept")
    if found["text_drop"] is not None and found["background"] is not None:
        progress.line(
            f"text alignment {-found['text_drop']:+.2f} against the untuned base"
            f" · background changed by {found['background']:.2f}"
        )
