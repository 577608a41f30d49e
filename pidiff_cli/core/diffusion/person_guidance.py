"""The guided prediction of a person beside the base's own (docs/method.md, sections 5.2 and 6).

Rows with the identity and the base's own are one call of the UNet: a call of its own costs mini a
third of a row. With a LoRA the last of them take another weight (``two_weights``).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.blending import finished, prediction_of
from pidiff_cli.core.diffusion.guidance import Predictor
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, subjects, text_states
from pidiff_cli.core.diffusion.shared_prefix import pick_kinds
from pidiff_cli.core.identity.cached import CachedAttention

#: Blended steps, the first ones, in which every row is asked for: how prompts pull, and what the
#: base's own picture becomes, still changes much (docs/decisions/tailoring.md).
EXACT = 4
PERSON, OWN = 0, 1  # latents that a kind of rows sees


class PersonPredictor(Predictor):
    """Guided predictions with a LoRA, with the general branch, or with both.

    The rows without the prompt are the base's own. Kinds of rows, of which a step asks for some of
    the last ones, B of each:

        without the prompt, of the base's own picture     (guided)
        with it, of the base's own picture
        without the prompt, of the person's picture       (guided)
        with prompt and identity, of the person's picture

    With both without the prompt at the same latents, or one of the two not asked for, one row of
    it stands for both: of the last three kinds the third is then the base's own picture's.
    """

    def _prepare(
        self, prompts: list[EncodedPrompt], without: list[EncodedPrompt], tokens: Tensor | None
    ) -> CachedAttention:
        base, count, settings = self.base, self.count, self.settings
        self.scale, self.pull = self._strengths()
        self.became: list[Tensor] = []  # the base's own picture's x₀ of the last two times
        self.own_maps: list[Tensor] = []  # and its maps, when it was last asked for
        named = [prompt.called or prompt for prompt in prompts] if self.has_lora else prompts
        self.kinds = text_states(base, without + prompts + without + named)
        base.context.tokens = tokens
        rows = len(self.kinds)
        subject = subjects(named, base.device) if settings.use_map else None
        cached = CachedAttention(
            self.kinds.tokens, tokens, slice(rows - count, rows), subject, settings.levels, count
        )
        if self.pair:
            own = (1 + self.guided) * count
            cached.beside = slice(own - count, own)
            cached.beside_subject = subjects(prompts, base.device)
        return cached

    def _strengths(self) -> tuple[float, float]:
        """λ of the rows with the identity, and how often the prompt's pull is added to them.

        With a LoRA the prompt is guided by as much more as ΔW is drawn with less: their product,
        what pulls towards the person, stays. Both grow with λ, so that a little of it is near the
        base's.
        """
        settings = self.settings
        pulls = self.has_lora and self.guided
        less = 1 + (settings.prompt_pull - 1) * min(settings.identity_scale, 1.0) * pulls
        return settings.identity_scale / less, settings.guidance * less - 1

    def _identity(self, on: bool) -> None:
        context = self.base.context
        context.scale, context.cached = self.scale if on else 0.0, self.cached
        if self.base.lora is not None:
            self.base.lora.switch(context.scale, self.count)

    def _blended(self, x: Tensor, own: Tensor, t: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Predictions for the blended pictures and the base's own, (B, C, h, w) each.

        At the first step both have the same latents, and one row without the prompt. After
        ``EXACT`` steps the base's picture and the person's row without the prompt take turns: the
        picture goes on as it was becoming, the pull stays that of the step before.
        """
        context, guided = self.base.context, self.guided
        context.record = context.watch = True
        picture = step < EXACT or step % 2 == 0
        pulls = guided and 0 < step and (step < EXACT or step % 2 == 1)
        seen = (OWN, OWN) if guided and picture else (OWN,) * picture
        seen += (PERSON,) * (pulls + 1)
        latents = torch.cat([x, own]) if step > 0 and picture else x
        rows = self._rows_of(latents, t, seen if step > 0 else (PERSON,) * len(seen))
        mine = rows[-1]
        if picture:
            plain, self.own_maps = self._own(rows, pulls), self._maps_beside()
            self.became = [*self.became[-1:], finished(plain, own, self.scheduler, t)]
        else:
            before, last = self.became
            plain = prediction_of(last + 0.5 * (last - before), own, self.scheduler, t)
        if pulls or (guided and step == 0):
            self.pulls[False] = mine - rows[-2]
        along = mine + self.pull * self.pulls[False] if guided else mine
        return self._blend(along, plain, x, own, t, context.maps, self.own_maps), plain

    def _own(self, rows: tuple[Tensor, ...], pulls: bool) -> Tensor:
        """The base's own picture's guided prediction."""
        if not self.guided:
            return rows[0]
        without, along = (rows[0], rows[1]) if pulls else (rows[1], rows[0])
        return without + self.settings.guidance * (along - without)

    def _maps_beside(self) -> list[Tensor]:
        cached = cast(CachedAttention, self.cached)
        maps, cached.beside_maps = cached.beside_maps, []
        return maps

    def _person(self, x: Tensor, t: Tensor, step: int) -> Tensor:
        """The guided prediction of a picture by itself.

        The row without the prompt is asked for on every other step but the first two, where pulls
        still change.
        """
        if step < self.first:
            return self._guide(x, t)
        self.base.context.watch, step = True, step - self.first
        asks = self.guided and (step < 2 or step % 2 == 0 or False not in self.pulls)
        rows = self._rows_of(x, t, (PERSON,) * (1 + asks))
        if asks:
            self.pulls[False] = rows[1] - rows[0]
        return rows[-1] + self.pull * self.pulls[False] if self.guided else rows[-1]

    def _rows_of(self, x: Tensor, t: Tensor, seen: tuple[int, ...]) -> tuple[Tensor, ...]:
        """Predictions (B, C, h, w) of the last kinds of rows, as many as ``seen`` says.

        Args:
            x: latents (n·B, C, h, w). seen: of each kind, which of the n it sees.
        """
        cached, count = cast(CachedAttention, self.cached), self.count
        rows = len(seen) * count
        cached.first, cached.rows = len(self.kinds) - rows, rows
        shared = self.prefix if self.prefix and self.prefix.possible and rows > len(x) else None
        with shared.on(seen, last=self.has_lora) if shared else nullcontext():
            x = x if shared else pick_kinds(x, seen, count)
            found = self._unet(x, t, self.kinds.part(cached.first, rows))
        return found.split(count)
