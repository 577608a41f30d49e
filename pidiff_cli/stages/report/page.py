"""The likeness report: one HTML page with everything inside it, and the same as JSON."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from pidiff_cli.stages.pages.render import render
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.report import html as _page
from pidiff_cli.stages.report.measure import EvaluatedImage
from pidiff_cli.stages.report.summary import TITLES, Measured, grouped
from pidiff_cli.stages.report.verdict import verdict
from pidiff_cli.stages.report.words import NOT_TOLD, in_words

MEANING = {
    "likeness": "Mean cosine of face embeddings with the person's photos. Read it against how "
    "alike the photos are among themselves, the most that can be asked for. Higher is better.",
    "stranger_margin": "Likeness minus the mean cosine with other people, in the same embedder. "
    "Near 0 the pictures could be anybody. Higher is better.",
    "faces": "Share of pictures in which a face was found; the others count in no face measure.",
    "text": "Mean score of a picture with its own prompt. Read it against the base's own pictures "
    "of the same prompts and seeds.",
    "text_drop": "What the identity cost of it, base minus tuned. 0 is best; below 0 it gained.",
    "right_prompt": "Share of pictures whose own prompt scores best among all prompts drawn here.",
    "background": "Mean absolute difference of pixels off the head, with identity against without, "
    "a share of the range. 0 is best.",
    "perceptual": "The same as a distance of a network's features (LPIPS' form): what a person "
    "would call different. 0 is best.",
    "iou": "Overlap of where the attention looked with the head that was drawn. 1 is best.",
    "energy_off": "Share of what the identity branch adds that lands off the head. 0 is best.",
    "diversity": "Mean feature distance between pictures of one prompt. Not below the base's.",
    "copy_paste": "How far pose and expression went from what prompt and seed give (0) to those of "
    "the photos (1). 0 is best.",
}
Captioned = Sequence[tuple[str, np.ndarray]]
KEYS = (
    "prompt", "seed", "likeness", "strangers", "text", "plain_text", "right", "background",
    "perceptual", "iou", "energy_off",
)  # fmt: skip


#: The measures of the first screen.
FIRST = ("likeness", "text_drop", "background", "copy_paste")
HEADINGS = {
    "plain_text": "text, base", "right": "own prompt best", "iou": "IoU",
    "energy_off": "energy off the head", "perceptual": "background, features",
}  # fmt: skip


def build_html(
    data: dict[str, Any],
    faces: list[np.ndarray],
    held: int,
    shown: Sequence[EvaluatedImage],
    plots: str = "",
    sheet: Path | None = None,
    steps: Captioned = (),
) -> str:
    """The page.

    Args:
        data: the JSON document of ``build_json`` (numbers and settings).
        faces: the person's aligned faces, (S, S, 3) uint8; the last ``held`` are held-out ones.
        shown: the measured pictures; one of each prompt is on the first screen.
        plots: SVG.
        sheet: the picture of all photos that `prepare` left, if it is there.
        steps: of each step that stays to be compared, words and the strip of previews drawn at it.
    """
    first = list({s.prompt: s for s in reversed(shown)}.values())[::-1]
    own, told = len(faces) - held, data["likeness"].get("told", True)
    photos = [_page.figure(f, "learnt from" if i < own else "held back")
              for i, f in enumerate(faces)]  # fmt: skip
    looked = [_page.figure(_page.overlay(s.image, s.map), _looked(s)) for s in first]
    return render(
        "report.html", "report.css", profiles=data.get("profiles", ()),
        name=str(data["profile"]), verdict=verdict(data),
        photos=_page.joined(photos), looked=_page.joined(looked), sheet=_all_photos(sheet),
        pictures=_page.joined(_page.figure(s.image, _caption(s, told)) for s in first),
        numbers=_numbers(data), details=_steps(steps) + _details(data, shown, len(first), plots),
    )  # fmt: skip


def build_json(
    profile: str,
    likeness: dict[str, Any],
    measured: dict[str, Measured],
    shown: Sequence[EvaluatedImage],
    losses: list[dict[str, float]],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """The report's numbers as one JSON document, no picture in it."""
    return {
        "profile": profile,
        "likeness": likeness,
        "measures": {name: asdict(row) for name, row in measured.items()},
        "prompts": [asdict(group) for group in grouped(shown, lambda s: s.prompt)],
        "seeds": [asdict(group) for group in grouped(shown, lambda s: s.seed)],
        "pictures": [{key: getattr(s, key) for key in KEYS} for s in shown],
        "losses": losses,
        "settings": settings,
    }


