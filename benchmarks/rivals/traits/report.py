"""What the judge of traits is worth on true drawings, and what the untuned branch draws of traits.

    python -m benchmarks.rivals.traits.report                 # both galleries, drawn truly
    python -m benchmarks.rivals.traits.report --people 5      # and five of the table, untuned
    python -m benchmarks.rivals.traits.report --choose        # its weight, on the validation's
    python -m benchmarks.rivals.traits.report --sheets .mini/rivals/traits/sheets

True drawings are of what the eight prompts ask for, two each of the trait people and one of every
twin, found and aligned by the program's own face networks, as generated pictures are.  The tables
go to stdout, the figures to docs/measurements/traits.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS
from benchmarks.rivals import run
from benchmarks.rivals.cases import Case
from benchmarks.rivals.shop import Shop
from benchmarks.rivals.traits.drawings import CACHE, asked_for, references, sources
from benchmarks.rivals.traits.judge import WEIGHT, TraitJudge
from benchmarks.rivals.traits.learn import through
from benchmarks.rivals.traits.people import KINDS, TWINS, gallery, kind_of, trait_people
from pidiff_cli.core.images import save_png

BLUR = 0.8  # px, sigma
WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of the trait network that are tried
Figures = dict[str, float]


@dataclass(frozen=True)
class Faces:
    """Aligned faces (N, 128, 128, 3) u8 as the program finds them, whether one was found (N,),
    and whose they are (N,)."""

    aligned: np.ndarray
    found: np.ndarray
    persons: np.ndarray


def true_faces(shop: Shop, validation: bool) -> dict[str, Faces]:
    """Faces of a gallery's true drawings, by what was done to the drawings; kept in a file."""
    ids, own = gallery(validation), trait_people(validation)
    drawn, twins = asked_for(own), asked_for([i for i in ids if i not in own], 1)
    plain = slice(None, None, TWINS - 1)  # a group's first twin is the plain one

    def soft(rgb: np.ndarray) -> np.ndarray:
        return through(shop.base, rgb)

    def blurred(rgb: np.ndarray) -> np.ndarray:
        return np.stack([cv2.GaussianBlur(picture, (0, 0), BLUR) for picture in rgb])

    sets: dict[str, tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], np.ndarray]]] = {
        "drawn": (drawn.rgb, drawn.persons, np.asarray),
        "through the autoencoder": (drawn.rgb, drawn.persons, soft),
        "blurred": (drawn.rgb, drawn.persons, blurred),
        "twins": (twins.rgb, twins.persons, np.asarray),
        "plain twins through the autoencoder": (twins.rgb[plain], twins.persons[plain], soft),
    }
    found = {}
    for place, (name, (rgb, persons, change)) in enumerate(sets.items()):
        path = CACHE / f"faces-{sources()}-{shop.digest}-{ids[0]}-{place}.npz"
        if not path.is_file():
            np.savez(path, **vars(_faces(shop, change(rgb), persons)))
        with np.load(path) as kept:
            found[name] = Faces(**kept)
    return found


def _faces(shop: Shop, pictures: np.ndarray, persons: np.ndarray) -> Faces:
    seen = [shop.reader.detect(picture) for picture in pictures]
    none = np.zeros((128, 128, 3), np.uint8)
    aligned = np.stack([none if face is None else face.aligned for face in seen])
    return Faces(aligned, np.asarray([face is not None for face in seen]), persons)


def true_drawings(shop: Shop, validation: bool, weight: float = WEIGHT) -> dict[str, Figures]:
    """rank-1 among a gallery, by what was done to the drawings and by kind of trait."""
    ids, faces = gallery(validation), true_faces(shop, validation)
    judge = TraitJudge(shop.judge, shop.trait_judge.net, weight)
    rows = {name: shares(judge, seen, ids) for name, seen in faces.items()}
    usual = TraitJudge(shop.judge, shop.trait_judge.net, weight=0.0)
    return {**rows, "drawn, the usual judge": shares(usual, faces["drawn"], ids)}


def shares(judge: TraitJudge, faces: Faces, ids: list[int]) -> Figures:
    """Shares of pictures whose own person wins, in all and by kind; whose group of five wins;
    which the group's trait person wins.  No face is a miss."""
    found = np.where(faces.found, judge.found(faces.aligned, ids), -1)
    right, first = found == faces.persons, ids[0]
    kinds = np.asarray([kind_of(person) for person in faces.persons])
    group = (faces.persons - first) // TWINS
    return {
        "all": float(right.mean()),
        **{kind: float(right[kinds == kind].mean()) for kind in KINDS},
        "group": float(((found - first) // TWINS == group).mean()),
        "trait person": float((found == first + group * TWINS).mean()),
    }


def untuned(people: list[int], photos: int) -> dict[str, dict[str, Any]]:
    """Cells of the branch as it is, by person; drawn where they are missing."""
    cells: dict[str, dict[str, Any]] = {}
    for person in people:
        case = Case(person, photos, "traits")
        run.do_case(case, ["untuned"])
        cells[str(person)] = {"kind": kind_of(person), **(run.cell_of(case, "untuned") or {})}
    return cells


def sheets(people: list[int], photos: int, folder: Path) -> None:
    """The galleries, two references a person and five people a line; what was drawn of whom."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, validation in (("table", False), ("validation", True)):
        drawn = references(gallery(validation)).rgb.reshape(-1, 2 * TWINS, 2, 128, 128, 3)[:, :, 0]
        for half, lines in enumerate(np.split(drawn, 2)):
            picture = np.concatenate([np.concatenate(list(line), 1) for line in lines])
            save_png(folder / f"{name}{half}.png", picture)
    for person in people:
        run.sheet(Case(person, photos, "traits"), ["base", "untuned"], folder)


def table(rows: dict[str, Figures]) -> str:
    """Markdown: a set a line, a figure a column."""
    names = list(next(iter(rows.values())))
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [
        f"| {title} | {' | '.join(f'{row[name]:.3f}' for name in names)} |"
        for title, row in rows.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, keep."""
    parser = command_line("benchmarks.rivals.traits.report", __doc__)
    parser.add_argument("--people", type=int, default=0, help="of the table, drawn untuned")
    parser.add_argument("--photos", type=int, default=4)
    parser.add_argument("--choose", action="store_true", help="only try weights")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--out", type=Path, default=MEASUREMENTS / "traits.json")
    args = parser.parse_args()
    shop, people = run.shop(), trait_people()[: args.people]
    if args.choose:
        for weight in WEIGHTS:
            print(f"\n### {weight}\n\n{table(true_drawings(shop, True, weight))}")
        return
    true = {name: true_drawings(shop, name == "validation") for name in ("validation", "table")}
    for name, rows in true.items():
        print(f"\n### True drawings, the {name}'s gallery\n\n{table(rows)}")
    cells = untuned(people, args.photos)
    if cells:
        keys = ("rank1", "plain_twin", "group")
        print("\n### Untuned\n\n" + table({
            f"{person}, {cell['kind']}": {key: float(cell.get(key, 0)) for key in keys}
            for person, cell in cells.items()
        }))  # fmt: skip
    if args.sheets:
        sheets(people, args.photos, args.sheets)
    kept = {"on": machine(), "weights": shop.digest, "judge": shop.judged, "true": true,
            "untuned": cells}  # fmt: skip
    args.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
