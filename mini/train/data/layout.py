"""How a world's factors lie in a generator's z, and so in W+ codes: read from a bank, told in JSON.

z is the factors in their order, zeros up to a width that is fast in bf16, and a constant 1 at the
end: 80 numbers of the narrow world's 79 factors, 128 of the wide one's 116.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mini.world.bank import read_world
from mini.world.factors import groups, identity_names, names
from mini.world.worlds import NARROW, World

MULTIPLE = 16  # z is as wide as a multiple of it
KINDS = ("coarse", "medium", "fine")


@dataclass(frozen=True)
class Layout:
    """The factors of a world: their names in order, and where each group lies.

    Attributes:
        parts: half-open ranges of the coarse, medium and fine factors.
    """

    world: World
    names: tuple[str, ...]
    parts: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, world: World = NARROW) -> Layout:
        """A world's layout."""
        found = groups(world)
        return cls(world, names(world), tuple((found[k].start, found[k].stop) for k in KINDS))

    @classmethod
    def read(cls, bank: Path) -> Layout:
        """The layout of a bank, plain or aligned, by its world.json."""
        world, columns, found = read_world(bank)
        return cls(world, columns, tuple((found[k].start, found[k].stop) for k in KINDS))

    @property
    def width(self) -> int:
        """D: the width of z and of a row of W+."""
        return -(-(len(self.names) + 1) // MULTIPLE) * MULTIPLE

    @property
    def identity(self) -> list[int]:
        """Which factors belong to the person alone."""
        own = set(identity_names(self.world))
        return [i for i, name in enumerate(self.names) if name in own]

    def masks(self) -> Tensor:
        """(3, D) of 0 and 1: the entries of z that a group owns; the constant belongs to all."""
        masks = torch.zeros(len(self.parts), self.width)
        for mask, (start, stop) in zip(masks, self.parts, strict=True):
            mask[start:stop] = 1
            mask[-1] = 1
        return masks

    def z(self, factors: np.ndarray | Tensor) -> Tensor:
        """Factors (..., F) -> z (..., D)."""
        if not isinstance(factors, Tensor):
            factors = torch.from_numpy(np.asarray(factors, dtype=np.float32))
        z = factors.new_zeros(*factors.shape[:-1], self.width, dtype=torch.float32)
        z[..., : factors.shape[-1]] = factors
        z[..., -1] = 1
        return z

    def told(self) -> dict[str, Any]:
        """What wplus.json says of it: the world, the factors in order, where each group ends."""
        ends = dict(zip(KINDS, ([*part] for part in self.parts), strict=True))
        return {"world": self.world.name, "factors": list(self.names), "factor_groups": ends}
