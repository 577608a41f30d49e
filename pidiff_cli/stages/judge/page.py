"""The judge's page: the verdict, one table, the photos, pictures from least to most alike."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

from pidiff_cli.stages.judge.look import JudgedPicture, JudgedSet
from pidiff_cli.stages.judge.people import KnownPerson
from pidiff_cli.stages.judge.summary import series
from pidiff_cli.stages.judge.table import TITLES
from pidiff_cli.stages.judge.verdict import span
from pidiff_cli.stages.pages.render import render
from pidiff_cli.stages.report import html as _page

SHOWN, MOST = 7, 200  # pictures of a set on the first screen; folded below
PHOTOS = 24  # of a person
MEANING = {
    "likeness": "Mean cosine of face embeddings with photos held out; with those learnt from where "
    "there are none, which flatters. Read it beside the person's own photos among themselves.",
    "copied": "The same with the photos learnt from. Far above likeness: they are copied.",
    "copy_paste": "(θ held out − θ learnt) / θ between the two, θ the angle between embeddings. 0 "
    "is as near to new photos as to those learnt from, 1 a copy of a single one.",
    "faces": "Share of the people asked for who have a face; the others count in no likeness.",
    "text": "Cosine of a picture with its own prompt. Compare sets of the same prompts only.",
}


def build_html(data: dict[str, Any], sets: Sequence[JudgedSet]) -> str:
    """The page, with everything inside it.

    Args:
        data: the document of `run.judge`. sets: with their pictures, in the same order.
    """
    names = [told["name"] for told in data["sets"]]
    people = list({id(one): one for judged in sets for one in judged.people}.values())
    encoder = data["encoders"][0]["name"]
    return render(
        "judge.html", "report.css", profiles=data.get("profiles", ()),
        title=" · ".join(names) if len(names) < 5 else f"{names[0]} and {len(names) - 1} more",
        verdict=data["verdict"], gates=[gate["told"] for gate in data["gates"]],
        read_by=read_by(data), table=_page.joined([_page.table(list(map(_row, data["sets"])))]),
        forest=_page.joined([forest(data["sets"])]), people=list(map(_photos, people)),
        sets=[_pictures(judged, encoder) for judged in sets], details=_details(data, sets),
    )  # fmt: skip


def read_by(data: dict[str, Any]) -> str:
    """Which networks read the faces, with the beginning of their weight files' sha256."""
    networks = ", ".join(f"{one['name']} {one['sha256'][:12]}" for one in data["encoders"])
    return f"Read as {data['world']} by {networks}. In brackets 95 % intervals over the pictures."


def _row(told: dict[str, Any]) -> dict[str, Any]:
    found = told["measures"]
    return {
        "set": told["name"], "pictures": told["pictures"],
        **{TITLES[name]: span(row, "+" if name == "copy_paste" else "")
           if row["value"] is not None else "–" for name, row in found.items()},
    }  # fmt: skip


def forest(sets: Sequence[dict[str, Any]]) -> str:
    """Likeness of every set with its interval, beside the person's own photos; SVG."""
    rows = [(told["name"], told["measures"]["likeness"]) for told in sets]
    rows = [(name, row) for name, row in rows if row["value"] is not None]
    if not rows:
        return ""
    beside = rows[0][1]["beside"]
    ends = [row[key] for _, row in rows for key in ("value", "low", "high") if row[key] is not None]
    low, high = min([0.0, *ends, *beside.values()]), max([1.0, *ends])
    height = 40 + 26 * len(rows)

    def x(value: float) -> float:
        return round(200 + 380 * (value - low) / (high - low), 1)

    parts = [
        f'<line x1="{x(value)}" x2="{x(value)}" y1="20" y2="{height - 18}" stroke="currentColor" '
        f'stroke-dasharray="3 3" opacity=".5"/>'
        f'<text x="{x(value)}" y="{14 if i % 2 else height - 4}" text-anchor="middle" '
        f'opacity=".75">{words} {value:.2f}</text>'
        for i, (words, value) in enumerate(_marks(beside))
    ]
    for i, (name, row) in enumerate(rows):
        y = 33 + 26 * i
        words = html.escape(name if len(name) <= 24 else "…" + name[-23:])
        parts.append(f'<text x="0" y="{y + 4}">{words}</text>')
        if row["low"] is not None:
            parts.append(
                f'<line x1="{x(row["low"])}" x2="{x(row["high"])}" y1="{y}" y2="{y}" '
                'stroke="#e8702a" stroke-width="3"/>'
            )
        parts.append(f'<circle cx="{x(row["value"])}" cy="{y}" r="5" fill="#e8702a"/>')
    return (
        "<h2>Likeness</h2>"
        f'<svg class="forest" viewBox="0 0 600 {height}" width="600" role="img" '
        f'aria-label="likeness of each set">{"".join(parts)}</svg>'
    )


