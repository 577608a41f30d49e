"""One training step of METHOD.md section 5: tailor the identity branch to one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.dataset import LatentSet
from pidiff_cli.core.diffusion.prompts import (
    EncodedPrompt,
    TextStates,
    encode_prompt,
    subjects,
    text_states,
)
from pidiff_cli.core.diffusion.schedule import NoiseSchedule
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.attention import IdentityContext
from pidiff_cli.core.identity.losses import code_loss, face_loss, locate_loss, preserve_loss

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base


@dataclass(frozen=True)
class LossSettings:
    """Weights and shares of the losses; the names are METHOD.md's in words."""

    min_snr: float = 5.0
    off_face: float = 0.1
    preserve: float = 0.5
    preserve_share: float = 0.5
    locate: float = 0.05
    code: float = 0.01
    drop_text: float = 0.05
    drop_identity: float = 0.05
    drop_both: float = 0.05


class Tailor:
    """What stays the same over the steps of one run, and the loss of one step.

    Args:
        base: with the person's adapter on its UNet.
        codes: (P, L, D) one W+ code a photo, in the order of the data's photo indices.
        mean: (L, D) the person's W+ code.
        captions: completed prompts to learn with; one is drawn for every picture.
        delta: the trainable Δw (L, D), or None.
    """

    def __init__(
        self,
        base: Base,
        codes: Tensor,
        mean: Tensor,
        captions: list[EncodedPrompt],
        settings: LossSettings,
        delta: Tensor | None,
        amp: torch.dtype | None = None,
    ) -> None:
        self.base, self.settings, self.delta = base, settings, delta
        self.codes = codes.to(base.device, base.dtype)
        self.mean = mean.to(base.device, base.dtype)
        self.schedule = NoiseSchedule.of(base)
        self.texts = text_states(base, [*captions, encode_prompt(base, "", "")])  # empty one last
        self.subjects = torch.cat(
            [subjects(captions, base.device), torch.zeros_like(captions[0].subject)[None]]
        )
        self.amp = amp

    def loss(self, data: LatentSet, batch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw a batch and return its ``loss`` with the parts.

        Every random number is ``generator``'s. The identity stays switched on, as a backward
        pass with gradient checkpointing runs the blocks again; ``base.context.clear()`` ends it.
        """
        s, base = self.settings, self.base
        base.context.clear()
        z, mask, photo = data.pick(batch, generator)
        noise = torch.randn(z.shape, generator=generator).to(z)
        t = self._timesteps(batch, generator)
        text, subject, tokens, on = self._condition(photo, generator)
        noisy, target = self.schedule.noisy(z, noise, t), self.schedule.target(z, noise, t)
        keep = torch.rand((), generator=generator) < s.preserve_share and s.preserve > 0
        own = self._predict(noisy, t, text, grad=False) if keep else None
        maps = identity_on(base.context, tokens, subject, on)
        prediction = self._predict(noisy, t, text)
        weight = self.schedule.weight(t, s.min_snr)
        parts = {"face": face_loss(prediction, target, mask, s.off_face, weight)}
        if own is not None:
            parts["preserve"] = s.preserve * preserve_loss(prediction, own, mask)
        seen = subject.any(dim=1)
        if s.locate > 0 and maps and seen.any():
            parts["locate"] = s.locate * locate_loss([m[seen] for m in maps], mask[seen])
        if self.delta is not None:
            parts["code"] = s.code * code_loss(self.delta)
        return {"loss": torch.stack(list(parts.values())).sum(), **parts}

    def _predict(self, noisy: Tensor, t: Tensor, text: TextStates, grad: bool = True) -> Tensor:
        """The UNet's prediction (B, C, h, w) in float32, with the context as it is now."""
        device, factor = self.base.device.type, self.base.vae_factor
        added = text.added(noisy.shape[-2] * factor, noisy.shape[-1] * factor)
        with torch.set_grad_enabled(grad), torch.autocast(device, self.amp, enabled=bool(self.amp)):
            unet = cast(Any, self.base.unet)
            out = unet(noisy, t, encoder_hidden_states=text.tokens, **added).sample
        return cast(Tensor, out.float())

    def _timesteps(self, batch: int, generator: torch.Generator) -> Tensor:
        """One uniform draw in each of ``batch`` equal parts of the schedule, (B,) int64."""
        part = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        return (part * len(self.schedule.alphas)).long().to(self.base.device)

    def _condition(
        self, photo: Tensor, generator: torch.Generator
    ) -> tuple[TextStates, Tensor, Tensor, Tensor]:
        """Text of B captions, subject masks (B, S), tokens (B, N, C) and which are on (B,)."""
        s, batch = self.settings, len(photo)
        u = torch.rand(batch, generator=generator)
        no_text = (u < s.drop_text) | (u >= 1 - s.drop_both)
        no_identity = ((u >= s.drop_text) & (u < s.drop_text + s.drop_identity)) | (
            u >= 1 - s.drop_both
        )
        which = torch.randint(len(self.texts) - 1, (batch,), generator=generator)
        which[no_text] = len(self.texts) - 1
        # Half of the samples lean towards their own photo's code: what is particular to a photo
        # (pose, expression) is then explained by the code, not learnt into the weights.
        lean = torch.rand(batch, generator=generator) * (
            torch.rand(batch, generator=generator) < 0.5
        )
        lean = lean.to(self.mean).view(-1, 1, 1)
        w = self.mean + lean * (self.codes[photo.to(self.codes.device)] - self.mean)
        tokens = identity_tokens(self.base.unet, w)
        on = (~no_identity).to(tokens)
        return self.texts[which], self.subjects[which], tokens, on


def identity_on(
    context: IdentityContext, tokens: Tensor, subject: Tensor, on: Tensor | None = None
) -> list[Tensor]:
    """Switch the identity on with these tokens; returns the list that will hold every layer's M."""
    context.tokens, context.subject, context.scale = tokens, subject, 1.0
    context.on, context.levels = on, None
    context.use_map, context.record = True, True
    return context.maps
