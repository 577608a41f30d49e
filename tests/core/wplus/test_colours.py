"""Colours of a face: read, and compared with those of its code drawn again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.wplus.colours import colours_of, out_of_distribution

SIDE = 128


def _face(skin: tuple[float, ...], hair: tuple[float, ...]) -> Tensor:
    """A head on white (3, S, S) in [-1, 1]: hair down to the brow, skin below."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    head = ((x - 64) / 44) ** 2 + ((y - 66) / 58) ** 2 < 1
    picture = torch.ones(3, SIDE, SIDE)
    for channel in range(3):
        own = torch.where(y < 30, hair[channel], skin[channel])
        picture[channel] = torch.where(head, own, 1.0)
    return picture * 2 - 1


def test_the_colours_of_a_face() -> None:
    found = colours_of(_face((0.8, 0.6, 0.5), (0.05, 0.05, 0.05)))
    assert found.skin[0] == pytest.approx(67, abs=3) and found.skin[1] > 10
    assert found.hair[0] < 8
    blank = colours_of(torch.ones(3, SIDE, SIDE))
    assert np.isnan(blank.skin).all() and blank.distance(found) == 0


def test_a_person_is_far_off_where_most_of_the_photos_are() -> None:
    drawn = _face((0.8, 0.6, 0.5), (0.5, 0.4, 0.3))
    far = _face((0.7, 0.5, 0.4), (0.0, 0.0, 0.0))
    assert colours_of(far).distance(colours_of(drawn)) > 28
    assert out_of_distribution([far, far, far], [drawn] * 3)
    assert not out_of_distribution([drawn, far, drawn], [drawn] * 3), (
        "one photo in odd light is not enough"
    )


def test_a_face_without_a_head_is_not_far_off() -> None:
    blank = torch.ones(3, SIDE, SIDE)
    assert not out_of_distribution([blank], [_face((0.8, 0.6, 0.5), (0.5, 0.4, 0.3))])
