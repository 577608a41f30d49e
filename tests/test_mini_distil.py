"""Progressive distillation: the arithmetic of the steps."""

from __future__ import annotations

import pytest
import torch

from pidiff_cli.mini.train.distil import aim, ddim, grid, halvings


def test_the_aim_is_the_v_that_lands_there() -> None:
    g = torch.Generator().manual_seed(0)
    x, v = (torch.randn(3, 2, 4, 4, generator=g) for _ in range(2))
    now, then = torch.tensor([0.2, 0.5, 0.9]), torch.tensor([0.6, 0.7, 1.0])
    landed = ddim(x, v, now, then)
    torch.testing.assert_close(aim(x, landed, now, then), v, rtol=1e-3, atol=1e-3)


def test_a_perfect_teacher_asks_for_its_own_v() -> None:
    """Where v comes of one clean picture, two steps land where one does."""
    g = torch.Generator().manual_seed(1)
    clean, noise = (torch.randn(2, 2, 4, 4, generator=g) for _ in range(2))
    levels = [torch.full((2,), value) for value in (0.3, 0.6, 0.8)]

    def v_at(alpha: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        a = alpha.view(-1, 1, 1, 1)
        return a.sqrt() * (x - a.sqrt() * clean) / (1 - a).sqrt() - (1 - a).sqrt() * clean

    start, middle, end = levels
    x = 0.3**0.5 * clean + 0.7**0.5 * noise
    half = ddim(x, v_at(start, x), start, middle)
    landed = ddim(half, v_at(middle, half), middle, end)
    torch.testing.assert_close(aim(x, landed, start, end), v_at(start, x), rtol=1e-4, atol=1e-4)


def test_every_second_point_of_a_fine_grid_is_a_coarse_one() -> None:
    alphas = torch.linspace(0.99, 0.01, 1000)
    fine, levels = grid(alphas, 16)
    coarse, _ = grid(alphas, 8)
    assert fine[1::2].tolist() == coarse.tolist() and coarse[-1] == 999
    assert levels[0] == 1 and len(levels) == 17 and (levels.diff() < 0).all()


def test_rounds_halve_the_steps() -> None:
    assert halvings(32, 8) == [16, 8] and halvings(16, 8) == [8]
    for first, last in ((8, 8), (24, 8)):
        with pytest.raises(SystemExit):
            halvings(first, last)
