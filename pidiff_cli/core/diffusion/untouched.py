"""A loaded base that stays as it was loaded, for one person after another.

What a person's work changes is the networks' structure: PEFT's layers, processors, hooks, classes.
Each person gets a copy of the structure over the same weights, so there is nothing to undo.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from torch import Tensor, nn

from pidiff_cli.core.diffusion.base import Base


class Untouched:
    """The base that is kept, and copies of it.

    Args:
        base: as loaded; it must not be worked on afterwards.
    """

    def __init__(self, base: Base) -> None:
        self._base = base
        self._versions = [tensor._version for tensor in _tensors(base)]

    @property
    def intact(self) -> bool:
        """Whether no weight was written to since (torch counts the writes to a memory)."""
        return self._versions == [tensor._version for tensor in _tensors(self._base)]

    def copy(self) -> Base:
        """The base with a structure of its own over the same weights; what a copy does to its
        structure, gradients or devices no other one sees."""
        own = {id(tensor): _beside(tensor) for tensor in _tensors(self._base)}
        shared = (self._base.tokenizer, self._base.second_tokenizer)
        return copy.deepcopy(self._base, {**own, **{id(one): one for one in shared if one}})


def _tensors(base: Base) -> Iterator[Tensor]:
    """Every weight and buffer, in a stable order."""
    for part in (base.unet, base.vae, base.text_encoder, base.second_encoder):
        if part is not None:
            yield from part.parameters()
            yield from part.buffers()


def _beside(tensor: Tensor) -> Tensor:
    """Another handle on the same memory; weights in 4 bits keep theirs, with what unpacks them."""
    if type(tensor) is nn.Parameter:
        return nn.Parameter(tensor.detach(), requires_grad=False)
    return tensor.detach() if type(tensor) is Tensor else tensor
