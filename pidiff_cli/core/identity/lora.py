"""The second part of an identity: LoRA on the base's own attention, under PEFT
(docs/method.md, section 5.2). It is off but for the calls that ask for it.

ΔW = (α / r) B A on q, k, v and the output of self- and cross-attention. While it learns PEFT's
layers compute it; while pictures are drawn W + λ ΔW lies beside W, and of each row of a call it is
said which of the two it takes, so that a picture with it costs what one without it does.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from pidiff_cli.core.identity.adapter import BLOCKS
from pidiff_cli.core.identity.lora_files import LoraLayer, LoraWeights, read_peft, write_peft
from pidiff_cli.core.identity.two_weights import TwoWeights
from pidiff_cli.errors import InputError

NAME = "person"  # PEFT's name of the adapter; no module of a UNet is called so
LAYERS = {
    "all": r"attn[12]\.to_(q|k|v|out\.0)",
    "cross": r"attn2\.to_(q|k|v|out\.0)",
    "kv": r"attn[12]\.to_(k|v)",
    "out": r"attn[12]\.to_(v|out\.0)",
}


class PersonLora:
    """The LoRA layers of one UNet, switched together.

    Attributes:
        unet: that has them. layers: PEFT's, by module path.
        copies: there is room for W + λ ΔW beside W, a third of XL's UNet; PEFT's layers draw
            where there is not.
    """

    def __init__(self, unet: nn.Module) -> None:
        self.unet, self.copies = unet, True
        self.layers = lora_layers(unet)
        self._fused: list[_Fused] = []
        self._mixed: list[Any] = []  # hooks of PEFT's layers, while rows are not alike
        self._learns = any(p.requires_grad for p in self.parameters())
        self.switch(0.0)

    def parameters(self) -> list[nn.Parameter]:
        """A and B of every layer, in a stable order."""
        parts = [(one.lora_A[NAME], one.lora_B[NAME]) for one in self.layers.values()]
        return [part.weight for pair in parts for part in pair]

    def switch(self, scale: float, last: int | None = None) -> None:
        """Take W + scale · ΔW in what is computed from now on; 0 is W itself, bit for bit.

        Args:
            last: for the last so many rows of a call alone, W for those before; None: for all.
        """
        for part in self._fused:
            part.take(scale, last)
        if self._fused:
            return
        for hook in self._mixed:
            hook.remove()
        self._mixed = []
        for layer in self.layers.values():
            layer.set_adapter([NAME] if scale else [])
            if scale:
                layer.set_scale(NAME, scale)
            if scale and last is not None:
                hook = partial(_name_rows, last)
                self._mixed.append(layer.register_forward_pre_hook(hook, with_kwargs=True))
        for parameter in self.parameters():  # PEFT ties learning to being switched on
            parameter.requires_grad_(self._learns)

    def agrees(self, weights: LoraWeights) -> bool:
        """Whether another LoRA is on the same layers, of the same ranks and alphas."""
        if weights.layers.keys() != self.layers.keys():
            return False
        return all(
            (one.r[NAME], float(one.lora_alpha[NAME])) == (given.rank, given.alpha)
            for one, given in zip(self.layers.values(), _by(self.layers, weights), strict=True)
        )

    @torch.no_grad()
    def take(self, weights: LoraWeights) -> None:
        """Become another LoRA, one that ``agrees``: its A and B in these layers, off."""
        for one, given in zip(self.layers.values(), _by(self.layers, weights), strict=True):
            one.lora_A[NAME].weight.copy_(given.down)
            one.lora_B[NAME].weight.copy_(given.up)
        for part in self._fused:
            part.forget()
        self.switch(0.0)

    @contextmanager
    def fused(self) -> Iterator[None]:
        """W + λ ΔW lies beside W inside: faster, and for a UNet that learns only for a while."""
        if self._fused or not (self.fusible and self.copies):
            yield
            return
        self.fuse()
        try:
            yield
        finally:
            for part in self._fused:
                part.undo()
            self._fused = []
            self.switch(0.0)

    @property
    def fusible(self) -> bool:
        """Whether the layers' weights are plain numbers; those in 4 bits are not."""
        return all(type(one.get_base_layer()) is nn.Linear for one in self.layers.values())

    @property
    def copied_bytes(self) -> int:
        """What W + λ ΔW of all layers takes."""
        weights = [one.get_base_layer().weight for one in self.layers.values()]
        return sum(weight.numel() * weight.element_size() for weight in weights)

    def fuse(self) -> None:
        """``fused`` for good."""
        for layer in self.layers.values():
            layer.set_scale(NAME, 1.0)
        self._fused = [_Fused(self.unet, path, one) for path, one in self.layers.items()]


