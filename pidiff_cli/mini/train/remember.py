"""Going on to new things without forgetting the old ones (Li and Hoiem 2016, Learning without
Forgetting).

Pictures of which nothing is new are no longer held to their noise but to what the weights before
predicted of it. That is the mean of what a network of this size can know: with it small batches
have no noise to follow, and the pictures that teach something new are the ones that move weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.mini.train.machine import bf16
from pidiff_cli.mini.world.registry import roles, scenes, styles

if TYPE_CHECKING:
    from pidiff_cli.mini.train.diffusion_data import Batch

#: (noisy latents, t, text states, batch) to v, of the weights before.
Before = Callable[[Tensor, Tensor, Tensor, "Batch"], Tensor]


def known_rows(metas: list[dict[str, Any]]) -> np.ndarray:
    """Which of a bank's pictures (N,) hold no role, scene or style that the narrow world lacks."""
    old = {"role": {*roles()}, "scene": {*scenes()}, "style": {*styles()}}
    return np.asarray([all(meta[fact] in old[fact] for fact in old) for meta in metas], bool)


@torch.no_grad()
def recall(
    before: Before, batch: Batch, text: Tensor, noisy: Tensor, t: Tensor, target: Tensor
) -> Tensor:
    """The target v (B, C, h, w), in the rows of known pictures what the weights before say."""
    rows = torch.nonzero(cast(Tensor, batch.known))[:, 0]
    if not len(rows):
        return target
    with bf16(noisy.device):
        said = before(noisy[rows], t[rows], text[rows], batch.take(rows))
    return target.index_copy(0, rows, said.float())
