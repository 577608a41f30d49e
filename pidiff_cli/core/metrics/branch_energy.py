"""How much the identity branch adds, and where: |λ M f_id|² at every position of every layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pidiff_cli.core.diffusion.prompts import EncodedPrompt, subjects, text_states
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.attention import cross_attentions
from pidiff_cli.core.images import to_tensor
from pidiff_cli.core.training.schedule import NoiseSchedule
from pidiff_cli.core.training.step import identity_on

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

TIMES = (0.25, 0.5, 0.75)  # shares of the schedule at which the branch is watched


@torch.no_grad()
def branch_energy(base: Base, prompt: EncodedPrompt, w: Tensor, image: np.ndarray) -> np.ndarray:
    """Where the branch acts in a picture that was drawn: its energy, summed over layers.

    The picture is noised again to TIMES and passed through the UNet once with the identity on,
    λ = 1; how it was sampled does not matter.

    Args:
        base: with the person's adapter on it. prompt: the picture's own.
        w: W+ code (L, D) before Δw. image: (H, W, 3) uint8.
    Returns: (h, w) float32 ≥ 0 at the latents' resolution.
    """
    schedule = NoiseSchedule.of(base)
    z = base.encode(to_tensor(image)).float()  # (1, C, h, w)
    t = torch.tensor([round(s * (len(schedule.alphas) - 1)) for s in TIMES], device=z.device)
    noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(0)).to(z)
    x = schedule.noisy(z, noise, t).to(base.dtype)  # (3, C, h, w)
    text = text_states(base, [prompt] * len(TIMES))
    tokens = identity_tokens(base.unet, w.to(base.device, base.dtype)[None])
    base.context.clear()
    identity_on(base.context, tokens.expand(len(TIMES), -1, -1), subjects([prompt], base.device))
    base.context.subject = cast(Tensor, base.context.subject).expand(len(TIMES), -1)
    try:
        with watched(base.unet) as added:
            added_conditions = text.added(*image.shape[:2])
            unet = cast(Any, base.unet)
            unet(x, t, encoder_hidden_states=text.tokens, **added_conditions)
    finally:
        base.context.clear()
    return spread(added, z.shape[-2], z.shape[-1])


@contextmanager
def watched(unet: nn.Module) -> Iterator[list[Tensor]]:
    """Collects what each cross-attention's identity branch adds, (B, T, d), while it is open.

    Q† reads f' and the output projection reads f'' = f' + λ M f_id, so their inputs' difference is
    what the branch added, exactly. A pass without identity calls no Q† and adds nothing.
    """
    added: list[Tensor] = []
    handles = []
    for _, attn in cross_attentions(unet):
        seen: dict[str, Tensor] = {}

        def query(_: nn.Module, given: tuple[Any, ...], seen: dict[str, Tensor] = seen) -> None:
            seen["f"] = given[0]

        def out(_: nn.Module, given: tuple[Any, ...], seen: dict[str, Tensor] = seen) -> None:
            if "f" in seen:
                added.append(given[0] - seen.pop("f"))

        layer = cast(Any, attn)
        handles.append(layer.to_q_id.register_forward_pre_hook(query))
        handles.append(layer.to_out[0].register_forward_pre_hook(out))
    try:
        yield added
    finally:
        for handle in handles:
            handle.remove()


def spread(added: list[Tensor], height: int, width: int) -> np.ndarray:
    """Energy (height, width) float32 of layers' additions (B, T, d), summed over the batch.

    A coarse layer's energy is spread evenly over each of its cells, so every layer keeps its sum.
    """
    total = torch.zeros(height, width)
    for layer in added:
        energy = layer.float().square().sum((0, 2)).cpu()  # (T,)
        rows = round((len(energy) * height / width) ** 0.5)
        grid = energy.view(1, 1, rows, -1)
        cells = height * width / len(energy)
        total += F.interpolate(grid, (height, width), mode="nearest")[0, 0] / cells
    return total.numpy()
