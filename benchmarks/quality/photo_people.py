"""The people of a folder of labelled photographs, measured: what `line_ups` works on.

The folder holds pictures and a ``labels.json`` of [file, class, person]; "" is an unnamed person.
Frontal ones and tight crops are taken; unnamed faces whose SFace cosine is over SAME_PERSON are
one person. Nothing of it leaves ``.mini/line_ups``, which git ignores; people are numbers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.core.faces.align import align_face, points_in_square
from pidiff_cli.core.faces.face_vector import read_vectors
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.mesh_finder import MeshFinder, open_mesh_finder
from pidiff_cli.core.faces.recognise import crop_face, five_points
from pidiff_cli.core.faces.sface import SFace, open_sface
from pidiff_cli.core.images import read_photo, shrink
from pidiff_cli.weights.bundled import FOLDER

TAKEN = ("frontal", "tight crop")
SAME_PERSON = 0.4
SIDE, WORK = 256, 1024  # px: aligned faces, working copies
LEARNT = 4  # photos a person is drawn from; the others are kept


@dataclass(frozen=True)
class PhotoPerson:
    """One person: aligned faces u8 (P, 256, 256, 3), head masks (P, 256, 256), measures (P, J) and
    SFace's unit vectors (P, 128), the learnt photos first; ``files`` names their pictures."""

    faces: np.ndarray
    heads: np.ndarray
    measures: np.ndarray
    sface: np.ndarray
    files: tuple[str, ...]


def open_networks() -> tuple[MeshFinder, SFace]:
    """The free face networks of the package."""
    return open_mesh_finder(FOLDER), open_sface(next(FOLDER.glob("*sface*int8bq.onnx")))


def measured(picture: np.ndarray, nets: tuple[MeshFinder, SFace]) -> dict[str, Any] | None:
    """The largest face of a picture u8 (H, W, 3): aligned, masked, measured; None without one."""
    finder, sface = nets
    work, _ = shrink(picture, WORK)
    found = finder.find(work)
    if not found:
        return None
    points = max((points for points, _ in found), key=lambda p: float(np.ptp(p, axis=0).prod()))
    face = align_face(work, points, SIDE)
    head = head_mask(face, FOLDER, points=points_in_square(points, SIDE))
    (vector,) = read_vectors(finder.mesh, [face], [head])
    if vector is None:
        return None
    feature = sface.features([crop_face(work, five_points(points))])[0]
    unit = feature / np.linalg.norm(feature)
    return {"faces": face, "heads": head, "sface": unit, "measures": [*vector.values()]}


def people_of(folder: Path, cache: Path, seed: int = 5) -> list[PhotoPerson]:
    """The people of a folder, those of most photos first; measured once."""
    labels = [row for row in json.loads((folder / "labels.json").read_text()) if row[1] in TAKEN]
    kept = cache / f"photos-{hashlib.sha256(repr(labels).encode()).hexdigest()[:12]}.npz"
    if not kept.is_file():
        rows = _read(folder, labels)
        kept.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {key: np.array([row[key] for row in rows]) for key in rows[0]}
        np.savez(kept, **arrays)
    with np.load(kept) as file:
        data = {key: file[key] for key in file.files}
    groups = _groups(data["sface"], [str(who) for who in data["who"]])
    rng = np.random.default_rng(seed)
    made = []
    for group in groups:
        own = rng.permutation(group)
        faces, heads, measures, sface = (
            data[key][own] for key in ("faces", "heads", "measures", "sface")
        )
        files = tuple(str(name) for name in data["name"][own])
        made.append(PhotoPerson(faces, heads, measures, sface, files))
    return made


def _read(folder: Path, labels: list[list[str]]) -> list[dict[str, Any]]:
    nets, rows = open_networks(), []
    for file, _, who in labels:
        found = measured(read_photo(folder / file), nets)
        if found:
            rows.append(found | {"who": who, "name": file})
    return rows


def _groups(sface: np.ndarray, who: list[str]) -> list[list[int]]:
    """Which faces are one person's: by name, else by likeness."""
    parent = list(range(len(who)))

    def root(a: int) -> int:
        while parent[a] != a:
            a = parent[a]
        return a

    alike = sface @ sface.T
    for a in range(len(who)):
        for b in range(a):
            named = bool(who[a] and who[b])
            if (named and who[a] == who[b]) or (not named and alike[a, b] > SAME_PERSON):
                parent[root(a)] = root(b)
    groups: dict[int, list[int]] = {}
    for a in range(len(who)):
        groups.setdefault(root(a), []).append(a)
    return sorted(groups.values(), key=lambda group: (-len(group), group[0]))


def population(people: list[PhotoPerson]) -> dict[str, Any]:
    """Of each measure the mean, and the deviations between people and between photos of one."""
    several = [p.measures for p in people if len(p.measures) > 1]
    within = np.nanmean([np.nanvar(m, axis=0, ddof=1) for m in several], axis=0)
    means = np.array([np.nanmean(p.measures, axis=0) for p in people])
    share = np.mean([1 / len(p.measures) for p in people])
    total = np.nanvar(means, axis=0, ddof=1)
    between = np.maximum(total - within * share, 0.05 * total)
    rows = np.sqrt([between, within])
    return {"mean": np.nanmean(means, axis=0), "between": rows[0], "within": rows[1]}
