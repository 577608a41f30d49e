"""The start of the UNet computed once for all rows of a guided step.

Unconditional and conditional rows see the same latents at the same time; they differ in their text
alone. Until the first layer that reads text they are equal, so that part runs for one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn

from pidiff_cli.core.identity.attention import cross_attentions
from pidiff_cli.core.identity.still import Still

SMALL = 1024  # latent positions; fewer are not worth it


def can_share(unet: nn.Module, x: Tensor) -> bool:
    """Whether it pays for latents x (B, C, h, w), and rows differ in text alone (not on SDXL).

    Small latents are left: torch convolves one small picture by another, slower way than two.
    """
    first = cross_attentions(unet)[0][0]
    embeds_more = any(
        getattr(unet, part, None) is not None for part in ("add_embedding", "class_embedding")
    )
    return x[0, 0].numel() >= SMALL and first.startswith("down_blocks.") and not embeds_more


@contextmanager
def shared_start(unet: nn.Module, still: Still) -> Iterator[None]:
    """Let the UNet take latents (B, C, h, w) for ``still.rows`` = R·B rows of text.

    The rows come out in the order of the text: B of the first kind, B of the second, and so on.
    """
    net = cast(Any, unet)
    first = cross_attentions(unet)[0][0]
    reader = unet.get_submodule(first.rsplit(".transformer_blocks", 1)[0])
    attn1 = unet.get_submodule(first.removesuffix("2") + "1")

    def all_rows(x: Tensor) -> Tensor:
        times = still.rows // len(x)
        return x if times == 1 else x.repeat(times, *[1] * (x.ndim - 1))

    def skips(_: nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        kept = tuple(map(all_rows, given["res_hidden_states_tuple"]))
        return args, {**given, "res_hidden_states_tuple": kept}

    hooks = [
        net.time_embedding.register_forward_hook(lambda _, __, out: out[:1]),
        reader.register_forward_pre_hook(lambda _, args: (all_rows(args[0]), *args[1:])),
        attn1.register_forward_pre_hook(lambda _, args: (args[0][: still.pictures], *args[1:])),
        attn1.register_forward_hook(lambda _, __, out: all_rows(out)),
        *(up.register_forward_pre_hook(skips, with_kwargs=True) for up in net.up_blocks),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
