"""The small network that reads traits from aligned faces, and what it is taught to name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import Tensor

from benchmarks.rivals.traits.people import COLOURS, PLACES, PROPORTIONS, somebody
from pidiff_cli.core.metrics.judge_nets import ImageTower
from pidiff_cli.core.tensors.packed import unpack

FILE = Path(__file__).with_name("traits.safetensors")
WIDTHS, DEPTHS, DIM = (24, 40, 64, 96), (1, 1, 1, 1), 48
_SPOTS = [f"{kind} {place}" for kind in PLACES for place in PLACES[kind]]
_HUES = [(kind, hue) for kind in COLOURS for hue in COLOURS[kind]]
#: head -> number of its classes; 0 says "none" in each.
LABELS: tuple[tuple[str, int], ...] = (
    ("what", 1 + len(_SPOTS) + len(PROPORTIONS)), ("side", 3), ("colour", 1 + len(_HUES)),
    ("size", 3),
)  # fmt: skip


class TraitNet(ImageTower):
    """The judge's kind of tower: aligned (B, 3, 128, 128) in [-1, 1] -> unit vectors (B, 48)."""

    def __init__(self) -> None:
        super().__init__(WIDTHS, DEPTHS, DIM, dict(LABELS), "places")

    def named(self, features: Tensor) -> dict[str, Tensor]:
        """Head -> (B, C) scores over its classes."""
        return {name: head(features) for name, head in self.heads.items()}


def load_net(path: Path = FILE) -> TraitNet:
    """The trained network."""
    net = TraitNet()
    net.load_state_dict(unpack(load_file(path)))
    return net.eval()


def label_of(person_id: int) -> np.ndarray:
    """The classes (H,) int64 of a person's trait."""
    who = somebody(person_id)
    if who.mark is None:
        beyond = [
            1 + len(_SPOTS) + i for i, values in enumerate(PROPORTIONS)
            if all(getattr(who.person, name) == value for name, value in values.items())
        ]  # fmt: skip
        return np.array([*beyond, 0][:1] + [0, 0, 0])
    mark = who.mark
    return np.array([
        1 + _SPOTS.index(f"{mark.kind} {mark.place}"), 1 if mark.side < 0 else 2,
        1 + _HUES.index((mark.kind, mark.colour)), 1 if mark.size < 1 else 2,
    ])  # fmt: skip
