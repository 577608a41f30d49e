"""What the sampler steps by: the guided prediction, all of its rows in one call of the UNet."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt, subjects, text_states
from pidiff_cli.core.diffusion.shared import SharedStart
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.still import Still

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base


#: Held steps from which on the first one is the base's own: it is then for nothing.
LONG = 3
#: Of the localisation map: what is less is not the subject. A held picture's background moves 6 %
#: less than without, its likeness does not (docs/decisions.md).
SEEN = 0.15


@dataclass(frozen=True)
class DrawSettings:
    """How a picture is drawn.

    Attributes:
        steps: denoising steps. guidance: classifier-free guidance; 1 and less is none.
        identity_scale: λ; 0 is the base's own picture, bit for bit.
        start: share of the steps before the identity enters.
        hold: share of the steps after that in which the picture away from the subject follows
            the base's own prediction; half a pass more in all (``_asked``).
        size: side of the picture in px. negative: what it should not show.
        levels: factor a token, coarse to fine; None is 1 for all.
        use_map: keep the identity where the subject is; without it nothing is held either.
        scheduler: by name (``schedulers.SCHEDULERS``); "" is the base's own.
        chunk: pictures a batch; 0 decides by device. One on the CPU, where a batch is hardly
            faster and a picture's bytes would depend on its neighbours.
    """

    steps: int = 16
    guidance: float = 4.0
    identity_scale: float = 1.0
    start: float = 0.0
    hold: float = 0.0
    size: int = 128
    negative: str = ""
    levels: tuple[float, ...] | None = None
    use_map: bool = True
    chunk: int = 0
    scheduler: str = ""


class Predictor:
    """Guided predictions of one batch of pictures, step by step.

    A step's rows, B of each kind, are: without the prompt (where guided), with prompt and
    identity, and where the background is held, the base's own. Without identity the call is the
    stock pipeline's, bit for bit; with it, what rows share is computed once (``shared``), and what
    steps share once a batch (``still``).

    Args:
        base: with the person's adapter on it; its context is filled, and the caller clears it.
        prompts: B of them, one a picture.
        w: W+ code (L, D) before Δw; None draws without identity.
        steps: how many the sampler takes.
    """

    def __init__(
        self,
        base: Base,
        prompts: list[EncodedPrompt],
        w: Tensor | None,
        steps: int,
        settings: DrawSettings,
        record: bool,
    ) -> None:
        count = len(prompts)
        self.base, self.settings, self.count, self.record = base, settings, count, record
        self.guided = settings.guidance > 1
        self.first = round(settings.start * steps)  # earlier steps are the base's own
        hold = settings.hold if settings.use_map else 0.0  # without a map nothing says where
        self.held = self.first + round(hold * steps)
        self.led = self.guided and self.held - self.first >= LONG  # by a step of the base's own
        self.first += self.led
        rows = [encode_prompt(base, settings.negative, "")] * (count * self.guided) + prompts
        if w is not None and settings.identity_scale > 0 and self.held > self.first:
            rows = rows + prompts  # the base's own
        self.text = text_states(base, rows)
        self.away = self.pull = torch.zeros(())  # identity against own, own against no prompt
        self.shared: SharedStart | None = None
        base.context.clear()
        base.context.size = (settings.size, settings.size)
        if w is not None and settings.identity_scale > 0:
            self._prepare(subjects(prompts, base.device), w.to(base.device, base.dtype)[None])

    def _prepare(self, subject: Tensor, code: Tensor) -> None:
        """Fill the context for the prompts' subject masks (B, S) and a W+ code (1, L, D)."""
        base, count = self.base, self.count
        tokens = identity_tokens(base.unet, code)  # (1, N, C)
        who = slice(count, 2 * count) if self.guided else slice(0, count)
        if not self.settings.use_map and self.guided:  # M = 1: the other rows have tokens too
            tokens = torch.cat([base.projector.unconditional(), tokens])
            tokens, who = tokens.repeat_interleave(count, 0), slice(0, 2 * count)
        base.context.tokens = tokens
        still = base.context.still = Still(
            self.text.tokens, tokens, who, subject if self.settings.use_map else None,
            self.settings.levels, count,
        )  # fmt: skip
        self.shared = SharedStart(base.unet, still)

    def __call__(self, x: Tensor, t: Tensor, step: int) -> Tensor:
        """The prediction (B, C, h, w) for latents x (B, C, h, w), scaled for the model, at t."""
        context, guidance = self.base.context, self.settings.guidance
        context.scale = self.settings.identity_scale if step >= self.first else 0.0
        holds = step < self.held and context.active
        context.record, context.maps = self.record or holds, []
        asks = self._asked(step - self.first) if holds else (self.guided, False)
        without, along, own = self._rows(x, t, *asks)
        if holds:
            if own is None:
                own = along - self.away
            self.away = along - own
            if without is None and self.guided:
                without = own - self.pull
            if without is not None:
                self.pull = own - without
            along = own + self._area(along) * self.away
        elif without is not None:
            self.pull = along - without
        return along if without is None else without + guidance * (along - without)

    def _rows(
        self, x: Tensor, t: Tensor, without: bool, own: bool
    ) -> tuple[Tensor | None, Tensor, Tensor | None]:
        """Predictions without prompt, with prompt and identity, and the base's own, as asked."""
        unet, context = self.base.unet, self.base.context
        kinds = 1 + without + own
        first, rows = (self.guided and not without) * self.count, kinds * self.count
        text = self.text.part(first, rows)
        added = text.added(self.settings.size, self.settings.size)
        shared = self.shared if context.active and kinds > 1 else None
        shared = shared if shared and shared.possible else None
        if context.still is not None:
            context.still.first, context.still.rows = first, rows
        with shared.on() if shared else nullcontext():
            x = x if shared or kinds == 1 else torch.cat([x] * kinds)
            found = cast(Any, unet)(x, t, encoder_hidden_states=text.tokens, **added).sample
        found = list(found.chunk(kinds))
        return found.pop(0) if without else None, found[0], found[1] if own else None

    def _asked(self, held: int) -> tuple[bool, bool]:
        """Whether a held step asks for the row without prompt, and for the base's own.

        In turn, so that a step costs what the others cost: what is not asked for is taken from the
        step before, as a difference. Where no step before knows both, the first one asks for both.
        """
        if self.led:
            return held % 2 == 1, held % 2 == 0
        return self.guided and held % 2 == 0, held == 0 or held % 2 == 1

    def _area(self, like: Tensor) -> Tensor:
        """Where the subject is (B, 1, h, w), from this step's maps; 0 where it hardly is."""
        maps = [m[-self.count :].float() for m in self.base.context.maps]
        seen = [F.interpolate(m, like.shape[-2:], mode="bilinear") for m in maps]
        area = F.max_pool2d(torch.stack(seen).mean(0), 3, stride=1, padding=1)
        return ((area - SEEN) / (1 - SEEN)).clamp(min=0).to(like.dtype)
