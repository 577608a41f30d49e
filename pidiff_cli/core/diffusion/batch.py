"""What one training step learns from, and how it is split where memory is short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """What one step learns from; B pictures.

    Attributes:
        latents, noise: (B, C, h, w). mask: (B, 1, h, w), 1 on the head. t: (B,) timesteps.
        which: (B,) index of the caption. w: (B, L, D) codes before Δw.
        on: (B,), 0 drops the identity. keep: whether the preserve term is checked.
        seen: share of the whole batch whose caption names the subject.
    """

    latents: Tensor
    mask: Tensor
    noise: Tensor
    t: Tensor
    which: Tensor
    w: Tensor
    on: Tensor
    keep: bool
    seen: float

    def __len__(self) -> int:
        return len(self.latents)

    def split(self, count: int) -> Iterator[Batch]:
        """Parts of ``count`` pictures or fewer; weighted by size their losses add up to the whole.

        Gradients accumulate over the parts where the whole has no room.
        """
        names = ("latents", "mask", "noise", "t", "which", "w", "on")
        for start in range(0, len(self), count):
            part = {name: getattr(self, name)[start : start + count] for name in names}
            yield replace(self, **part)
