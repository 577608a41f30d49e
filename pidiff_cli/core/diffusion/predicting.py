"""What the sampler steps by: the guided prediction, all of its rows in one call of the UNet."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt, text_states
from pidiff_cli.core.diffusion.shared import can_share, shared_start
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.still import Still

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

EVERY = 2  # held steps between two looks at the base's own prediction, docs/decisions.md


@dataclass(frozen=True)
class DrawSettings:
    """How a picture is drawn.

    Attributes:
        steps: denoising steps. guidance: classifier-free guidance; 1 and less is none.
        identity_scale: λ; 0 is the base's own picture, bit for bit.
        start: share of the steps before the identity enters.
        hold: share of the steps after that in which the picture away from the subject follows
            the base's own prediction, which takes half a pass more a step.
        size: side of the picture in px. negative: what it should not show.
        levels: factor a token, coarse to fine; None is 1 for all.
        use_map: keep the identity where the subject is.
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
        w: W+ code (L, D) before Δw; None draws without identity.
        count: B. steps: how many the sampler takes.
    """

    def __init__(
        self,
        base: Base,
        prompt: EncodedPrompt,
        w: Tensor | None,
        count: int,
        steps: int,
        settings: DrawSettings,
        record: bool,
    ) -> None:
        self.base, self.settings, self.count, self.record = base, settings, count, record
        self.guided = settings.guidance > 1
        self.first = round(settings.start * steps)  # earlier steps are the base's
        self.held = self.first + round(settings.hold * steps)
        kinds = [encode_prompt(base, settings.negative, "")] * self.guided + [prompt]
        if w is not None and settings.identity_scale > 0 and self.held > self.first:
            kinds.append(prompt)  # the base's own
        self.text = text_states(base, [kind for kind in kinds for _ in range(count)])
        self.away: Tensor | None = None  # what the identity changed where it is held off
        base.context.clear()
        base.context.size = (settings.size, settings.size)
        if w is not None and settings.identity_scale > 0:
            self._prepare(prompt, w.to(base.device, base.dtype)[None])

    def _prepare(self, prompt: EncodedPrompt, code: Tensor) -> None:
        """Fill the context for a W+ code (1, L, D)."""
        base, count = self.base, self.count
        tokens = identity_tokens(base.unet, code)  # (1, N, C)
        who = slice(count, 2 * count) if self.guided else slice(0, count)
        subject = prompt.subject.to(base.device).expand(count, -1)  # (B, S)
        if not self.settings.use_map and self.guided:  # M = 1: the other rows have tokens too
            tokens = torch.cat([base.projector.unconditional(), tokens])
            tokens, who = tokens.repeat_interleave(count, 0), slice(0, 2 * count)
        base.context.tokens = tokens
        base.context.still = Still(
            self.text.tokens, tokens, who, subject if self.settings.use_map else None,
            self.settings.levels, count,
        )  # fmt: skip

    def __call__(self, x: Tensor, t: Tensor, step: int) -> Tensor:
        """The prediction (B, C, h, w) for latents x (B, C, h, w), scaled for the model, at t."""
        context, guidance = self.base.context, self.settings.guidance
        context.scale = self.settings.identity_scale if step >= self.first else 0.0
        holds = step < self.held and context.active
        asks = holds and ((step - self.first) % EVERY == 0 or self.away is None)
        context.record, context.maps = self.record or holds, []
        rows = self._rows(x, t, 1 + self.guided + asks).chunk(1 + self.guided + asks)
        along = rows[self.guided]
        if asks:
            self.away = along - rows[-1]
        if holds and self.away is not None and context.maps:
            along = along - (1 - self._area(along)) * self.away
        return rows[0] + guidance * (along - rows[0]) if self.guided else along

    def _rows(self, x: Tensor, t: Tensor, kinds: int) -> Tensor:
        """Predictions (kinds·B, C, h, w)."""
        unet, still, rows = self.base.unet, self.base.context.still, kinds * self.count
        text = self.text.first(rows)
        added = text.added(self.settings.size, self.settings.size)
        shares = still is not None and self.base.context.active and kinds > 1 and can_share(unet, x)
        if still is not None:
            still.rows = rows
        with shared_start(unet, still) if shares and still else nullcontext():
            x = x if shares or kinds == 1 else torch.cat([x] * kinds)
            return cast(Any, unet)(x, t, encoder_hidden_states=text.tokens, **added).sample

    def _area(self, like: Tensor) -> Tensor:
        """Where the subject is (B, 1, h, w), from this step's maps."""
        maps = [m[-self.count :].float() for m in self.base.context.maps]
        seen = [F.interpolate(m, like.shape[-2:], mode="bilinear") for m in maps]
        return F.max_pool2d(torch.stack(seen).mean(0), 3, stride=1, padding=1).to(like.dtype)
