"""The two parts of an identity as folders: the branch's adapter, and the LoRA beside the base."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from torch import nn

from pidiff_cli.core.identity.adapter import copy_adapter, load_adapter, save_adapter
from pidiff_cli.core.identity.lora import PersonLora, load_lora, save_lora
from pidiff_cli.core.identity.lora_files import read_peft

BRANCH, LORA = "adapter", "lora"
"""The folders' names, side by side; either may be missing."""


def save_adapters(
    model: nn.Module, lora: PersonLora | None, folder: Path, half: bool = False
) -> None:
    """Write the parts that are there into an empty folder; ``half``: in fp16.

    ``model``: the branch's PEFT model, or the UNet where the branch has no adapter.
    """
    if is_adapted(model):
        save_adapter(model, folder / BRANCH, half)
    if lora is not None:
        save_lora(lora, folder / LORA, half)


def load_adapters(
    unet: nn.Module, folder: Path, learn: bool = False
) -> tuple[nn.Module, PersonLora | None]:
    """Put the parts that lie in a folder on a base's UNet.

    Returns: the branch's PEFT model, or the UNet where there is none; the LoRA, off, or None.

    Raises:
        InputError: one is damaged or belongs to another base.
    """
    model = unet
    if (folder / BRANCH).is_dir():
        model = load_adapter(unet, folder / BRANCH, trainable=learn)
    lora = load_lora(unet, folder / LORA, learns=learn) if (folder / LORA).is_dir() else None
    return model, lora


def swap_adapters(model: nn.Module, lora: PersonLora | None, folder: Path) -> bool:
    """Put the parts that lie in a folder in the place of loaded ones, where they are the same parts
    of the same sizes; False, and nothing changed, where they are not. The LoRA is off afterwards.

    Args:
        model, lora: from ``load_adapters``.

    Raises:
        InputError: the LoRA is damaged.
    """
    there = (folder / BRANCH).is_dir(), (folder / LORA).is_dir()
    if there != (is_adapted(model), lora is not None):
        return False
    weights = read_peft(folder / LORA) if lora is not None else None
    if lora is not None and weights is not None and not lora.agrees(weights):
        return False
    if there[0] and not copy_adapter(model, folder / BRANCH):
        return False
    if lora is not None and weights is not None:
        lora.take(weights)
    return True


def is_adapted(model: nn.Module) -> bool:
    """Whether this is the branch's PEFT model, and not the UNet itself."""
    return hasattr(cast(Any, model), "base_model")
