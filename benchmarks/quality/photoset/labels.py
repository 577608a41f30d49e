"""What is known of each photograph: its class and person by hand, faces and eyes by dlib."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LABELS = "labels.json"
#: Pictures with several people of whom a labelled one is, or may be, one: no strangers' groups. By
#: hand, from looking at them; the beginnings of their names' sha256, as names of files name people.
KNOWN_GROUPS = frozenset(
    (
        "05f170b73c",
        "14f3b7e768",
        "30d61ca743",
        "4f119f4e91",
        "9cd8b9cb46",
        "a3508dfcdc",
        "e7dc22299d",
        "eee211da0c",
    )
)


@dataclass(frozen=True)
class Labelled:
    """A photograph: `kind` is its class, `person` "" where nobody's name is known."""

    path: Path
    kind: str
    person: str

    @property
    def single(self) -> bool:
        """Whether one person is its subject."""
        return self.kind not in ("group", "none")

    @property
    def tight(self) -> bool:
        return self.kind == "tight crop"

    @property
    def strangers(self) -> bool:
        """Whether it is a group in which nobody of the set is."""
        name = hashlib.sha256(self.path.name.encode()).hexdigest()[:10]
        return self.kind == "group" and name not in KNOWN_GROUPS


@dataclass(frozen=True)
class Truth:
    """Where dlib sees the faces of a photograph, the largest first.

    Attributes:
        boxes: (F, 4) x0, y0, x1, y1, pixels. eyes: (2, 2) of the largest; None: not told.
    """

    boxes: np.ndarray
    eyes: np.ndarray | None


def read_labels(folder: Path) -> list[Labelled]:
    """The photographs of a gathered folder, in the order of its list."""
    rows = json.loads((folder / LABELS).read_text(encoding="utf-8"))
    return [Labelled(folder / name, kind, person) for name, kind, person in rows]


def read_truth(path: Path | None) -> dict[str, Truth]:
    """File name -> truth, of the file that `truth.py` writes; {} without one."""
    if path is None:
        return {}
    raw = json.loads(path.read_text(encoding="utf-8"))
    return {name: _truth(faces) for name, faces in raw.items()}


def _truth(faces: list[dict[str, Any]]) -> Truth:
    faces = sorted(faces, key=lambda face: face["box"][1] - face["box"][3])
    boxes = np.array([face["box"] for face in faces], float).reshape(-1, 4)
    eyes = np.array(faces[0]["eyes"]) if faces and faces[0]["eyes"] else None
    return Truth(boxes, eyes)


def near(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two boxes are of one face: middles within half of the larger one's width."""
    apart = np.abs((one[:2] + one[2:]) / 2 - (other[:2] + other[2:]) / 2).max()
    return bool(apart < 0.5 * max(one[2] - one[0], other[2] - other[0]))
