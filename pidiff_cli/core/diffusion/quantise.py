"""Frozen linear layers in 4 bits (NF4 of QLoRA, by bitsandbytes)."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from pidiff_cli.core.identity.adapter import PROJECTOR
from pidiff_cli.core.identity.attention import BRANCH
from pidiff_cli.errors import MissingWeightError


def quantise(unet: nn.Module, dtype: torch.dtype) -> int:
    """Put 4-bit layers in the place of a UNet's frozen linear ones; returns how many.

    The identity branch and the token projector stay as they are: the adapter sits on them. The
    weights are packed when the UNet moves to its device.

    Args:
        dtype: that the layers compute in.
    Raises:
        MissingWeightError: bitsandbytes does not load.
    """
    try:
        from bitsandbytes.nn import Linear4bit, Params4bit
    except ImportError as error:
        raise MissingWeightError(
            "bitsandbytes does not load on this machine.", "Use quantise: never in the recipe."
        ) from error
    found = [
        (name, module)
        for name, module in unet.named_modules()
        if type(module) is nn.Linear
        and name.rsplit(".", 1)[-1] not in BRANCH
        and not name.startswith(PROJECTOR)
    ]
    for name, module in found:
        small = cast(Any, Linear4bit)(
            module.in_features, module.out_features, bias=module.bias is not None,
            compute_dtype=dtype, quant_type="nf4", device="meta",
        )  # fmt: skip
        small.weight = cast(Any, Params4bit)(
            module.weight.data, requires_grad=False, quant_type="nf4", module=small
        )
        small.bias = module.bias
        parent, _, last = name.rpartition(".")
        setattr(unet.get_submodule(parent), last, small)
    return len(found)