def _marks(beside: dict[str, float]) -> list[tuple[str, float]]:
    names = {"own_lowest": "own lowest", "same_person": "one person", "own_median": "own median"}
    return sorted(((names[key], value) for key, value in beside.items()), key=lambda mark: mark[1])


def _photos(person: KnownPerson) -> dict[str, str]:
    """The photos of a person, those held out named so."""
    own = person.count
    shown = [*enumerate(person.thumbs)]
    shown = shown[: max(PHOTOS - person.held, 1)] + shown[own:][:PHOTOS] if own > PHOTOS else shown
    figures = [_page.figure(face, "held out" * (i >= own)) for i, face in shown]
    name = f" of {person.name}" if person.name else ""
    count = f"{own} learnt from, {person.held} held out"
    return {"title": f"Photos{name} ({count})", "figures": _page.joined(figures)}


def _pictures(judged: JudgedSet, encoder: str) -> dict[str, str]:
    """Some pictures of a set, from the least to the most alike."""
    ranked = ranked_pictures(judged, encoder)
    places = np.unique(np.linspace(0, len(ranked) - 1, min(SHOWN, len(ranked))).round().astype(int))
    figures = [_page.figure(ranked[i][0].thumb, _caption(*ranked[i])) for i in places]
    words = f"from the least to the most alike, {len(places)} of {len(ranked)}"
    return {"title": f"{judged.name}, {words}", "figures": _page.joined(figures)}


def ranked_pictures(judged: JudgedSet, encoder: str) -> list[tuple[JudgedPicture, float | None]]:
    """Pictures with their likeness, the least alike first; those without a face before all."""
    values = series(judged, "likeness", encoder)
    pairs = [*zip(judged.pictures, values, strict=True)]
    return sorted(pairs, key=lambda pair: -2.0 if pair[1] is None else pair[1])


def _caption(picture: JudgedPicture, value: float | None) -> str:
    return f"{'no face found' if value is None else f'{value:.2f}'} · {picture.file}"


def _details(data: dict[str, Any], sets: Sequence[JudgedSet]) -> list[tuple[str, str]]:
    """What is folded, titles and pieces."""
    encoder = data["encoders"][0]["name"]
    parts = [
        ("What each number means", _page.table([
            {"measure": TITLES[name], "meaning": words} for name, words in MEANING.items()
        ])),
        ("By encoder", _page.table(_by_encoder(data))),
    ]  # fmt: skip
    if data["differences"]:
        parts.append(("Differences", _page.table(_differences(data["differences"]))))
    if len(sets[0].people) > 1:
        parts.append(("By person", _page.table(_by_person(data))))
    for judged in sets:
        shown = ranked_pictures(judged, encoder)
        figures = "".join(_page.figure(p.thumb, _caption(p, value)) for p, value in shown[:MOST])
        more = f" (the first {MOST})" if len(shown) > MOST else ""
        parts.append((f"Every picture of {judged.name}{more}", f'<div class="row">{figures}</div>'))
    left = [{"of": name, **row} for name, rows in _left_out(data) for row in rows]
    if left:
        parts.append(("Left out", _page.table(left)))
    networks = [{**row, "sha256": row["sha256"][:12]} for row in data["encoders"]]
    if data["text_scorer"]:
        scorer = {**data["text_scorer"], "sha256": data["text_scorer"]["sha256"][:12], "same": None}
        networks.append(scorer)
    parts.append(("Networks", _page.table(networks)))
    return [(title, _page.joined([part])) for title, part in parts]


def _by_encoder(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"set": told["name"], "encoder": name,
         **{TITLES[key]: span(row) for key, row in figures.items()}}
        for told in data["sets"]
        for name, figures in told["encoders"].items()
    ]  # fmt: skip


def _by_person(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"set": told["name"], "person": one["name"],
         **{TITLES[key]: span(row) for key, row in one["measures"].items() if key != "text"}}
        for told in data["sets"]
        for one in told["people"]
    ]  # fmt: skip


def _differences(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"measure": TITLES[row["measure"]], "sets": f"{row['first']} − {row['second']}",
         "difference": span({**row, "why": ""}, "+"), "excludes 0": row["excludes_0"],
         "paired": row["paired"], "n": row["n"]}
        for row in found
    ]  # fmt: skip


def _left_out(data: dict[str, Any]) -> list[tuple[str, list[dict[str, str]]]]:
    people = [(f"photos {one['name']}".strip(), one["left_out"]) for one in data["people"]]
    return people + [(told["name"], told["left_out"]) for told in data["sets"]]
