"""Train a general identity branch: many people, one branch, before anybody's adapter.

The losses are the W+ adapter's published stage 2 (``train_wild_loss``) and L_loc
(docs/method.md, section 5.1). A step is a function of its number, the seed and the parameters
alone. Every process draws the whole batch and computes its part of it, so that the mean over the
processes is the whole batch's, gradient and loss, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
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

ENCODED = 4096  # captions whose token ids are kept


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
    """Training pictures, which stay on the disk.

    Attributes:
        captions: one a picture.
        buckets: indices (n,) int64 of the pictures of each size; a batch is of one of them.
        bank: codes (M, L, D) that perturbed ones are drawn from.
        read: a picture by its index: ``latents`` (C, h, w), scaled, ``masks`` (1, h, w), 1 on the
            head, and ``codes`` (L, D), float32.
    """

    captions: list[str]
    buckets: list[Tensor]
    bank: Tensor
    read: Callable[[int], dict[str, Tensor]]


@dataclass(frozen=True)
class Part:
    """Which part of every batch a process computes: the ``rank``-th of ``of``."""

    rank: int = 0
    of: int = 1

    def rows(self, batch: int) -> slice:
        """Its pictures of a batch; all parts are of one size."""
        size = batch // self.of
        return slice(self.rank * size, (self.rank + 1) * size)


def general_parts(base: Base) -> Iterator[tuple[str, nn.Module]]:
    """What is trained: Q†, K†, V† of every layer and the projector, by name."""
    for name, attn in cross_attentions(base.unet):
        for part in BRANCH:
            yield f"{name}.{part}", cast(nn.Module, getattr(attn, part))
    yield "identity_projector", base.projector


def general_parameters(base: Base) -> dict[str, nn.Parameter]:
    """The trained parts' parameters, by name."""
    parts = general_parts(base)
    return {f"{n}.{key}": p for n, part in parts for key, p in part.named_parameters()}


def make_trainable(base: Base) -> None:
    """The trained parts in float32, with gradients."""
    for _, part in general_parts(base):
        part.float().requires_grad_(True)


def make_whole(base: Base, values: dict[str, Tensor]) -> None:
    """Put whole tensors in the place of trained parameters that are spread over processes."""
    for name, part in general_parts(base):
        for key, _ in list(part.named_parameters()):
            path, _, last = key.rpartition(".")
            setattr(part.get_submodule(path), last, nn.Parameter(values[f"{name}.{key}"]))


