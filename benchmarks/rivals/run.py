"""Draw and measure cells, choose settings, draw contact sheets; one process does one case."""

from __future__ import annotations

import json
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine
from benchmarks.rivals.cases import HOME, Case, people_of, photos_of
from benchmarks.rivals.general import KINDS, folder_of, train_general, training_of
from benchmarks.rivals.measure import Plain, measure, plain_of
from benchmarks.rivals.methods import CHOSEN, METHODS, RECIPE, STOCK, Settings, settings_of
from benchmarks.rivals.shop import Made, Shop
from benchmarks.rivals.table import FIGURES, Cells, digest_of, interval
from benchmarks.rivals.traits.judge import trait_digest
from benchmarks.tuning import parse
from pidiff_cli.core.images import read_photo, save_png
from pidiff_cli.errors import PidiffError

VERSION = 1  # of the measures: another one measures everything anew
CELLS = Cells(HOME / "cells")


@cache
def shop() -> Shop:
    """This process's own, one thread."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return Shop()


def ready(name: str) -> bool:
    """Whether a method can be drawn: its general branch is trained for these weights."""
    kind = METHODS[name].needs
    return not kind or (folder_of(kind, shop()) / "training.json").is_file()


def general_training() -> dict[str, Any]:
    """Steps and time of the rivals' general training, as far as it was done."""
    there = [kind for kind in KINDS if (folder_of(kind, shop()) / "training.json").is_file()]
    return {kind: training_of(kind, shop()) for kind in there}


def key_of(name: str, settings: Settings) -> str:
    """Digest of all that a cell's pictures depend on."""
    kind = METHODS[name].needs
    trained = training_of(kind, shop())["steps"] if kind else 0
    if name in STOCK:  # which know nothing of how PIDiff is drawn
        drawn = shop().settings
        how = f"{drawn.steps} {drawn.guidance} {drawn.size}"
        return digest_of(shop().digest, how, "", settings, trained)
    code = shop().code + (str(sorted(RECIPE.items())) if settings.get("tune", 1) else "")
    return digest_of(shop().digest, str(shop().settings), code, settings, trained)


def cell_key(case: Case, name: str, settings: Settings) -> str:
    """Digests of the pictures, and of what measures them."""
    traits = trait_digest() if case.situation == "traits" else ""
    return f"{key_of(name, settings)}-{VERSION}{shop().judged}{traits}"


def cell_of(case: Case, name: str) -> dict[str, Any] | None:
    """A finished cell."""
    return CELLS.read(case.name, name, cell_key(case, name, settings_of(name)))


def missing(case: Case, names: list[str]) -> list[str]:
    """Methods without a cell."""
    return [name for name in names if cell_of(case, name) is None]


def do_case(case: Case, names: list[str]) -> None:
    """All missing cells of one case."""
    for name in missing(case, names):
        if looked_again(case, name):
            continue
        began = time.monotonic()
        try:
            for made in METHODS[name].fit(shop(), case, settings_of(name)):
                keep(case, name, settings_of(name), made)
        except PidiffError as error:  # no photo could be used: a miss, not a person left out
            key = cell_key(case, name, settings_of(name))
            CELLS.write(case.name, name, key, {"failed": error.message, "rank1": 0.0})
        took = time.monotonic() - began
        print(f"{case.name} {name}: {took:.0f} s", file=sys.stderr, flush=True)


def keep(case: Case, name: str, settings: Settings, made: Made) -> dict[str, Any]:
    """Measure a case's pictures; keep them with the cell."""
    measured = measure(shop(), case, made, plain(case))
    # What another judge cannot tell from the pictures lies beside them.
    beside = {
        "iou": measured["iou"],
        "seconds": made.seconds, "parameters": made.parameters, "steps": made.steps,
    }  # fmt: skip
    path = picture_path(case, name, key_of(name, settings))
    save_pictures(path, made.images)
    path.with_suffix(".json").write_text(json.dumps(beside) + "\n")
    cell = {**measured, **beside}
    CELLS.write(case.name, name, cell_key(case, name, settings), cell)
    return cell


def looked_again(case: Case, name: str) -> bool:
    """Measure pictures that another judge or other measures have seen; whether there are any."""
    path = picture_path(case, name, key_of(name, settings_of(name)))
    if not (path.is_file() and path.with_suffix(".json").is_file()):
        return False
    cell = measure(shop(), case, Made(read_pictures(path)), plain(case))
    cell |= json.loads(path.with_suffix(".json").read_text())
    CELLS.write(case.name, name, cell_key(case, name, settings_of(name)), cell)
    return True


def picture_path(case: Case, name: str, key: str) -> Path:
    """The strip of a cell's pictures."""
    return HOME / "pictures" / case.name / f"{name}-{key}.png"