class _Fused:
    """One layer of which W and W + λ ΔW are kept, in the place of PEFT's."""

    def __init__(self, unet: nn.Module, path: str, layer: Any) -> None:
        parent, _, self._name = path.rpartition(".")
        self._parent, self._layer, self._scale = unet.get_submodule(parent), layer, 0.0
        self._linear = TwoWeights(cast(nn.Linear, layer.get_base_layer()))
        setattr(self._parent, self._name, self._linear)

    @torch.no_grad()
    def take(self, scale: float, last: int | None) -> None:
        if scale and scale != self._scale:
            a, b = self._layer.lora_A[NAME].weight, self._layer.lora_B[NAME].weight
            more = (b.float() @ a.float()) * (scale * self._layer.scaling[NAME])
            own = self._linear.weight
            self._linear.other, self._scale = (own.float() + more).to(own.dtype), scale
        self._linear.last = (sys.maxsize if last is None else last) if scale else 0

    def forget(self) -> None:
        """W + λ ΔW is of weights that have changed: made anew when it is asked for."""
        self._scale = 0.0

    def undo(self) -> None:
        setattr(self._parent, self._name, self._layer)


def _by(layers: dict[str, Any], weights: LoraWeights) -> list[LoraLayer]:
    """The other LoRA's layers in the order of these."""
    return [weights.layers[path] for path in layers]


def _name_rows(last: int, _: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Tell PEFT which of a call's rows are with the LoRA."""
    before = len(args[0]) - last
    names = ["__base__"] * before + [NAME] * last
    return args, {**given, "adapter_names": names} if before > 0 else given


def add_lora(
    unet: nn.Module, rank: int, alpha: float, layers: str = "all", blocks: str = "all"
) -> PersonLora:
    """Put a fresh LoRA that learns on a UNet's own attention; the rest of it stays as it is.

    A starts random (torch's generator), B at zero. The branch's adapter, if any, comes first.

    Args:
        layers: which projections (``LAYERS``). blocks: which part of the UNet (``BLOCKS``).
    """
    from peft import LoraConfig

    targets = BLOCKS[blocks] + LAYERS[layers]
    config = LoraConfig(r=rank, lora_alpha=cast(Any, alpha), target_modules=targets)
    return _inject(unet, config, learns=True)


def save_lora(lora: PersonLora, folder: Path, half: bool = False) -> None:
    """Write its PEFT folder; ``half``: in fp16."""

    def kept(layer: Any) -> LoraLayer:
        parts = [getattr(layer, part)[NAME].weight.detach().cpu() for part in ("lora_A", "lora_B")]
        down, up = (part.half() if half else part for part in parts)
        return LoraLayer(down, up, float(layer.lora_alpha[NAME]))

    write_peft(LoraWeights({path: kept(one) for path, one in lora.layers.items()}), folder)


def load_lora(unet: nn.Module, folder: Path, learns: bool = False) -> PersonLora:
    """Put a saved LoRA on a UNet.

    Raises:
        InputError: the directory is damaged or belongs to another base.
    """
    from peft import LoraConfig

    try:
        weights = read_peft(folder)
        _check_fits(weights, unet)
    except InputError as error:
        raise InputError(
            f"The LoRA in {folder} does not load: {error.message}",
            "It is damaged or of another base; tune again with --restart.",
        ) from error
    lora = _inject(unet, LoraConfig(**weights.config()), learns)
    with torch.no_grad():
        for path, layer in lora.layers.items():
            layer.lora_A[NAME].weight.copy_(weights.layers[path].down)
            layer.lora_B[NAME].weight.copy_(weights.layers[path].up)
    return lora


def _check_fits(weights: LoraWeights, unet: nn.Module) -> None:
    """Raise InputError unless the UNet has all the layers, of these sizes."""
    there = dict(unet.named_modules())
    for path, layer in weights.layers.items():
        own = there.get(path)
        shape = (getattr(own, "out_features", 0), getattr(own, "in_features", 0))
        if shape != layer.shape:
            raise InputError(f"{path} is {layer.shape} and here {shape}.")


def _inject(unet: nn.Module, config: Any, learns: bool) -> PersonLora:
    from peft import inject_adapter_in_model

    asked = {name: p.requires_grad for name, p in unet.named_parameters()}
    before = getattr(unet, "peft_config", {})
    active = [(module, module.active_adapters) for module in _adapted(unet)]
    with warnings.catch_warnings():  # of a second adapter: it is meant
        warnings.simplefilter("ignore")
        inject_adapter_in_model(config, unet, adapter_name=NAME)
    cast(Any, unet).peft_config = {**before, **cast(Any, unet).peft_config}
    for module, names in active:  # PEFT leaves only the newest adapter on
        module.set_adapter(names)
    for name, parameter in unet.named_parameters():
        parameter.requires_grad = asked.get(name, asked.get(_bare(name), False))
    for layer in lora_layers(unet).values():
        for part in (layer.lora_A[NAME], layer.lora_B[NAME]):
            part.float().requires_grad_(learns)  # learns in small steps
    return PersonLora(unet)


def _bare(name: str) -> str:
    return name.replace(".base_layer.", ".")


def _adapted(unet: nn.Module) -> list[Any]:
    """Every layer that PEFT has wrapped."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    kinds = (BaseTunerLayer, AuxiliaryTrainingWrapper)
    return [module for module in unet.modules() if isinstance(module, kinds)]


def lora_layers(unet: nn.Module) -> dict[str, Any]:
    """The layers that carry this LoRA, by module path."""
    return {
        path: module
        for path, module in unet.named_modules()
        if NAME in getattr(module, "lora_A", {})
    }