def table_rows(measures: dict[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    """The measures as words: what, how much with its interval, beside what."""
    rows = []
    for name, row in measures.items():
        value = row["why"] or "not measured"
        if row["value"] is not None:
            error = row["plus_minus"]
            value = f"{row['value']:.3f}" + (f" ± {error:.3f}" if error is not None else "")
        beside = "" if row["beside"] is None else f"{row['beside']:.3f} {row['beside_is']}"
        rows.append((TITLES[name], value, beside))
    return rows


def tell(progress: Progress, values: dict[str, Any], told: bool = True) -> None:
    """One line that says how alike, one on what was kept.

    Args:
        told: whether the number means something (`words.tells_nothing`).
    """
    found = values["likeness"]
    held_out = found["held_out"] is not None
    score = found["held_out"] if held_out else found["learnt_from"]
    if not told:
        kept = f" · step {found['best_step']} kept" if found.get("learnt", True) else ""
        progress.line(f"{NOT_TOLD}{kept}")
    elif score is None:
        progress.line("likeness not measured: no face was found in the drawn pictures")
    else:
        on = "the held-out photo" if held_out else "the photos it learnt from"
        own = found["photos"]
        beside = f" (your own photos agree at {own:.2f})" if own is not None else ""
        margin = found.get("stranger_margin")
        means = in_words(score, own, None if margin is None else score - margin)
        means = f": {means}" if means else ""
        kept = f"step {found['best_step']} kept"
        progress.line(f"likeness {score:.2f} on {on}{beside}{means} · {kept}")
    if found["text_drop"] is not None and found["background"] is not None:
        progress.line(
            f"text alignment {-found['text_drop']:+.2f} against the untuned base"
            f" · background changed by {found['background']:.2f}"
        )


def _details(
    data: dict[str, Any], shown: Sequence[EvaluatedImage], first: int, plots: str
) -> list[tuple[str, str]]:
    """What is folded below the first screen, titles and pieces."""
    measures, told = data["measures"], data["likeness"].get("told", True)
    all_measures = [
        {"measure": title, "value": value, "beside": beside, "what it means": MEANING[name]}
        for name, (title, value, beside) in zip(measures, table_rows(measures), strict=True)
    ]
    parts = [("Every measure", _page.table(all_measures)), ("Plots", plots)]
    parts += [
        ("By prompt", _page.table([_named("prompt", row) for row in data["prompts"]])),
        ("By seed", _page.table([_named("seed", row) for row in data["seeds"]])),
        ("Every picture", _page.table([_named("seed", row) for row in data["pictures"]])),
    ]
    if len(shown) > first:
        captions = [f"{_caption(s, told)} · {s.seed}" for s in shown]
        everything = "".join(map(_page.figure, (s.image for s in shown), captions))
        parts.append(("All pictures, with their seeds", f'<div class="row">{everything}</div>'))
    plain = "".join(_page.figure(s.plain, f"{s.prompt} · {s.seed}") for s in shown)
    parts.append(
        ("Without the identity, same prompts and seeds", f'<div class="row">{plain}</div>')
    )
    if data["losses"]:
        parts.append(("Loss", _page.curve(data["losses"])))
    settings = [{"setting": k, "value": v} for k, v in data["settings"].items()]
    parts.append(("Settings", _page.table(settings)))
    return [(title, _page.joined([part])) for title, part in parts if part]


def _steps(steps: Captioned) -> list[tuple[str, str]]:
    if not steps:
        return []
    side = steps[0][1].shape[0]
    rows = []
    for x in range(0, steps[0][1].shape[1], side):  # a prompt each, the steps beside each other
        shown = [(words if x == 0 else words.split(" · ")[0], image) for words, image in steps]
        figures = "".join(_page.figure(image[:, x : x + side], words) for words, image in shown)
        rows.append(f'<div class="row large">{figures}</div>')
    return [("Steps that are kept to be compared, all drawn alike", _page.joined(rows))]


def _all_photos(sheet: Path | None) -> str:
    if sheet is None or not sheet.is_file():
        return ""
    address = "data:image/png;base64," + base64.b64encode(sheet.read_bytes()).decode()
    return Markup(
        "<details><summary>Every photo: kept, or why not</summary>"
        '<div class="wide"><img src="{}" alt="every photo, kept or why not"></div></details>'
    ).format(address)


def _named(title: str, row: dict[str, Any]) -> dict[str, Any]:
    return {title if k == "name" else HEADINGS.get(k, k): v for k, v in row.items()}


def _caption(shown: EvaluatedImage, told: bool = True) -> str:
    if not told:
        return shown.prompt
    score = "no face found" if shown.likeness is None else f"{shown.likeness:.2f}"
    return f"{shown.prompt} · {score}"


def _looked(shown: EvaluatedImage) -> str:
    return "no face found" if shown.iou is None else f"on the head: {shown.iou:.2f}"


def _numbers(data: dict[str, Any]) -> list[dict[str, str]]:
    """The numbers of the first screen, each with its yardstick and what it means."""
    found = []
    for name in FIRST:
        row = data["measures"][name]
        if name == "likeness" and not data["likeness"].get("told", True):
            row = {**row, "value": None, "beside": None}
        value = _page.number(row["value"], "+" if name == "text_drop" else "")
        beside = "" if row["beside"] is None else f"{row['beside']:.2f} {row['beside_is']}"
        found.append(
            {"title": TITLES[name], "value": value, "beside": beside, "meaning": MEANING[name]}
        )
    return found