def save_pictures(path: Path, images: np.ndarray) -> None:
    """Pictures (N, S, S, 3) side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_png(path, np.concatenate(list(images), 1))


def read_pictures(path: Path) -> np.ndarray:
    """Pictures (N, S, S, 3) of a strip."""
    strip = read_photo(path)
    return np.stack(np.split(strip, strip.shape[1] // strip.shape[0], axis=1))


@cache
def plain(case: Case) -> Plain:
    """The base's pictures of a case's prompts and seeds; the same for any number of photos."""
    same = Case(case.person, 0, case.situation)
    path = picture_path(same, "base", key_of("base", {}))
    if not path.is_file():
        save_pictures(path, next(METHODS["base"].fit(shop(), case, {})).images)
    return plain_of(shop(), read_pictures(path))


def sheet(case: Case, names: list[str], folder: Path) -> None:
    """A contact sheet: the photos, then a line for each method that is drawn, first seeds."""
    paths = [picture_path(case, name, key_of(name, settings_of(name))) for name in names]
    rows = [read_pictures(path)[:: len(case.seeds)] for path in paths if path.is_file()]
    if not rows:
        return
    photos = photos_of(case).rgb[: len(rows[0]), ::2, ::2]
    top = np.full_like(rows[0], 255)
    top[: len(photos)] = photos
    pictures = [np.concatenate(list(row), 1) for row in (top, *rows)]
    folder.mkdir(parents=True, exist_ok=True)
    save_png(folder / f"{case.name}.png", np.concatenate(pictures))
    there = [name for name, path in zip(names, paths, strict=True) if path.is_file()]
    (folder / f"{case.name}.txt").write_text("\n".join(["photos", *there]) + "\n")


def score_of(cells: list[dict[str, Any]]) -> float:
    """What settings are chosen by: likeness and the prompt alike, then an untouched background."""
    mean = {f.key: interval(f, cells) for f in FIGURES[:5]}
    rank1, right, moved = (mean[key] for key in ("rank1", "right", "background"))
    assert rank1 is not None and right is not None
    return rank1[0] + right[0] - (moved[0] if moved else 1.0)


def validate(
    name: str, people: int, most: int, own: list[str], keep_own: bool, situation: str = "main"
) -> None:
    """Try settings on people that no table uses, and print what came of them.

    A method's own grid ends in the best being kept in rivals.json; ``own`` settings
    (``"hold=0.5 rank=4"`` each) are only kept where that is asked for, and what is tried in
    another situation than the main one never is.

    Args:
        most: the greatest number of steps that is tried.
    """
    if not ready(name):
        kind = METHODS[name].needs
        raise SystemExit(f"{name} is not trained for these weights yet: --general {kind}")
    chosen = people_of(situation, validation=True)[:people]
    cases = [Case(person, situation=situation) for person in chosen]
    grid = [parse(line) for line in own] or list(METHODS[name].grid)
    rows = [row for settings in grid for row in _rows(name, cases, settings, most)]
    if rows and (keep_own or not own) and situation == "main":
        kept = json.loads(CHOSEN.read_text()) if CHOSEN.is_file() else {}
        kept[name] = with_tried(kept.get(name, {}), rows, people, shop().digest)
        CHOSEN.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def with_tried(
    before: dict[str, Any], rows: list[dict[str, Any]], people: int, weights: str
) -> dict[str, Any]:
    """A method's entry with further settings tried, the best of all chosen.

    What was tried on other weights or other people is forgotten: it does not compare.
    """
    same = before.get("weights") == weights and before.get("people") == people
    new = [row["settings"] for row in rows]
    tried = [row for row in before.get("tried", []) if same and row["settings"] not in new]
    tried += rows
    best = max(tried, key=lambda row: row["score"])
    return {"chosen": best["settings"], "people": people, "weights": weights,
            "on": machine(), "tried": tried}  # fmt: skip


def _rows(name: str, cases: list[Case], settings: Settings, most: int) -> list[dict[str, Any]]:
    """A line for each number of steps at which somebody looked."""
    given = {**settings, **METHODS[name].settings}
    if "looks" in given:
        looks = [step for step in given["looks"] if step <= most]
        given |= {"looks": looks, "steps": looks[-1]}
    by_step: dict[int, list[dict[str, Any]]] = {}
    for case in cases:
        for step, cell in _tried(name, case, given):
            by_step.setdefault(step, []).append(cell)
    rows = []
    for step, cells in by_step.items():
        used = {**settings, "steps": step} if "looks" in given else settings
        used = {k: v for k, v in used.items() if k != "looks"}
        figures = {f.name: interval(f, cells) for f in FIGURES}
        means = {n: round(v[0], 4) for n, v in figures.items() if v is not None}
        rows.append({"settings": used, "score": round(score_of(cells), 4), **means})
        print(json.dumps(rows[-1]), flush=True)
    return rows


def _tried(name: str, case: Case, settings: Settings) -> list[tuple[int, dict[str, Any]]]:
    """(steps, cell) at every look; kept like the table's cells."""
    if "looks" in settings:
        keys = {step: {**settings, "steps": step, "looks": []} for step in settings["looks"]}
    else:
        keys = {0: settings}
    found = {s: CELLS.read(case.name, name, cell_key(case, name, g)) for s, g in keys.items()}
    if any(cell is None for cell in found.values()):
        for made in METHODS[name].fit(shop(), case, settings):
            step = made.steps if "looks" in settings else 0
            found[step] = keep(case, name, keys[step], made)
    return [(step, cell) for step, cell in found.items() if cell is not None]


def train(kind: str, minutes: float, pictures: int) -> None:
    """General training of a rival on so many of the bank's pictures."""
    train_general(kind, shop(), minutes, pictures)
