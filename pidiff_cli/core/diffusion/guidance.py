"""What the sampler steps by: the guided prediction, all of its rows in one call of the UNet."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.blending import (
    finished,
    prediction_of,
    rebase_prediction,
    subject_area,
)
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt, subjects, text_states
from pidiff_cli.core.diffusion.shared_prefix import SharedPrefix
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.cached import CachedAttention

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base


#: Blended steps with a LoRA, the first ones, in which every row is asked for: how prompts pull, and
#: what the base's own picture becomes, still changes much (docs/decisions/tailoring.md).
EXACT = 4


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


class Predictor:
    """Guided predictions of one batch of pictures, step by step.

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
        self.lora = base.lora if settings.identity_scale > 0 else None
        # The prompt is guided by as much more as ΔW is drawn with less: their product, what pulls
        # towards the person, stays. Both grow with λ, so that a little of it is near the base's.
        less = 1 + (settings.prompt_pull - 1) * min(settings.identity_scale, 1.0)
        less = less if self.lora is not None and self.guided else 1.0
        self.scale, self.pull = settings.identity_scale / less, settings.guidance * less - 1
        branch = w is not None and base.has_branch and settings.identity_scale > 0
        identity = branch or self.lora is not None
        self.pair = identity and settings.use_map and steps > self.first < self.last
        without = [encode_prompt(base, settings.negative, "")] * (count * self.guided)
        self.own = self.text = text_states(base, without + prompts)
        if self.lora is not None:  # which may know the person by a word of its own
            prompts = [prompt.called or prompt for prompt in prompts]
        self.along = text_states(base, without + prompts)
        self.pulls: dict[bool, Tensor] = {}  # by the prompt, of the step before; True: base's own
        self.own_maps: list[Tensor] = []  # of the base's own picture, when it was last asked for
        self.became: list[Tensor] = []  # and x₀ of the last two times
        self.prefix: SharedPrefix | None = None
        self.cached: CachedAttention | None = None  # with identity
        self.plain: CachedAttention | None = None  # of the base's own rows
        base.rest()
        base.context.size = (settings.size, settings.size)
        if identity:
            code = cast(Tensor, w).to(base.device, base.dtype)[None] if branch else None
            self._prepare(subjects(prompts, base.device), code)

    def _prepare(self, subject: Tensor, code: Tensor | None) -> None:
        """Fill the context for the prompts' subject masks (B, S) and a W+ code (1, L, D)."""
        base, count = self.base, self.count
        tokens = None if code is None else identity_tokens(base.unet, code)  # (1, N, C)
        who = slice(count, 2 * count) if self.guided else slice(0, count)
        if tokens is not None and not self.settings.use_map and self.guided and not self.lora:
            # M = 1: the other rows have tokens too
            tokens = torch.cat([base.projector.unconditional(), tokens])
            tokens, who = tokens.repeat_interleave(count, 0), slice(0, 2 * count)
        base.context.tokens = tokens
        self.cached = CachedAttention(
            self.along.tokens, tokens, who, subject if self.settings.use_map else None,
            self.settings.levels, count,
        )  # fmt: skip
        self.plain = self.cached
        if self.lora is not None:  # the base's own layers multiply out to other constants
            self.plain = replace(self.cached, text=self.own.tokens, layers={})
        self.prefix = SharedPrefix(base.unet, self.cached)

    def __call__(self, x: Tensor, t: Tensor, step: int) -> Tensor:
        """The prediction for latents x, scaled for the model, at t: (B or 2B, C, h, w) both."""
        context = self.base.context
        self._identity(step >= self.first)
        context.record, context.watch, context.maps = self.record, False, []
        if self.lora is not None:  # what the layers keep is theirs to take, and maps come of it
            context.watch = step >= self.first
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
        context, scale = self.base.context, self.scale if on else 0.0
        context.scale, context.cached = scale, self.cached if on else self.plain
        self.text = self.along if on else self.own
        if self.lora is not None:
            self.lora.switch(scale)

    def _blended(self, x: Tensor, own: Tensor, t: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Predictions for the blended pictures and the base's own, (B, C, h, w) each.

        Three rows in the place of two: with identity, the base's own, and in turn either's without
        the prompt. How a prompt pulls changes little from one step to the next, but for the first
        ones: the first blended step asks for all four.
        """
        context = self.base.context
        context.record = context.watch = True
        if self.lora is not None:
            along, plain, maps = self._beside(x, own, t, step)
        else:
            along = self._guide(x, t, asks=step % 2 == 1 or step == 0)
            maps, context.maps = context.maps, []
            self._identity(False)
            plain = self._guide(own, t, asks=step % 2 == 0, own=True)
        area = subject_area(maps, context.maps, x)
        context.maps = maps  # those of the identity are who draws wants to see
        away = rebase_prediction(plain, own, x, self.scheduler, t)
        return area * along + (1 - area) * away, plain

    def _beside(
        self, x: Tensor, own: Tensor, t: Tensor, step: int
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Guided predictions with LoRA and the base's own, and the maps of the first.

        The row without the prompt is the base's own for both; at the first step both have the same
        latents, and that row. After ``EXACT`` steps the base's picture and that row of the other
        take turns: the picture goes on as it was becoming, the pull stays that of the step before.
        """
        context, count = self.base.context, self.count
        mine = self._call(x, t, self.guided * count, count)
        maps, context.maps = context.maps, []
        self._identity(False)
        pulls, turn = self.guided and step > 0 and (step < EXACT or step % 2 == 1), step % 2 == 0
        if step < EXACT or turn:
            rows = self._call(own, t, 0, (1 + self.guided) * count)
            plain = rows[-count:]
            if self.guided:
                if step == 0:
                    self.pulls[False] = mine - rows[:count]
                plain = rows[:count] + self.settings.guidance * (plain - rows[:count])
            self.own_maps = context.maps
            self.became = [*self.became[-1:], finished(plain, own, self.scheduler, t)]
        else:
            before, last = self.became
            plain = prediction_of(last + 0.5 * (last - before), own, self.scheduler, t)
        if pulls:
            recorded, context.record, context.watch = context.record, False, False
            self.pulls[False] = mine - self._call(x, t, 0, count)
            context.record, context.watch = recorded, True
        context.maps = self.own_maps
        return (mine + self.pull * self.pulls[False] if self.guided else mine), plain, maps

    def _person(self, x: Tensor, t: Tensor, step: int) -> Tensor:
        """The guided prediction of a picture by itself.

        With a LoRA the row without the prompt is the base's own, and is asked for on every other
        step but the first two, where pulls still change.
        """
        if self.lora is None or step < self.first:
            return self._guide(x, t)
        context, step = self.base.context, step - self.first
        mine = self._call(x, t, self.guided * self.count, self.count)
        if not self.guided:
            return mine
        if step < 2 or step % 2 == 0 or False not in self.pulls:
            recorded, context.record = context.record, False
            self._identity(False)
            self.pulls[False] = mine - self._call(x, t, 0, self.count)
            context.record = recorded
        return mine + self.pull * self.pulls[False]

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
        unet, context = self.base.unet, self.base.context
        text = self.text.part(first, rows)
        added = text.added(self.settings.size, self.settings.size)
        prefix = self.prefix if context.active and rows > len(x) else None
        prefix = prefix if prefix and prefix.possible else None
        for cached in filter(None, (self.cached, self.plain)):
            cached.first, cached.rows = first, rows
        with prefix.on() if prefix else nullcontext():
            x = x if prefix or rows == len(x) else torch.cat([x] * (rows // len(x)))
            found = cast(Any, unet)(x, t, encoder_hidden_states=text.tokens, **added).sample
        return cast(Tensor, found)
