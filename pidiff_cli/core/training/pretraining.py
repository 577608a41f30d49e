"""Train a general identity branch: many people, one branch, before anybody's adapter.

The losses are the W+ adapter's published stage 2 (``train_wild_loss``) and L_loc
(docs/method.md, section 5.1). A step
is a function of a batch, the parameters and a generator alone, so that accelerate can spread it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt, subjects, text_states
from pidiff_cli.core.identity.attention import BRANCH, cross_attentions
from pidiff_cli.core.training.losses import locate_loss, train_wild_loss
from pidiff_cli.core.training.schedule import NoiseSchedule
from pidiff_cli.core.training.step import identity_on

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base
    from pidiff_cli.core.diffusion.prompts import TextStates


@dataclass(frozen=True)
class GeneralLosses:
    """Weights of the losses and shares of the dropouts; the first two as the reference ran."""

    disentangle: float = 2.0
    preserve: float = 1.0
    locate: float = 0.1
    drop_text: float = 0.05
    drop_identity: float = 0.05
    drop_both: float = 0.05


@dataclass(frozen=True)
class People:
    """Training pictures.

    Attributes:
        latents: (N, C, h, w), scaled. masks: (N, 1, h, w), 1 on the head.
        codes: (N, L, D). captions: completed prompts, one a picture.
    """

    latents: Tensor
    masks: Tensor
    codes: Tensor
    captions: list[EncodedPrompt]


def general_parameters(base: Base) -> dict[str, nn.Parameter]:
    """What is trained, by name: Q†, K†, V† of every layer and the projector; made float32."""
    found: dict[str, nn.Parameter] = {}
    parts = [
        (f"{n}.{b}", getattr(attn, b)) for n, attn in cross_attentions(base.unet) for b in BRANCH
    ]
    for name, part in [*parts, ("identity_projector", base.projector)]:
        for key, parameter in cast(nn.Module, part).float().named_parameters():
            parameter.requires_grad_(True)
            found[f"{name}.{key}"] = parameter
    return found


class GeneralTrainer:
    """The loss of one step; all that stays the same over a run."""

    def __init__(
        self, base: Base, people: People, losses: GeneralLosses, amp: torch.dtype | None = None
    ) -> None:
        self.base, self.people, self.losses, self.amp = base, people, losses, amp
        self.schedule = NoiseSchedule.of(base)
        captions = [*people.captions, encode_prompt(base, "", "")]  # the empty one is last
        self.texts, self.subjects = text_states(base, captions), subjects(captions, base.device)

    def loss(self, batch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw a batch and return its ``loss`` with the parts; every random number is given.

        The identity stays on for the backward pass; ``base.context.clear()`` ends it.
        """
        base, device = self.base, self.base.device
        base.context.clear()
        pick = torch.randint(len(self.people.latents), (batch,), generator=generator)
        z, mask = self.people.latents[pick].to(device), self.people.masks[pick].to(device)
        no_text, no_identity = self._dropped(batch, generator)
        which = pick.where(~no_text, torch.tensor(len(self.texts) - 1))
        text, subject = self.texts[which.to(device)], self.subjects[which.to(device)]
        code = self.people.codes[pick]
        other = perturbed(code, self.people.codes, generator)
        keep = (~no_identity).to(code).view(-1, 1, 1)  # dropped: the zero code, as published
        noise = torch.randn(z.shape, generator=generator).to(z)
        t = torch.randint(len(self.schedule.alphas), (batch,), generator=generator).to(device)
        noisy, target = self.schedule.noisy(z, noise, t), self.schedule.target(z, noise, t)
        with torch.no_grad():
            own = self._predict(noisy, t, text)
            self._switch_on(other * keep, subject)
            astray = self._predict(noisy, t, text)
        self._switch_on(code * keep, subject)
        prediction, maps = self._predict(noisy, t, text), base.context.take_maps()
        s = self.losses
        found = train_wild_loss(
            prediction, target.float(), astray, own, mask, s.disentangle, s.preserve
        )
        parts = {key: found[key] for key in ("rec", "disen", "preserve")}
        loss, seen = found["loss"], subject.any(dim=1)
        if s.locate > 0 and maps and seen.any():
            parts["locate"] = locate_loss([m[seen] for m in maps], mask[seen])
            loss = loss + s.locate * parts["locate"]
        return {"loss": loss, **parts}

    def _switch_on(self, code: Tensor, subject: Tensor) -> None:
        with torch.autocast(self.base.device.type, self.amp, enabled=bool(self.amp)):
            tokens = self.base.projector(code.to(self.base.device))
        identity_on(self.base.context, tokens, subject)

    def _predict(self, noisy: Tensor, t: Tensor, text: TextStates) -> Tensor:
        factor = self.base.vae_factor
        added = text.added(noisy.shape[-2] * factor, noisy.shape[-1] * factor)
        unet = cast(Any, self.base.unet)
        with torch.autocast(self.base.device.type, self.amp, enabled=bool(self.amp)):
            return cast(
                Tensor, unet(noisy, t, encoder_hidden_states=text.tokens, **added).sample.float()
            )

    def _dropped(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Which samples have no caption, and which no identity: (B,) bool each."""
        s = self.losses
        u = torch.rand(batch, generator=generator)
        both = u >= 1 - s.drop_both
        identity = (u >= s.drop_text) & (u < s.drop_text + s.drop_identity)
        return (u < s.drop_text) | both, identity | both


def perturbed(own: Tensor, bank: Tensor, generator: torch.Generator) -> Tensor:
    """Codes (B, L, D) far from the person's, one kind a batch, as the reference draws them.

    Away along the line to another person's code; another's plus a multiple of the own, or of
    noise like the bank's; or the own plus a blend of two others. Enormous on purpose: off the face
    the prediction must not follow the code wherever it goes.

    Args:
        own: (B, L, D). bank: (N, L, D), whom the others are drawn from.
    """

    def someone() -> Tensor:
        return bank[torch.randint(len(bank), (len(own),), generator=generator)].to(own)

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    kind = uniform(0, 1)
    if kind < 0.5:
        other = someone()
        return other + (own - other) * uniform(-40, 40)
    if kind < 0.6:
        return someone() + own * (round(uniform(-60, 60)) / 10)
    if kind < 0.75:
        spread = bank.std(dim=0) if len(bank) > 1 else torch.ones_like(bank[0])
        noise = torch.randn(own.shape, generator=generator).to(own) * spread.to(own)
        return someone() + (bank.mean(dim=0).to(own) + noise) * (round(uniform(-80, 80)) / 10)
    share = uniform(0, 1)
    return own + share * someone() + (1 - share) * someone()


def batches(steps: int, done: int, seed: int) -> Iterator[tuple[int, torch.Generator]]:
    """Step numbers from ``done`` on, each with its own generator: a resumed run draws the same."""
    for step in range(done, steps):
        yield step, torch.Generator().manual_seed(seed * 1_000_003 + step)
