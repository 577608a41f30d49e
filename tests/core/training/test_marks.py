"""A mark that a head's mask leaves out is taken in where the photos agree on it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pidiff_cli.core.training.marks import WRONG, grown_masks

SIDE = 24


def _photos(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Heads at other places in each photo, 9 wide and 10 high, a neck below, nothing wrong."""
    masks = torch.zeros(count, 1, SIDE, SIDE)
    for n in range(count):
        masks[n, :, 4 + n : 14 + n, 6 - n : 15 - n] = 1
        masks[n, :, 14 + n : 17 + n, 9 - n : 12 - n] = 1
    return torch.zeros_like(masks), masks, torch.arange(count)


def _at(n: int, row: int, column: int) -> tuple[int, int, int, int]:
    return n, 0, 4 + n + row, 6 - n + column


@pytest.mark.parametrize("column", [9, -1])
def test_a_strand_beside_the_head_is_the_person_s(column: int) -> None:
    wrong, masks, photo = _photos(4)
    for n in range(3):  # a hat hides it in the fourth
        wrong[_at(n, 7, column)] = 2 * WRONG
    grown = grown_masks(wrong, masks, photo)
    for n in range(4):
        assert grown[_at(n, 7, column)] == (1 if n < 3 else 0)
    assert int((grown - masks).sum()) == 3


@pytest.mark.parametrize(
    ("row", "column", "shown"),
    [(7, 9, 1), (7, 13, 4), (12, 6, 4)],
    ids=["in one photo", "far from the head", "beside the neck"],
)
def test_what_is_around_the_head_is_not(row: int, column: int, shown: int) -> None:
    wrong, masks, photo = _photos(4)
    for n in range(shown):
        wrong[_at(n, row, column)] = 2 * WRONG
    assert torch.equal(grown_masks(wrong, masks, photo), masks)


def test_one_photo_cannot_tell() -> None:
    wrong, masks, photo = _photos(1)
    wrong[_at(0, 7, 9)] = 2 * WRONG
    assert torch.equal(grown_masks(wrong, masks, photo), masks)
