"""How much memory a training step takes, counted on shapes alone: nothing is computed.

The step of ``tune`` runs on torch's meta device, where tensors have sizes and no contents, and
every storage is counted from its birth to its end. Attention is counted as CUDA's fused kernels
do it: no probabilities are kept. Work space inside kernels (cuDNN's) is not seen.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pidiff_cli.core.identity.adapter import add_adapter, identity_tokens, place_projector
from pidiff_cli.core.identity.attention import attach
from pidiff_cli.core.identity.context import IdentityContext
from pidiff_cli.core.identity.lora import PersonLora, add_lora
from pidiff_cli.core.identity.tokens import WPlusProjector, fresh_projector
from pidiff_cli.core.training.fast_step import free_conv_inputs
from pidiff_cli.core.training.losses import face_loss, locate_loss, preserve_loss
from pidiff_cli.core.training.low_rank import keep_inputs_once
from pidiff_cli.core.training.step import identity_on

BLOCK = 512  # bytes; CUDA's allocator rounds every tensor up to whole blocks
LATENT = 8  # pixels a latent position covers; of every base here


@dataclass(frozen=True)
class Footprint:
    """Bytes of a UNet in training.

    Attributes:
        frozen: weights that stay as they are. trained: the adapters' parameters.
        step: the most that one step holds beside both, gradients included.
    """

    frozen: int
    trained: int
    step: int


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that live at once, of those made while the mode is on.

    Attributes:
        live: bytes now. peak: the most so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation and count the storages it made; views make none."""
        given = {storage._cdata for storage in _storages((args, kwargs))}
        out = func(*args, **(kwargs or {}))
        for storage in _storages(out):
            if storage._cdata not in given and storage._cdata not in self._known:
                self._add(storage)
        return out

    def _add(self, storage: Any) -> None:
        key, size = storage._cdata, -(-storage.nbytes() // BLOCK) * BLOCK
        self._known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


@contextmanager
def counted() -> Iterator[LiveBytes]:
    """Count what the block makes on the meta device; new tensors are made there by default."""
    stock = F.scaled_dot_product_attention
    # By name and not by a torch function mode: those are off while a backward pass runs.
    F.scaled_dot_product_attention = cast(Any, _fused)
    try:
        with torch.device("meta"), LiveBytes() as live:
            yield live
    finally:
        F.scaled_dot_product_attention = stock


@dataclass(frozen=True)
class Learnt:
    """What of an identity learns.

    Attributes:
        rank: of the branch's adapter; 0 is a base without a branch. blocks: where the branch
            learns, as ``add_adapter`` takes them.
        lora_rank: of the LoRA on the base's own attention; 0 is none.
        codes: L and D of the W+ codes.
        projector: makes the token projector; None makes a real base's.
    """

    rank: int = 16
    lora_rank: int = 0
    blocks: str = "all"
    codes: tuple[int, int] = (18, 512)
    projector: Callable[[], WPlusProjector] | None = None

    def make_projector(self, width: int) -> WPlusProjector:
        """The token projector for a base whose text is ``width`` wide."""
        return self.projector() if self.projector else fresh_projector(*self.codes, width)


def step_footprint(
    config: dict[str, Any],
    batch: int,
    size: int,
    checkpointing: bool = False,
    dtype: torch.dtype = torch.bfloat16,
    learnt: Learnt | None = None,
) -> Footprint:
    """Bytes of one step of `tune` with all its losses.

    Args:
        config: of a UNet2DConditionModel. batch: pictures at once. size: their side in px.
        dtype: of the frozen weights. learnt: what learns; the branch by default.
    """
    learnt = learnt or Learnt()
    unet, model, lora = _model(config, dtype, learnt)
    if checkpointing:
        cast(Any, unet).enable_gradient_checkpointing()
        unet.train()
    frozen, trained = _weight_bytes(model)
    with counted() as live:
        codes = learnt.codes if learnt.rank else None
        loss = step_loss(unet, batch, size // LATENT, codes, dtype, lora)
        cast(Any, loss).backward()
        return Footprint(frozen, trained, live.peak)


def weights(config: dict[str, Any], dtype: torch.dtype, learnt: Learnt) -> Footprint:
    """Bytes of the weights alone."""
    return Footprint(*_weight_bytes(_model(config, dtype, learnt)[1]), 0)


def call_peak(module: nn.Module, call: Callable[[], object]) -> int:
    """Bytes that a call without gradient holds at its most, beside the module's weights."""
    module.requires_grad_(False)
    with counted() as live, torch.no_grad():
        call()
        return live.peak


def _model(
    config: dict[str, Any], dtype: torch.dtype, learnt: Learnt
) -> tuple[nn.Module, nn.Module, PersonLora | None]:
    """A UNet on the meta device with what learns, the PEFT model around it or itself, the LoRA."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        unet = cast(nn.Module, UNet2DConditionModel.from_config(config))
        made = learnt.make_projector(int(config["cross_attention_dim"])) if learnt.rank else None
        cast(Any, unet).identity_context = attach(unet, made.out_dim if made else None)
        if made:
            place_projector(unet, made)
        for parameter in unet.requires_grad_(False).parameters():
            parameter.data = parameter.data.to(dtype)
        if made:
            cast(Any, unet).identity_code.float()
        model, lora = unet, None
        if learnt.rank:
            model = add_adapter(unet, learnt.rank, learnt.rank, blocks=learnt.blocks)
        if learnt.lora_rank:
            lora = add_lora(unet, learnt.lora_rank, learnt.lora_rank)
        free_conv_inputs(unet)
        keep_inputs_once(unet)
        return unet, model, lora


def _weight_bytes(model: nn.Module) -> tuple[int, int]:
    sizes = {True: 0, False: 0}
    for parameter in model.parameters():
        sizes[parameter.requires_grad] += parameter.numel() * parameter.element_size()
    return sizes[False], sizes[True]


def step_loss(
    unet: nn.Module,
    batch: int,
    side: int,
    codes: tuple[int, int] | None,
    dtype: torch.dtype,
    lora: PersonLora | None = None,
) -> Tensor:
    """The loss of ``TrainingStep``, on a step that checks the preserve term; of random numbers.

    Args:
        unet: with what learns, and its context as ``identity_context``.
        side: of the latents. codes: L and D of the W+ codes; None on a base without a branch.
        lora: the part on the base's own attention.
    """
    context: IdentityContext = cast(Any, unet).identity_context
    z, more = _inputs(unet, batch, side, dtype)
    target, mask = torch.rand(z.shape), torch.rand(batch, 1, side, side)

    def predict() -> Tensor:
        return cast(Tensor, unet(z, torch.zeros(batch, dtype=torch.long), **more).sample.float())

    context.clear()
    if lora is not None:
        lora.switch(0.0)
    with torch.no_grad():
        own = predict()
    tokens = identity_tokens(unet, torch.rand(batch, *codes, dtype=dtype)) if codes else None
    identity_on(context, tokens, torch.rand(batch, 77), torch.rand(batch))
    if lora is not None:
        lora.switch(1.0)
    predicted, maps = predict(), context.take_maps()
    loss = face_loss(predicted, target, mask, 0.1, torch.rand(batch))
    return loss + preserve_loss(predicted, own, mask) + locate_loss(maps, mask)


def row_footprint(config: dict[str, Any], size: int, dtype: torch.dtype) -> int:
    """Bytes that one row of a call without gradient holds, of pictures of ``size`` px."""
    unet, _, _ = _model(config, dtype, Learnt(rank=0, lora_rank=4))
    cast(Any, unet).identity_context.clear()

    def call() -> object:
        z, more = _inputs(unet, 1, size // LATENT, dtype)
        return unet(z, torch.zeros(1, dtype=torch.long), **more)

    return call_peak(unet, call)


def _inputs(
    unet: nn.Module, batch: int, side: int, dtype: torch.dtype
) -> tuple[Tensor, dict[str, Any]]:
    """Random latents and what else a UNet is called with."""
    config = cast(Any, unet).config
    z = torch.rand(batch, config.in_channels, side, side, dtype=dtype)
    text = torch.rand(batch, 77, config.cross_attention_dim, dtype=dtype)
    more: dict[str, Any] = {"encoder_hidden_states": text}
    if config.addition_embed_type == "text_time":
        width = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        pooled = torch.rand(batch, width, dtype=dtype)
        ids = torch.rand(batch, 6, dtype=dtype)
        more["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": ids}
    return z, more


def _storages(values: Any) -> list[Any]:
    return [v.untyped_storage() for v in tree_leaves(values) if isinstance(v, Tensor)]


def _fused(q: Tensor, k: Tensor, v: Tensor, **_: object) -> Tensor:
    """Attention as one kernel that keeps q, k, v, its result and a number a query."""
    return cast(Tensor, cast(Any, _Fused).apply(q, k, v))


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        out = q.new_empty(*q.shape[:-1], v.shape[-1])
        sums = q.new_empty(q.shape[:-1], dtype=torch.float32)
        ctx.save_for_backward(q, k, v, out, sums)
        return out

    @staticmethod
    def backward(ctx: Any, *_: Any) -> tuple[Tensor, ...]:
        return tuple(torch.empty_like(x) for x in ctx.saved_tensors[:3])
