"""Does mini draw the person in a photograph, so that he can be picked out among others?

    python -m benchmarks.quality.line_ups PHOTOS [--half] [--seeds 2] [--ways before now]
    python -m benchmarks.quality.line_ups PHOTOS --sheets OUT [--count 36]
    python -m benchmarks.quality.line_ups PHOTOS --score OUT/answers.txt
    python -m benchmarks.quality.line_ups PHOTOS --population

PHOTOS: see `photo_people`. The first prints rank-1 and mean rank of the right person among all by
the vector of measures, by SFace and by mini's embedder, of drawings by the diffusion base and of
the generator's rendering; ``before`` is the way without measures. --half takes half of the people,
by a seed: settings are chosen on those. Measures count by what they tell people apart in
photographs; people and dolls each in deviations of their own set.

--sheets writes blind line-ups: a person's drawings over six numbered photographs, one of them
theirs (not learnt from, where there is one), the others of people of like sex and hair, by
``marks.json`` in PHOTOS ({file: words}: people with the same words are alike, those who share the
first word nearly) or without it by the measures of hair. The key lies apart, in OUT/key.json; write
answers as lines "number choice" and let --score compare them. People and pictures are chosen by
--seed before anything is drawn on a sheet. No name and no file name is printed.

--population writes what `mini/train/wplus/seeking.py` knows of photographed people.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import commands
from benchmarks.quality.blind import alike, line_ups, own_deviations, score, write_sheets
from benchmarks.quality.dolls import WAYS, Doll, doll_of
from benchmarks.quality.photo_people import (
    LEARNT,
    PhotoPerson,
    open_networks,
    people_of,
    population,
)
from pidiff_cli.core.faces.face_vector import read_vectors
from pidiff_cli.core.faces.mesh_measures import SHAPES
from pidiff_cli.core.faces.nets import FOLDER as MINI_FACES
from pidiff_cli.core.faces.recognise import embed_faces, load_embedder

CACHE = Path(".mini/line_ups")
PHOTOGRAPHED = Path("mini/train/wplus/photographed.json")


def ranks(scores: np.ndarray) -> np.ndarray:
    """The rank of the own one in each row: a doll's distances to the people, its own diagonal."""
    own = np.diag(scores)[:, None]
    return np.asarray((scores < own).sum(1) + 1)


def told(scores: np.ndarray) -> dict[str, float]:
    """Rank-1 and mean rank."""
    found = ranks(scores)
    return {"rank1": round(float((found == 1).mean()), 3), "mean": round(float(found.mean()), 2)}


def by_vector(people: np.ndarray, dolls: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Squared distances (K, K) of dolls to people, both (K, J) measures."""
    gaps = own_deviations(dolls)[:, None] - own_deviations(people)[None]
    return np.asarray((gaps**2 * weight).sum(-1))


def table(people: list[PhotoPerson], dolls: list[Doll], names: Sequence[str]) -> dict[str, Any]:
    """The figures of one way."""
    spread = population(people)
    weight = spread["between"] ** 2 / (spread["between"] ** 2 + spread["within"] ** 2)
    who = np.array([np.nanmean(p.measures[:LEARNT], axis=0) for p in people])
    made = {"drawn": np.array([np.nanmean(d.measures[:-1], axis=0) for d in dolls]),
            "generator": np.array([d.measures[-1] for d in dolls])}  # fmt: skip
    shape = np.isin(names, SHAPES)
    figures: dict[str, Any] = {}
    for kind, rows in made.items():
        figures[kind] = told(by_vector(who, rows, weight))
        for part, some in (("shape", shape), ("colours", ~shape)):
            figures[f"{kind}, {part}"] = told(by_vector(who, rows, weight * some))
    kept = [k for k, p in enumerate(people) if len(p.measures) > LEARNT]
    if kept:
        others = who.copy()
        for k in kept:
            others[k] = np.nanmean(people[k].measures[LEARNT:], axis=0)
        found = ranks(by_vector(others, made["drawn"], weight))[kept]
        figures["drawn, photos not learnt from"] = f"{int((found == 1).sum())} of {len(kept)}"
    return figures | _by_embedders(people, dolls)


def _by_embedders(people: list[PhotoPerson], dolls: list[Doll]) -> dict[str, Any]:
    """Mean cosines of a doll's pictures with the photos it was drawn from."""
    mini = load_embedder(MINI_FACES)

    def mean(rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows.mean(0) / np.linalg.norm(rows.mean(0)))

    vectors = {
        "SFace": ([p.sface[:LEARNT] for p in people], [d.sface[:-1] for d in dolls]),
        "mini's embedder": (
            [embed_faces(mini, [*p.faces[:LEARNT]]) for p in people],
            [embed_faces(mini, [*d.faces[:-1]]) for d in dolls],
        ),
    }
    return {
        name: told(-np.stack([mean(d) for d in drawn]) @ np.stack([mean(p) for p in photos]).T)
        for name, (photos, drawn) in vectors.items()
    }


def write_population(people: list[PhotoPerson], names: Sequence[str]) -> None:
    found = population(people)
    rows = np.stack([found[key] for key in ("mean", "between", "within")], 1)
    measures = {n: [float(f"{v:.4g}") for v in row] for n, row in zip(names, rows, strict=True)}
    about = "mean, deviation between people, deviation between photos of one"
    photos = sum(len(p.files) for p in people)
    whole = {"about": about, "people": len(people), "photos": photos, "measures": measures}
    PHOTOGRAPHED.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def names_of(people: list[PhotoPerson]) -> list[str]:
    """What the measures are called, in their order."""
    finder, _ = open_networks()
    (vector,) = read_vectors(finder.mesh, [people[0].faces[0]], [people[0].heads[0]])
    return list(vector or ())


def main() -> None:
    """See the module's text."""
    parser = commands.command_line("benchmarks.quality.line_ups", __doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", action="store_true", help="the people settings are chosen on")
    parser.add_argument("--other-half", action="store_true")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=4, help="pictures a person")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--marks", type=Path, help="in place of marks.json in PHOTOS")
    parser.add_argument("--score", type=Path)
    parser.add_argument("--population", action="store_true")
    parser.add_argument("--count", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=CACHE)
    args = parser.parse_args()
    if args.score:
        print(score(args.score))
        return
    people = people_of(args.folder, args.cache)
    names = names_of(people)
    if args.population:
        write_population(people, names)
        return
    order = np.random.default_rng(7).permutation(len(people))
    half = set(order[: len(people) // 2].tolist())
    if args.half or args.other_half:
        taken = [k for k in range(len(people)) if (k in half) == args.half]
    else:
        taken = list(range(len(people)))
    seeds = range(1, 1 + args.seeds)
    for way in args.ways:
        dolls = [doll_of(people[k], k, way, seeds, args.cache / "home", args.cache) for k in taken]
        if args.sheets:
            marks = args.marks or args.folder / "marks.json"
            words = json.loads(marks.read_text()) if marks.is_file() else {}
            some = [people[k] for k in taken]
            chosen = line_ups(alike(some, names, words), args.count, args.seed)
            write_sheets(some, dolls, chosen, args.sheets)
            return
        print(f"{way}, {len(taken)} people, {args.seeds} pictures each:")
        for name, value in table([people[k] for k in taken], dolls, names).items():
            print(f"  {name}: {value}", flush=True)


if __name__ == "__main__":
    main()
