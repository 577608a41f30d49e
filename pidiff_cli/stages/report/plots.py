"""The plots of a report: matplotlib's SVG, in the page's own text colour."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from pidiff_cli.stages.report.measure import EvaluatedImage
from pidiff_cli.stages.report.summary import Measured

INK = "#010203"  # stands for currentColor, which matplotlib does not know
WITH, WITHOUT = "#e8702a", "#5b8fd0"  # both readable on white and on black


def plot(shown: Sequence[EvaluatedImage], measured: dict[str, Measured]) -> str:
    """Likeness, text alignment and background of every picture, a line a prompt, as inline SVG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    prompts = list(dict.fromkeys(s.prompt for s in shown))
    line = {prompt: len(prompts) - 1 - i for i, prompt in enumerate(prompts)}
    style: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": "pidiff", "font.size": 9,
        "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK,
        "xtick.color": INK, "ytick.color": INK, "legend.frameon": False,
        "axes.spines.top": False, "axes.spines.right": False, "font.family": "sans-serif",
    }  # fmt: skip
    with rc_context(style):
        page = Figure(figsize=(9.6, 1.3 + 0.34 * len(prompts)), layout="constrained")
        left, middle, right = page.subplots(1, 3, sharey=True)
        left.set_yticks(list(line.values()), [_short(prompt) for prompt in line])
        left.set_ylim(-0.6, len(prompts) - 0.4)
        _dots(left, [(s.likeness, line[s.prompt]) for s in shown], WITH)
        own, margin = measured["likeness"].beside, measured["stranger_margin"]
        _mark(left, own, "own photos")
        if measured["likeness"].value is not None and margin.value is not None:
            _mark(left, measured["likeness"].value - margin.value, "strangers")
        left.set_title("likeness", pad=16)
        _dots(middle, [(s.plain_text, line[s.prompt]) for s in shown], WITHOUT, "base", 0.12)
        _dots(middle, [(s.text, line[s.prompt]) for s in shown], WITH, "with identity", -0.12)
        middle.set_title("text alignment")
        if any(s.text is not None for s in shown):
            middle.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
        _dots(right, [(s.background, line[s.prompt]) for s in shown], WITH)
        right.set_xlim(left=0)
        right.set_title("background changed")
        buffer = io.StringIO()
        page.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)


def _dots(
    axes: Any, points: list[tuple[float | None, int]], colour: str, label: str = "",
    lift: float = 0.0,
) -> None:  # fmt: skip
    found = [(x, y + lift) for x, y in points if x is not None]
    x, y = [p[0] for p in found], [p[1] for p in found]
    axes.plot(x, y, "o", ms=5, color=colour, alpha=0.85, label=label or None)


def _mark(axes: Any, value: float | None, words: str) -> None:
    """A dashed line with its name above it."""
    if value is None:
        return
    axes.axvline(value, ls="--", lw=1, color=INK)
    place = axes.get_xaxis_transform()
    axes.text(value, 1.01, words, transform=place, va="bottom", ha="center", fontsize=7)


def _short(prompt: str) -> str:
    text = re.sub(r"^a photo of an? \w+ ?", "", prompt) or prompt
    return text if len(text) <= 28 else text[:27] + "…"
