"""Mixing and editing W+ codes (docs/method.md, section 7); pure functions that keep float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pidiff_cli.errors import InputError, UsageError

GROUPS = ("coarse", "medium", "fine")


def groups_for(rows: int) -> dict[str, tuple[int, int]]:
    """Half-open row ranges: thirds of four at 12 rows; 0-4, 4-8 and the rest at 18."""
    if rows < 9:
        raise ValueError(f"a code of {rows} rows has no three groups")
    return {"coarse": (0, 4), "medium": (4, 8), "fine": (8, rows)}


def mix(
    wa: Tensor,
    wb: Tensor,
    groups: Sequence[str] | Mapping[str, float],
    amount: float = 1.0,
) -> Tensor:
    """Codes (..., L, D): wa with the named groups moved toward wb.

    Args:
        groups: names among coarse, medium, fine; or a mapping name -> its own amount.
        amount: 0 keeps wa, 1 takes wb; multiplies each group's own amount.
    """
    if wa.shape[-2:] != wb.shape[-2:]:
        raise UsageError(
            f"codes of {tuple(wa.shape[-2:])} and {tuple(wb.shape[-2:])} cannot be mixed",
            "use two profiles made with the same base",
        )
    ranges = groups_for(wa.shape[-2])
    amounts = dict(groups) if isinstance(groups, Mapping) else dict.fromkeys(groups, 1.0)
    if unknown := sorted(set(amounts) - set(ranges)):
        raise UsageError(f"no group is called {unknown[0]!r}", "take coarse, medium or fine")
    share = wa.new_zeros(wa.shape[-2], 1)  # (L, 1)
    for name, own in amounts.items():
        if not 0 <= own * amount <= 1:
            raise UsageError(f"the amount of {name} must lie in 0 to 1, not {own * amount:g}")
        start, stop = ranges[name]
        share[start:stop] = own * amount
    mixed = torch.lerp(wa, wb.to(wa.dtype), share)
    return torch.where(share == 1, wb.to(wa.dtype), mixed)  # exact at both ends


def add_direction(
    w: Tensor, direction: Tensor, strength: float, rows: tuple[int, int] | None = None
) -> Tensor:
    """w (..., L, D) + strength * direction on rows [start, stop), all of them if None.

    direction: (D,), (1, D) or (L, D), also with a leading 1; converted to w's dtype.
    """
    shift = direction.to(w).reshape(-1, w.shape[-1])
    if shift.shape[0] not in (1, w.shape[-2]):
        raise InputError(
            f"a direction of {shift.shape[0]} rows does not fit a code of {w.shape[-2]}",
            "take a direction made for this base",
        )
    shift = shift.expand(w.shape[-2], -1) * strength
    if rows is not None:
        index = torch.arange(w.shape[-2], device=w.device)[:, None]
        shift = shift * ((index >= rows[0]) & (index < rows[1]))
    return w + shift


class GanSpaceEdit(NamedTuple):
    """One GANSpace edit: component, rows [start, stop), target strength in standard deviations."""

    component: int
    start: int
    stop: int
    strength: float


def ganspace_delta(
    w: Tensor, mean: Tensor, components: Tensor, deviations: Tensor, edit: GanSpaceEdit
) -> Tensor:
    """What to add to w (B, L, D) so that its coordinate on a component becomes the strength.

    The coordinate is read from row 0 only, whatever rows are edited, as published; so the edit is
    absolute, and repeating it changes nothing if row 0 is among the rows.

    Args:
        mean: (1, D); components: (K, 1, D) or (K, D), orthonormal; deviations: (K,).
    """
    component = components[edit.component].reshape(1, -1)  # (1, D)
    deviation = deviations[edit.component]
    coordinate = ((w[:, 0] - mean.reshape(1, -1)) * component).sum(-1, keepdim=True) / deviation
    shift = (edit.strength - coordinate) * component * deviation  # (B, D)
    delta = torch.zeros_like(w)
    delta[:, edit.start : edit.stop] = shift[:, None].to(w)
    return delta


def interpolate(wa: Tensor, wb: Tensor, count: int) -> Tensor:
    """`count` codes from wa to wb (L, D), both included: (count, L, D)."""
    steps = torch.linspace(0, 1, count, dtype=wa.dtype)[:, None, None]
    return torch.lerp(wa[None], wb[None], steps)
