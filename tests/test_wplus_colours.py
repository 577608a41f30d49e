"""Colours of a photo that the encoder missed: read, compared, and moved to along the factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.wplus.colours import FACTORS, colours_of, match_colours

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


class Painter:
    """Stands for the generator: the code's first numbers are skin level and hair colour."""

    def synthesise(self, codes: Tensor) -> Tensor:
        faces = []
        for level, *hair in codes[:, 0, :4].tolist():
            tint = tuple(min(max(0.5 + 0.35 * v, 0.0), 0.93) for v in hair)
            skin = tuple(v - 0.12 * level for v in (0.80, 0.60, 0.50))
            faces.append(_face(skin, tint))
        return torch.stack(faces)


@pytest.fixture
def painter() -> Any:
    return Painter()


def _directions() -> Tensor:
    directions = torch.zeros(len(FACTORS), 2, 6)
    directions[range(4), 0, range(4)] = 1
    return directions


def test_the_colours_of_a_face() -> None:
    found = colours_of(_face((0.8, 0.6, 0.5), (0.05, 0.05, 0.05)))
    assert found.skin[0] == pytest.approx(67, abs=3) and found.skin[1] > 10
    assert found.hair[0] < 8
    blank = colours_of(torch.ones(3, SIDE, SIDE))
    assert np.isnan(blank.skin).all() and blank.distance(found) == 0


def test_black_hair_that_came_out_fair_becomes_black(painter: Any) -> None:
    code = torch.zeros(1, 2, 6)
    code[0, 0, 1:4] = torch.tensor([0.5, 0.2, -0.4])
    photo = _face((0.70, 0.50, 0.42), (0.06, 0.05, 0.05))
    moved = match_colours(painter, _directions(), code, photo[None], share=1.0)
    before, after = (colours_of(painter.synthesise(c)[0]) for c in (code, moved))
    target = colours_of(photo)
    assert after.distance(target) < 0.3 * before.distance(target)
    half = match_colours(painter, _directions(), code, photo[None], share=0.5)
    assert torch.allclose(half - code, 0.5 * (moved - code))
    assert (moved - code)[0, 0, :4].abs().max() <= 1.5 and not (moved - code)[0, 1].any()


def test_a_person_that_lies_near_stays_bit_for_bit(painter: Any) -> None:
    code = torch.zeros(3, 2, 6)
    near, far = painter.synthesise(code)[0], _face((0.7, 0.5, 0.4), (0.0, 0.0, 0.0))
    odd, dark = torch.stack([near, far, near]), far.expand(3, -1, -1, -1)
    one_of_three = match_colours(painter, _directions(), code, odd, share=0.4)
    assert torch.equal(one_of_three, code), "one photo in odd light moves nobody"
    all_three = match_colours(painter, _directions(), code, dark, share=0.4)
    assert all_three.shape == code.shape and not torch.equal(all_three, code)
    assert torch.equal(match_colours(painter, _directions(), code, dark), code), "off by default"


def test_a_face_without_a_head_changes_nothing(painter: Any) -> None:
    code = torch.zeros(1, 2, 6)
    blank = torch.ones(1, 3, SIDE, SIDE)
    assert torch.equal(match_colours(painter, _directions(), code, blank, share=1.0), code)
