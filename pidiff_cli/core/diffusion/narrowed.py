"""A float32 UNet whose frozen weights lie in half precision while it learns.

Autocast keeps no cast of a weight that has no gradient: it would cast every weight at every pass.
Casting them once gives the same numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Narrowed:
    """``with narrowed:`` frozen linears and convolutions are of autocast's dtype.

    A backward pass must lie in the same block as its forward pass. What learns, the token
    projection (it runs outside autocast) and the norms stay as they are.

    Args:
        unet: float32. dtype: autocast's; None makes the block do nothing.
    """

    def __init__(self, unet: nn.Module, dtype: torch.dtype | None) -> None:
        self._pairs: list[tuple[nn.Parameter, Tensor, Tensor]] = []
        if dtype is None or next(unet.parameters()).dtype != torch.float32:
            return
        for name, module in unet.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d) and "identity_" not in name:
                self._pairs += [
                    (parameter, parameter.data, parameter.data.to(dtype))
                    for parameter in module.parameters(recurse=False)
                    if not parameter.requires_grad
                ]

    def __enter__(self) -> None:
        for parameter, _, narrow in self._pairs:
            parameter.data = narrow

    def __exit__(self, *error: object) -> None:
        for parameter, wide, _ in self._pairs:
            parameter.data = wide
