"""What the rows of one call of a UNet share is computed once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn

from pidiff_cli.core.identity.cached import CachedAttention


class SharedPrefix:
    """Lets a UNet take latents (B, C, h, w) for ``cached.rows`` = R·B rows of text.

    Unconditional and conditional rows see the same latents at the same time and differ in their
    text alone: until the first layer that reads text they are equal, and that part runs for one.

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

    def _all_rows(self, x: Tensor) -> Tensor:
        times = self._cached.rows // len(x)
        return x if times == 1 else x.repeat(times, *[1] * (x.ndim - 1))

    def _skips(self, _: nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        kept = tuple(map(self._all_rows, given["res_hidden_states_tuple"]))
        return args, {**given, "res_hidden_states_tuple": kept}

    @contextmanager
    def on(self) -> Iterator[None]:
        """For the calls inside."""
        rows, some = self._all_rows, self._cached.pictures
        hooks = [
            self._net.time_embedding.register_forward_hook(lambda _, __, out: out[:1]),
            self._reader.register_forward_pre_hook(lambda _, args: (rows(args[0]), *args[1:])),
            self._attn1.register_forward_pre_hook(lambda _, args: (args[0][:some], *args[1:])),
            self._attn1.register_forward_hook(lambda _, __, out: rows(out)),
        ]
        for block in self._net.up_blocks:
            hooks.append(block.register_forward_pre_hook(self._skips, with_kwargs=True))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
