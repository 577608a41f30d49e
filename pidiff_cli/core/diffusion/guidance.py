"""What the sampler steps by: the guided prediction, all of its rows in one call of the UNet."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.blending import rebase_prediction, subject_area
from pidiff_cli.core.diffusion.prompts import (
    EncodedPrompt,
    TextStates,
    encode_prompt,
    subjects,
    text_states,
)
from pidiff_cli.core.diffusion.shared_prefix import SharedPrefix
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.cached import CachedAttention

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base


@dataclass(frozen=True)
class DrawSettings:
    """How a picture is drawn.

    Attributes:
        steps: denoising steps. guidance: classifier-free guidance; 1 and less is none.
        identity_scale: λ; 0 is the base's own picture, bit for bit.
        start: share of the steps before the identity enters.
        keep_background: share of the steps after that in which the picture away from the subject
            is the base's own, drawn beside it; half as much again a step (``_blended``).
        prompt_pull: with a LoRA, how much harder the prompt pulls; the person's own pull stays.
        size: side of the picture in px. negative: what it should not show.
        levels: factor a token, coarse to fine; None is 1 for all.
        use_map: keep the identity where the subject is; without it nothing is blended either.
        scheduler: by name (``schedulers.SCHEDULERS``); "" is the base's own.
        chunk: pictures a batch; 0 decides by device. One on the CPU, where a batch is hardly
            faster and a picture's bytes would depend on its neighbours.
    """

    steps: int = 16
    guidance: float = 4.0
    identity_scale: float = 1.0
    start: float = 0.0
    keep_background: float = 0.0
    prompt_pull: float = 1.0
    size: int = 128
    negative: str = ""
    levels: tuple[float, ...] | None = None
    use_map: bool = True
    chunk: int = 0
    scheduler: str = ""


def draws_lora(base: Base, settings: DrawSettings) -> bool:
    """Whether pictures are drawn with a LoRA."""
    return base.lora is not None and settings.identity_scale > 0


class Predictor:
    """Guided predictions of one batch of pictures, step by step.

    Of the base's own pictures, and of a person without a LoRA whose branch has an adapter, as
    profiles of before have, or is not blended (``sampling.in_one_call``).

    A step's rows, B of each kind, are: without the prompt (where guided), and with prompt and
    identity. Without identity the call is the stock pipeline's, bit for bit; with it, what rows
    share is computed once (``SharedPrefix``), and what steps share once a batch (``cached``).

    Args:
        base: with the person's adapters on it; its context is filled, and the caller clears it.
        prompts: B of them, one a picture.
        w: W+ code (L, D) before Δw; None draws without the branch.
        steps: how many the sampler takes.
        scheduler: what the sampler steps by.

    Attributes:
        pair: whether latents come as (2B, ...): the pictures and, behind them, the base's own.
    """

    def __init__(
        self,
        base: Base,
        prompts: list[EncodedPrompt],
        w: Tensor | None,
        steps: int,
        settings: DrawSettings,
        record: bool,
        scheduler: Any,
    ) -> None:
        count = len(prompts)
        self.base, self.settings, self.count, self.record = base, settings, count, record
        self.scheduler, self.guided = scheduler, settings.guidance > 1
        self.first = round(settings.start * steps)  # earlier steps are the base's own
        self.last = self.first + round(settings.keep_background * steps)  # blended until here
        branch = w is not None and base.has_branch and settings.identity_scale > 0
        self.identity = branch or self.has_lora
        self.pair = self.identity and settings.use_map and steps > self.first < self.last
        without = [encode_prompt(base, settings.negative, "")] * (count * self.guided)
        self.text = text_states(base, without + prompts)
        self.pulls: dict[bool, Tensor] = {}  # by the prompt, of the step before; True: base's own
        self.prefix: SharedPrefix | None = None
        self.cached: CachedAttention | None = None  # with identity
        base.rest()
        base.context.size = (settings.size, settings.size)
        if self.identity:
            code = cast(Tensor, w).to(base.device, base.dtype)[None] if branch else None
            tokens = None if code is None else identity_tokens(base.unet, code)  # (1, N, C)
            self.cached = self._prepare(prompts, without, tokens)
            self.prefix = SharedPrefix(base.unet, self.cached)

    @property
    def has_lora(self) -> bool:
        """Whether rows with identity are those of other weights."""
        return draws_lora(self.base, self.settings)

    def _prepare(
        self, prompts: list[EncodedPrompt], without: list[EncodedPrompt], tokens: Tensor | None
    ) -> CachedAttention:
        """What steps share, and the context filled, for identity tokens (1, N, C)."""
        base, count = self.base, self.count
        who = slice(count, 2 * count) if self.guided else slice(0, count)
        if tokens is not None and not self.settings.use_map and self.guided:
            # M = 1: the other rows have tokens too
            tokens = torch.cat([base.projector.unconditional(), tokens])
            tokens, who = tokens.repeat_interleave(count, 0), slice(0, 2 * count)
        base.context.tokens = tokens
        subject = subjects(prompts, base.device) if self.settings.use_map else None
        return CachedAttention(self.text.tokens, tokens, who, subject, self.settings.levels, count)

    def __call__(self, x: Tensor, t: Tensor, step: int) -> Tensor:
        """The prediction for latents x, scaled for the model, at t: (B or 2B, C, h, w) both."""
        context = self.base.context
        self._identity(step >= self.first)
        context.record, context.watch, context.maps = self.record, False, []
        if not self.pair:
            return self._person(x, t, step)
        x, own = x.chunk(2)
        if self.first <= step < self.last:
            return torch.cat(self._blended(x, own, t, step - self.first))
        # Before, both are one; after, the base's own is not looked at.
        found = self._person(x, t, step)
        if self.guided:
            self.pulls[True] = self.pulls[False]
        return torch.cat([found, found])

    def _identity(self, on: bool) -> None:
        """Whether the calls that follow are with identity."""
        context = self.base.context
        context.scale, context.cached = self.settings.identity_scale if on else 0.0, self.cached

    def _blended(self, x: Tensor, own: Tensor, t: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Predictions for the blended pictures and the base's own, (B, C, h, w) each.

        Three rows in the place of two: with identity, the base's own, and in turn either's without
        the prompt. How a prompt pulls changes little from one step to the next, but for the first
        ones: the first blended step asks for all four.
        """
        context = self.base.context
        context.record = context.watch = True
        along = self._guide(x, t, asks=step % 2 == 1 or step == 0)
        maps, context.maps = context.maps, []
        self._identity(False)
        plain = self._guide(own, t, asks=step % 2 == 0, own=True)
        blended = self._blend(along, plain, x, own, t, maps, context.maps)
        context.maps = maps  # those of the identity are who draws wants to see
        return blended, plain

    def _blend(
        self, along: Tensor, plain: Tensor, x: Tensor, own: Tensor, t: Tensor,
        maps: list[Tensor], own_maps: list[Tensor],
    ) -> Tensor:  # fmt: skip
        """The person's prediction where either's maps see the subject, elsewhere the base's own,
        which was made at the latents ``own``."""
        area = subject_area(maps, own_maps, x)
        away = rebase_prediction(plain, own, x, self.scheduler, t)
        return area * along + (1 - area) * away

    def _person(self, x: Tensor, t: Tensor, step: int) -> Tensor:
        """The guided prediction of a picture by itself."""
        return self._guide(x, t)

    def _guide(self, x: Tensor, t: Tensor, asks: bool = True, own: bool = False) -> Tensor:
        """The guided prediction; not asking, by the pull of the step before, if there is one."""
        asks = self.guided and (asks or own not in self.pulls)
        without, along = self._rows(x, t, asks)
        if without is None:
            more = self.settings.guidance - 1
            return along + more * self.pulls[own] if self.guided else along
        if self.pair:
            self.pulls[own] = along - without
        return without + self.settings.guidance * (along - without)

    def _rows(self, x: Tensor, t: Tensor, without: bool) -> tuple[Tensor | None, Tensor]:
        """Predictions without the prompt, as asked, and with it."""
        if not without:
            return None, self._call(x, t, self.guided * self.count, self.count)
        found = self._call(x, t, 0, 2 * self.count)
        return found[: self.count], found[self.count :]

    def _call(self, x: Tensor, t: Tensor, first: int, rows: int) -> Tensor:
        """Predictions (rows, C, h, w) of rows of the text, from ``first`` on.

        ``x``: one latent a row, or B that all kinds of rows share.
        """
        shares = self.base.context.active and rows > len(x)
        prefix = self.prefix if shares and self.prefix and self.prefix.possible else None
        if self.cached:
            self.cached.first, self.cached.rows = first, rows
        with prefix.on() if prefix else nullcontext():
            x = x if prefix or rows == len(x) else torch.cat([x] * (rows // len(x)))
            return self._unet(x, t, self.text.part(first, rows))

    def _unet(self, x: Tensor, t: Tensor, text: TextStates) -> Tensor:
        added = text.added(self.settings.size, self.settings.size)
        found = cast(Any, self.base.unet)(x, t, encoder_hidden_states=text.tokens, **added)
        return cast(Tensor, found.sample)
