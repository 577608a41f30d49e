"""What the rows of one call of a UNet share is computed once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from pidiff_cli.core.identity.cached import CachedAttention


class SharedPrefix:
    """Lets a UNet take latents (B, C, h, w) for ``cached.rows`` = R·B rows of text.

    Unconditional and conditional rows see the same latents at the same time and differ in their
    text alone: until the first layer that reads text they are equal, and that part runs for one.
    Or latents (n·B, C, h, w), where it is said which of the n a kind of rows sees.

    The rows come out in the order of the text: B of the first kind, B of the second, and so on.

    Attributes:
        possible: rows differ in text alone, and text enters on the way down.
    """

    def __init__(self, unet: nn.Module, cached: CachedAttention) -> None:
        first = next(name for name, _ in unet.named_modules() if name.endswith("attn2"))
        self._net, self._cached = cast(Any, unet), cached
        self._reader = unet.get_submodule(first.rsplit(".transformer_blocks", 1)[0])
        self._attn1 = unet.get_submodule(first.removesuffix("2") + "1")
        # On SDXL rows differ from the first layer on: by their pooled text.
        more = (getattr(unet, part, None) for part in ("add_embedding", "class_embedding"))
        self.possible = first.startswith("down_blocks.") and all(part is None for part in more)

    @contextmanager
    def on(self, seen: tuple[int, ...] = (), last: bool = False) -> Iterator[None]:
        """For the calls inside.

        Args:
            seen: of each kind of rows, which latents; all see the first where nothing is said.
            last: rows of the last kind have other weights from the first attention on.
        """
        count = self._cached.pictures
        seen = seen or (0,) * (self._cached.rows // count)
        # What the first self-attention tells apart: latents and weights.
        kinds = [(which, last and k == len(seen) - 1) for k, which in enumerate(seen)]
        alike = list(dict.fromkeys(kinds))
        one_of_each = tuple(kinds.index(kind) for kind in alike)
        as_told = tuple(alike.index(kind) for kind in kinds)

        def spread(x: Tensor) -> Tensor:
            return pick_kinds(x, seen, count)

        def skips(_: nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            kept = given["res_hidden_states_tuple"]
            kept = tuple(x if len(x) == len(seen) * count else spread(x) for x in kept)
            return args, {**given, "res_hidden_states_tuple": kept}

        hooks = [
            self._net.time_embedding.register_forward_hook(lambda _, __, out: out[:1]),
            self._reader.register_forward_pre_hook(lambda _, args: (spread(args[0]), *args[1:])),
            self._attn1.register_forward_pre_hook(
                lambda _, args: (pick_kinds(args[0], one_of_each, count), *args[1:])
            ),
            self._attn1.register_forward_hook(lambda _, __, out: pick_kinds(out, as_told, count)),
        ]
        for block in self._net.up_blocks:
            hooks.append(block.register_forward_pre_hook(skips, with_kwargs=True))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def pick_kinds(x: Tensor, kinds: tuple[int, ...], count: int) -> Tensor:
    """Rows (n·B, …) of n kinds to those of the kinds asked for, in that order; B is ``count``."""
    if kinds == tuple(range(len(x) // count)):
        return x
    if not any(kinds):
        return x[:count].repeat(len(kinds), *[1] * (x.ndim - 1))
    parts = x.split(count)
    return torch.cat([parts[kind] for kind in kinds])
