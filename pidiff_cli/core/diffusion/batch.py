"""What one training step learns from, and how it is split where memory is short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """What one step learns from; B pictures.

    Attributes:
        latents, noise: (B, C, h, w). mask: (B, 1, h, w), 1 on the head. t: (B,) timesteps.
        which: (B,) index of the caption. w: (B, L, D) codes before Δw.
        on: (B,), 0 drops the identity. keep: whether the preserve term is checked.
        seen: share of the whole batch whose caption names the subject.
        live: share of the whole batch that is here; pictures that teach nothing may be left out.
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
        names = ("latents", "mask", "noise", "t", "which", "w", "on")
        values: dict[str, Any] = {name: _at(getattr(self, name), rows) for name in names}
        return replace(self, **values)


def _at(values: Tensor, rows: Tensor | slice) -> Tensor:
    return values[rows.to(values.device) if isinstance(rows, Tensor) else rows]
