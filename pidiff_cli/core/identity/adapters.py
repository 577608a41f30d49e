"""The two parts of an identity as folders: the branch's adapter, and the LoRA beside the base."""

from __future__ import annotations

from collections.abc import Callable
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
    unet: nn.Module, place: Callable[[str], Path], learn: bool = False
) -> tuple[nn.Module, PersonLora | None]:
    """Put the parts of an identity on a base's UNet; ``place``: where one lies, by its name.

    Returns: the branch's PEFT model, or the UNet where there is none; the LoRA, off, or None.

    Raises:
        InputError: one is damaged or belongs to another base.
    """
    model = unet
    if place(BRANCH).is_dir():
        model = load_adapter(unet, place(BRANCH), trainable=learn)
    lora = load_lora(unet, place(LORA), learns=learn) if place(LORA).is_dir() else None
    return model, lora


def swap_adapters(model: nn.Module, lora: PersonLora | None, place: Callable[[str], Path]) -> bool:
    """Put parts of an identity in the place of loaded ones, where they are the same parts of the
    same sizes; False, and nothing changed, where they are not. The LoRA is off afterwards.

    Args:
        model, lora: from ``load_adapters``. place: where a part lies, by its name.

    Raises:
        InputError: the LoRA is damaged.
    """
    there = place(BRANCH).is_dir(), place(LORA).is_dir()
    if there != (is_adapted(model), lora is not None):
        return False
    weights = read_peft(place(LORA)) if lora is not None else None
    if lora is not None and weights is not None and not lora.agrees(weights):
        return False
    if there[0] and not copy_adapter(model, place(BRANCH)):
        return False
    if lora is not None and weights is not None:
        lora.take(weights)
    return True


def is_adapted(model: nn.Module) -> bool:
    """Whether this is the branch's PEFT model, and not the UNet itself."""
    return hasattr(cast(Any, model), "base_model")
