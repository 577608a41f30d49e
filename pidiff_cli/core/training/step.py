"""One training step of docs/method.md, section 5: tailor the identity branch to one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import (
    EncodedPrompt,
    TextStates,
    encode_prompt,
    subjects,
    text_states,
)
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.context import IdentityContext
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.fast_step import HalfWeights
from pidiff_cli.core.training.losses import code_loss, face_loss, locate_loss, preserve_loss
from pidiff_cli.core.training.schedule import NoiseSchedule

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base
from collections.abc import Iterator
from dataclasses import replace


@dataclass(frozen=True)
class LossSettings:
    """Weights and shares of the losses; the names are those of docs/method.md in words.

    ``others``: how many of the captions, the last ones, only say what must stay the base's.
    """

    min_snr: float = 5.0
    off_face: float = 0.1
    preserve: float = 0.5
    preserve_share: float = 0.5
    locate: float = 0.05
    code: float = 0.01
    drop_text: float = 0.05
    drop_identity: float = 0.05
    drop_both: float = 0.05
    skip_dropped: bool = False
    others: int = 0


class TrainingStep:
    """What stays the same over the steps of one run, and the loss of one step.

    Args:
        base: with the person's adapter on its UNet.
        codes: (P, L, D) one W+ code a photo, in the order of the data's photo indices; None on a
            base without a branch. mean: (L, D) the person's W+ code, or None.
        captions: completed prompts to learn with; one is drawn for every picture. The last
            ``settings.others`` of them teach nobody's face: off it, the base's prediction is kept
            for them too, in half of the pictures where it is checked.
        delta: the trainable Δw (L, D), or None.
        texts: states of the captions and of "", where they are known.
        told: (P, F) int64, captions that are true of each photo; None is any for all.
    """

    def __init__(
        self,
        base: Base,
        codes: Tensor | None,
        mean: Tensor | None,
        captions: list[EncodedPrompt],
        settings: LossSettings,
        delta: Tensor | None,
        amp: torch.dtype | None = None,
        texts: TextStates | None = None,
        told: Tensor | None = None,
    ) -> None:
        self.base, self.settings, self.delta = base, settings, delta
        self.codes = None if codes is None else codes.to(base.device, base.dtype)
        self.mean = None if mean is None else mean.to(base.device, base.dtype)
        self.schedule = NoiseSchedule.of(base)
        if texts is None:  # the empty one last
            texts = text_states(base, [*captions, encode_prompt(base, "", "")])
        self.texts = texts
        self.own, self.told = len(captions) - settings.others, told
        self.subjects = torch.cat(
            [subjects(captions, base.device), torch.zeros_like(captions[0].subject)[None]]
        )
        self.amp = amp
        self.half_weights = HalfWeights(base.unet, amp)

    def sample(self, data: LatentSet, batch: int, generator: torch.Generator) -> Batch:
        """The random part of a step: pictures, noise, timesteps, captions, what is dropped."""
        s = self.settings
        z, mask, area, photo = data.pick(batch, generator)
        noise = torch.randn(z.shape, generator=generator).to(z)
        t = self._timesteps(batch, generator)
        which, w, on = self._conditions(photo, generator)
        keep = bool(torch.rand((), generator=generator) < s.preserve_share) and s.preserve > 0
        if keep and s.others:
            odd = int(torch.randint(2, (), generator=generator)) if batch % 2 else 0
            some = which[(batch + odd) // 2 :]
            some.copy_(self.own + torch.randint(s.others, some.shape, generator=generator))
        seen = self.subjects[which.to(self.subjects.device)].any(dim=1)
        whole = Batch(z, mask, area, noise, t, which, w, on, keep, float(seen.float().mean()))
        if not s.skip_dropped or self.base.lora is not None:
            return whole
        # Without identity or subject the prediction is the frozen base's: no gradient at all.
        return whole.only((on > 0) & seen.to(on.device))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The ``loss`` of a batch with its parts, means over the pictures that are computed.

        Pictures that were left out count as zeros in ``loss``: its gradient is the whole batch's.
        The identity stays switched on, as a backward pass with gradient checkpointing runs the
        blocks again; ``base.rest()`` ends it.
        """
        s, base, t, mask = self.settings, self.base, batch.t, batch.mask
        base.rest()
        text = self.texts[batch.which]
        subject = self.subjects[batch.which.to(self.subjects.device)]
        noisy = self.schedule.noisy(batch.latents, batch.noise, t)
        target = self.schedule.target(batch.latents, batch.noise, t)
        own = self.predict(noisy, t, text, grad=False) if batch.keep else None
        tokens = None if batch.w is None else identity_tokens(base.unet, batch.w)
        identity_on(base.context, tokens, subject, batch.on, maps=s.locate > 0)
        if base.lora is not None:
            base.lora.switch(1.0)
        prediction, maps = self.predict(noisy, t, text), base.context.take_maps()
        weight = self.schedule.weight(t, s.min_snr)
        if s.others:
            other = (batch.which >= self.own) & (batch.which < self.own + s.others)
            weight = weight * (~other).to(weight)
        parts = {"face": face_loss(prediction, target, batch.area, s.off_face, weight)}
        if own is not None:
            parts["preserve"] = s.preserve * preserve_loss(prediction, own, mask)
        seen = subject.any(dim=1)
        if s.locate > 0 and maps and seen.any():
            share = float(seen.float().mean()) / batch.seen  # 1 unless the batch was split
            found = locate_loss([m[seen] for m in maps], mask[seen])
            parts["locate"] = s.locate * share * found
        loss = batch.live * torch.stack(list(parts.values())).sum()
        if self.delta is not None:
            parts["code"] = s.code * code_loss(self.delta)
            loss = loss + parts["code"]
        return {"loss": loss, **parts}

    def predict(self, noisy: Tensor, t: Tensor, text: TextStates, grad: bool = True) -> Tensor:
        """The UNet's prediction (B, C, h, w) in float32, with the context as it is now."""
        device, factor = self.base.device.type, self.base.vae_factor
        added = text.added(noisy.shape[-2] * factor, noisy.shape[-1] * factor)
        with torch.set_grad_enabled(grad), torch.autocast(device, self.amp, enabled=bool(self.amp)):
            unet = cast(Any, self.base.unet)
            out = unet(
                noisy.to(self.base.dtype), t, encoder_hidden_states=text.tokens, **added
            ).sample
        return cast(Tensor, out.float())

    def _timesteps(self, batch: int, generator: torch.Generator) -> Tensor:
        """One uniform draw in each of ``batch`` equal parts of the schedule, (B,) int64."""
        part = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        return (part * len(self.schedule.alphas)).long().to(self.base.device)

    def _conditions(
        self, photo: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Which caption (B,), the W+ codes (B, L, D) and where the branch is on (B,)."""
        s, batch = self.settings, len(photo)
        u = torch.rand(batch, generator=generator)
        no_text = (u < s.drop_text) | (u >= 1 - s.drop_both)
        no_identity = ((u >= s.drop_text) & (u < s.drop_text + s.drop_identity)) | (
            u >= 1 - s.drop_both
        )
        count = self.own if self.told is None else self.told.shape[1]
        which = torch.randint(count, (batch,), generator=generator)
        if self.told is not None:
            which = self.told[photo.to(self.told.device), which]
        which[no_text] = len(self.texts) - 1
        # Half of the samples lean towards their own photo's code: what is particular to a photo
        # (pose, expression) is then explained by the code, not learnt into the weights.
        lean = torch.rand(batch, generator=generator) * (
            torch.rand(batch, generator=generator) < 0.5
        )
        on = (~no_identity).to(self.base.device, self.base.dtype)
        if self.mean is None or self.codes is None:
            return which, None, on
        lean = lean.to(self.mean).view(-1, 1, 1)
        w = self.mean + lean * (self.codes[photo.to(self.codes.device)] - self.mean)
        return which, w, on


def identity_on(
    context: IdentityContext,
    tokens: Tensor | None,
    subject: Tensor,
    on: Tensor | None = None,
    maps: bool = True,
) -> None:
    """Switch the identity on with these tokens; ``maps``: every layer's M is recorded.

    Without tokens or maps the text attention is the stock call: nobody looks where the subject is.
    """
    context.watch = tokens is None and maps
    context.tokens, context.subject, context.scale = tokens, subject, 1.0
    context.on, context.levels = on, None
    context.use_map, context.record, context.maps = True, maps, []


@dataclass(frozen=True)
class Batch:
    """What one step learns from; B pictures.

    Attributes:
        latents, noise: (B, C, h, w). mask: (B, 1, h, w), 1 on the head. t: (B,) timesteps.
        area: (B, 1, h, w), what L_face weighs: the mask, or more of it where more is to be learnt.
        which: (B,) index of the caption. w: (B, L, D) codes before Δw, or None.
        on: (B,), 0 drops the identity. keep: whether the preserve term is checked.
        seen: share of the whole batch whose caption names the subject.
        live: share of the whole batch that is here; pictures that teach nothing may be left out.
    """

    latents: Tensor
    mask: Tensor
    area: Tensor
    noise: Tensor
    t: Tensor
    which: Tensor
    w: Tensor | None
    on: Tensor
    keep: bool
    seen: float
    live: float = 1.0

    def __len__(self) -> int:
        return len(self.latents)

    def split(self, count: int) -> Iterator[Batch]:
        """Parts of ``count`` pictures or fewer; weighted by size their losses add up to the whole.

        Gradients accumulate over the parts where the whole has no room.
        """
        for start in range(0, len(self), count):
            yield self._rows(slice(start, start + count))

    def only(self, rows: Tensor) -> Batch:
        """The pictures (B,) bool that have a gradient; of none at all one stays."""
        rows = rows.clone()
        rows[0] |= not rows.any()
        live = self.live * float(rows.float().mean())
        return replace(self._rows(rows), live=live)

    def _rows(self, rows: Tensor | slice) -> Batch:
        names = ("latents", "mask", "area", "noise", "t", "which", "w", "on")
        values: dict[str, Any] = {name: _at(getattr(self, name), rows) for name in names}
        return replace(self, **values)


def _at(values: Tensor | None, rows: Tensor | slice) -> Tensor | None:
    if values is None:
        return None
    return values[rows.to(values.device) if isinstance(rows, Tensor) else rows]
