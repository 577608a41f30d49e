"""Where mini's training lets the identity change the picture."""

from __future__ import annotations

import torch

from pidiff_cli.mini.train.diffusion import AROUND, either_head


def _head(rows: slice, columns: slice, side: int) -> torch.Tensor:
    head = torch.zeros(1, 1, side, side)
    head[..., rows, columns] = 1
    return head


def test_the_base_s_own_head_is_free_as_well() -> None:
    """A bald person stands where the base would draw long hair: neither is held."""
    head = _head(slice(4, 8), slice(6, 10), 16)
    hair = _head(slice(2, 6), slice(1, 2), 8)  # the map of a coarser layer
    free = either_head(head, [hair])
    assert free[0, 0, 5, 7] == 1
    assert free[0, 0, 4 - AROUND, 7] == 1 and free[0, 0, 8 + AROUND, 7] == 0
    assert free[0, 0, 8, 2] > 0.5  # where the base draws hair
    assert free[0, 0, 14, 14] == 0


def test_without_maps_only_the_true_head_is_free() -> None:
    """Every layer counts for its share."""
    head = _head(slice(4, 8), slice(6, 10), 16)
    assert either_head(head, []).sum() == (4 + 2 * AROUND) ** 2
    half = either_head(head, [torch.ones(1, 1, 8, 8), torch.zeros(1, 1, 16, 16)])
    assert half[0, 0, 14, 14] == 0.5
