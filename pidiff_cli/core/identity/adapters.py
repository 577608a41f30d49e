"""The two parts of an identity as folders: the branch's adapter, and the LoRA beside the base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from torch import nn

from pidiff_cli.core.identity.adapter import load_adapter, save_adapter
from pidiff_cli.core.identity.lora import PersonLora, load_lora, save_lora

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


def is_adapted(model: nn.Module) -> bool:
    """Whether this is the branch's PEFT model, and not the UNet itself."""
    return hasattr(cast(Any, model), "base_model")
