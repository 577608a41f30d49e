"""Where mini's training lets the identity change the picture."""

from __future__ import annotations

import torch

from mini.train.diffusion.unet import AROUND, around_head


def test_a_border_around_the_head_is_free_and_the_rest_is_held() -> None:
    """The base's hair may hang beside a bald head; the corners stay the base's."""
    head = torch.zeros(1, 1, 16, 16)
    head[..., 4:8, 6:10] = 1
    free = around_head(head)
    assert free.shape == head.shape
    assert free[0, 0, 4 - AROUND, 6 - AROUND] == 1 and free[0, 0, 7 + AROUND, 9 + AROUND] == 1
    assert free.sum() == (4 + 2 * AROUND) ** 2
    assert free[0, 0, 14, 14] == 0
