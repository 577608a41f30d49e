"""How the world's factors lie in a generator's z, and so in W+ codes.

z is the 79 factors in their order and a constant 1 at the end, 80 numbers: a width that is fast in
bf16.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mini.world.factors import GROUPS, IDENTITY_NAMES, NAMES

MULTIPLE = 16  # z is as wide as a multiple of it
#: D: the width of z and of a row of W+.
WIDTH = -(-(len(NAMES) + 1) // MULTIPLE) * MULTIPLE
#: Which factors belong to the person alone.
IDENTITY = [i for i, name in enumerate(NAMES) if name in set(IDENTITY_NAMES)]


def masks() -> Tensor:
    """(3, D) of 0 and 1: the entries of z that a group owns; the constant belongs to all."""
    made = torch.zeros(len(GROUPS), WIDTH)
    for mask, part in zip(made, GROUPS.values(), strict=True):
        mask[part] = 1
        mask[-1] = 1
    return made


def to_z(factors: np.ndarray | Tensor) -> Tensor:
    """Factors (..., F) -> z (..., D)."""
    if not isinstance(factors, Tensor):
        factors = torch.from_numpy(np.asarray(factors, dtype=np.float32))
    z = factors.new_zeros(*factors.shape[:-1], WIDTH, dtype=torch.float32)
    z[..., : factors.shape[-1]] = factors
    z[..., -1] = 1
    return z