class GeneralTrainer(nn.Module):
    """The loss of one step; all that stays the same over a run.

    A module that holds the UNet, for whatever spreads modules over processes.
    """

    def __init__(
        self,
        base: Base,
        people: People,
        losses: GeneralLosses,
        amp: torch.dtype | None = None,
        part: Part | None = None,
    ) -> None:
        super().__init__()
        self.unet, self.base, self.people = base.unet, base, people
        self.losses, self.amp, self.part = losses, amp, part or Part()
        self.schedule = NoiseSchedule.of(base)
        self.encoded = lru_cache(ENCODED)(lambda text, noun: encode_prompt(base, text, noun))

    def forward(self, batch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw a batch; the loss of this process's part of it. Every random number is given.

        The identity stays on for the backward pass; ``base.context.clear()`` ends it.

        Args:
            batch: pictures of all processes together.
        Returns: ``loss`` and its parts; their means over the processes are the batch's.
        """
        base, device, rows = self.base, self.base.device, self.part.rows(batch)
        base.context.clear()
        pick = self._picked(batch, generator)
        no_text, no_identity = self._dropped(batch, generator)
        prompts = self._prompts(pick, no_text)
        found = [self.people.read(int(i)) for i in pick[rows]]
        z, mask, code = (
            torch.stack([item[key] for item in found]) for key in ("latents", "masks", "codes")
        )
        z, mask = z.to(device, base.dtype), mask.to(device, base.dtype)
        other = perturbed(code, self.people.bank, generator, batch, rows)
        keep = (~no_identity[rows]).to(code).view(-1, 1, 1)  # dropped: the zero code, as published
        t = torch.randint(len(self.schedule.alphas), (batch,), generator=generator)[rows].to(device)
        noise = _noise(z.shape, generator, batch, rows).to(z)
        return self._losses(z, mask, code * keep, other * keep, noise, t, prompts)

    def _losses(
        self,
        z: Tensor,
        mask: Tensor,
        code: Tensor,
        other: Tensor,
        noise: Tensor,
        t: Tensor,
        prompts: list[EncodedPrompt],
    ) -> dict[str, Tensor]:
        """Of a process's pictures, the whole batch's prompts beside them."""
        base, own_rows = self.base, self.part.rows(len(prompts))
        text = text_states(base, prompts[own_rows])
        subject = subjects(prompts[own_rows], base.device)
        base.context.size = z.shape[-2], z.shape[-1]
        noisy, target = self.schedule.noisy(z, noise, t), self.schedule.target(z, noise, t)
        with torch.no_grad():
            own = self._predict(noisy, t, text)
            self._switch_on(other, subject)
            astray = self._predict(noisy, t, text)
        self._switch_on(code, subject)
        prediction, maps = self._predict(noisy, t, text), base.context.take_maps()
        s = self.losses
        found = train_wild_loss(
            prediction, target.float(), astray, own, mask, s.disentangle, s.preserve
        )
        parts = {key: found[key] for key in ("rec", "disen", "preserve")}
        loss, seen = found["loss"], subject.any(dim=1)
        if s.locate > 0 and maps and seen.any():
            everywhere = sum(bool(p.subject.any()) for p in prompts)  # of the whole batch
            share = float(seen.sum()) * self.part.of / everywhere  # 1 for one process
            parts["locate"] = share * locate_loss([m[seen] for m in maps], mask[seen])
            loss = loss + s.locate * parts["locate"]
        return {"loss": loss, **parts}

    def _picked(self, batch: int, generator: torch.Generator) -> Tensor:
        """Indices (B,) of pictures of one size; every picture as likely as any other."""
        sizes = torch.tensor([float(len(b)) for b in self.people.buckets])
        bucket = self.people.buckets[int(torch.multinomial(sizes, 1, generator=generator))]
        return bucket[torch.randint(len(bucket), (batch,), generator=generator)]

    def _prompts(self, pick: Tensor, no_text: Tensor) -> list[EncodedPrompt]:
        captions = [self.people.captions[int(i)] for i in pick]
        return [
            self.encoded("", "") if none else self.encoded(text, "person")
            for text, none in zip(captions, no_text.tolist(), strict=True)
        ]

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


def perturbed(
    own: Tensor,
    bank: Tensor,
    generator: torch.Generator,
    batch: int | None = None,
    rows: slice = slice(None),
) -> Tensor:
    """Codes (B, L, D) far from the person's, one kind a batch, as the reference draws them.

    Away along the line to another person's code; another's plus a multiple of the own, or of
    noise like the bank's; or the own plus a blend of two others. Enormous on purpose: off the face
    the prediction must not follow the code wherever it goes.

    Args:
        own: (B, L, D). bank: (N, L, D), whom the others are drawn from.
        batch, rows: the whole batch's size and which of it ``own`` is.
    """
    batch = len(own) if batch is None else batch

    def someone() -> Tensor:
        return bank[torch.randint(len(bank), (batch,), generator=generator)[rows]].to(own)

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
        noise = _noise(own.shape, generator, batch, rows).to(own) * spread.to(own)
        return someone() + (bank.mean(dim=0).to(own) + noise) * (round(uniform(-80, 80)) / 10)
    share = uniform(0, 1)
    return own + share * someone() + (1 - share) * someone()


def _noise(shape: torch.Size, generator: torch.Generator, batch: int, rows: slice) -> Tensor:
    """Normal noise of some rows of a batch, each of a seed of its own: others' are not drawn."""
    seeds = torch.randint(2**62, (batch,), generator=generator)[rows]
    drawn = [
        torch.randn(shape[1:], generator=torch.Generator().manual_seed(int(seed))) for seed in seeds
    ]
    return torch.stack(drawn)


def batches(steps: int, done: int, seed: int) -> Iterator[tuple[int, torch.Generator]]:
    """Step numbers from ``done`` on, each with its own generator: a resumed run draws the same."""
    for step in range(done, steps):
        yield step, torch.Generator().manual_seed(seed * 1_000_003 + step)
