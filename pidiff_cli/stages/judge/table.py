"""The numbers as rows for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pidiff_cli.stages.judge.verdict import span, two

NAME = 24  # columns that a set's name may take
TITLES = {
    "likeness": "likeness", "copied": "copied", "copy_paste": "copy-paste",
    "faces": "with a face", "text": "text",
}  # fmt: skip


def rows_of_one(told: dict[str, Any]) -> tuple[Sequence[str], list[tuple[str, str, str]]]:
    """Headings and rows of a single set: a measure a row."""
    rows = []
    for name, row in told["measures"].items():
        title = TITLES[name]
        if row["value"] is None:
            why = row["why"].partition(":")[0].partition(". ")[0]
            rows.append((title, "not measured", why))
        else:
            sign = "+" if name == "copy_paste" else ""
            rows.append((title, span(row, sign), _beside(row["beside"])))
    return ("measure", "value (95 %)", "read against"), rows


def rows_of_several(sets: Sequence[dict[str, Any]]) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    """Headings and rows of several sets: a set a row."""
    rows = []
    for told in sets:
        found = told["measures"]
        rows.append((
            _short(told["name"]), str(told["pictures"]), span(found["likeness"])
            if found["likeness"]["value"] is not None else "–",
            *(two(found[name]["value"]) for name in ("copied", "copy_paste", "faces", "text")),
        ))  # fmt: skip
    return ("set", "n", "likeness (95 %)", "copied", "copy-paste", "faces", "text"), rows


def people_rows(sets: Sequence[dict[str, Any]]) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    """Headings and rows of sets with several people: a person of a set a row."""
    rows = [
        (
            _short(told["name"]), _short(person["name"]),
            *(two(person["measures"][name]["value"]) for name in TITLES if name != "text"),
        )
        for told in sets
        for person in told["people"]
    ]  # fmt: skip
    return ("set", "person", "likeness", "copied", "copy-paste", "faces"), rows


def _beside(beside: dict[str, float]) -> str:
    parts = []
    if "own_median" in beside:
        parts.append(f"own {beside['own_median']:.2f}, lowest {beside['own_lowest']:.2f}")
    if "same_person" in beside:
        parts.append(f"same from {beside['same_person']:g}")
    if "copies" in beside:
        parts.append(f"new photos {beside['new_photos']:+.2f}, copies {beside['copies']:+.2f}")
    return "; ".join(parts)


def _short(name: str) -> str:
    return name if len(name) <= NAME else "…" + name[-NAME + 1 :]
