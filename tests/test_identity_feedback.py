"""Δw from drawn faces: what the base leaves out of a code is put into it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pidiff_cli.core.identity.feedback import LEAST, settle

SHAPE = (3, 4)


def _code() -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))


def test_a_base_that_draws_half_of_a_code_is_given_more_of_it() -> None:
    code, mean = _code(), torch.zeros(SHAPE)

    def drawn(delta: Tensor, turn: int) -> Tensor:
        return 0.5 * (code + delta).expand(5, *SHAPE)

    found = settle(code, mean, drawn, 6)
    assert len(found.missing) == 6 and found.missing[0] == pytest.approx(0.5)
    assert list(found.missing) == sorted(set(found.missing), reverse=True)  # less in every round
    assert (0.5 * (code + found.delta) - code).norm() < 0.4 * (0.5 * code - code).norm()


def test_a_base_that_draws_the_code_is_left_alone() -> None:
    code = _code()
    found = settle(code, torch.zeros(SHAPE), lambda delta, _: (code + delta).expand(4, *SHAPE), 3)
    assert torch.equal(found.delta, torch.zeros(SHAPE)) and found.missing == (0.0, 0.0, 0.0)


def test_one_odd_face_moves_nothing_and_few_faces_say_nothing() -> None:
    code = _code()
    odd = torch.stack([code + 1e-3 * k for k in range(6)] + [code + 50])
    found = settle(code, torch.zeros(SHAPE), lambda delta, _: odd + delta, 1)
    assert found.delta.abs().max() < 0.01
    few = settle(code, torch.zeros(SHAPE), lambda *_: torch.zeros(LEAST - 1, *SHAPE), 2)
    assert torch.equal(few.delta, torch.zeros(SHAPE)) and few.missing == ()
