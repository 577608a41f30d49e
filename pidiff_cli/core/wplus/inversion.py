"""Faces to W+ codes (docs/method.md, section 2): encode, average, refine by optimisation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.wplus.stylegan2 import Generator


@torch.no_grad()
def invert(encoder: nn.Module, latent_avg: Tensor, faces: Tensor, batch: int = 16) -> Tensor:
    """Aligned faces on white (B, 3, S, S) RGB in [-1, 1] -> W+ codes (B, L, D) = E(x) + mean.

    latent_avg: (L, D). The encoder must be in eval mode; it sees `batch` faces at a time.
    """
    parts = [encoder(part) + latent_avg for part in faces.split(batch)]
    return torch.cat(parts) if parts else latent_avg.new_zeros(0, *latent_avg.shape)


def robust_mean(
    codes: Tensor, quality: Tensor | Sequence[float] | None = None, rounds: int = 30
) -> tuple[Tensor, Tensor]:
    """A quality-weighted geometric median, then a mean without the outliers.

    Args:
        codes: (P, L, D), one a photo.
        quality: (P,) non-negative weights; equal if None or all zero.

    Returns:
        the mean (L, D) and the weights (P,) >= 0 that made it, summing to 1. A photo further from
        the median than three typical distances gets no weight, one beyond half of that less.
    """
    if codes.ndim != 3 or not len(codes):
        raise ValueError(f"expected codes (P, L, D) of at least one photo, got {codes.shape}")
    flat = codes.flatten(1).double()  # (P, L*D)
    prior = torch.as_tensor([1.0] * len(flat) if quality is None else quality).double().clamp(min=0)
    prior = torch.ones_like(prior) if prior.sum() == 0 else prior
    prior = prior / prior.sum()
    weights = prior
    for _ in range(rounds):  # Weiszfeld
        middle = weights @ flat
        distance = (flat - middle).norm(dim=1)
        weights = prior / distance.clamp(min=1e-6 * float(distance.max()) + 1e-12)
        weights = weights / weights.sum()
    distance = (flat - weights @ flat).norm(dim=1)
    typical = _weighted_median(distance, prior)
    if len(flat) > 2 and typical > 0:
        weights = prior * ((3 - distance / typical) / 1.5).clamp(0, 1)
    else:
        weights = prior
    weights = weights / weights.sum()
    mean = (weights @ flat).view(codes.shape[1:])
    return mean.to(codes.dtype), weights.to(codes.dtype)


def _weighted_median(values: Tensor, weights: Tensor) -> Tensor:
    order = values.argsort()
    reached = weights[order].cumsum(0) >= 0.5 * weights.sum() - 1e-12
    return values[order][reached.to(torch.int64).argmax()]


class Refined(NamedTuple):
    """codes (B, L, D), the error before and after, and how far the codes moved, in spreads."""

    codes: Tensor
    error_before: float
    error_after: float
    moved: float


def refine(
    generator: Generator,
    w0: Tensor,
    faces: Tensor,
    steps: int = 100,
    embedder: Callable[[Tensor], Tensor] | None = None,
    spread: float | Tensor | None = None,
    keep: float = 0.05,
    rate: float = 0.02,
    identity: float = 0.5,
    advance: Callable[[int, float], None] | None = None,
) -> Refined:
    """Move codes so that the generator's pictures match the faces, without leaving w0 by much.

    Minimises the picture error (pyramid of L1) + identity * (1 - cosine of embeddings)
    + keep * |(w - w0) / spread|^2; the best step is returned, so the error never grows.

    Args:
        w0: (B, L, D); faces: (B, 3, S, S) in [-1, 1] on white, S the generator's size.
        embedder: pictures -> unit vectors, frozen; None leaves identity out.
        spread: typical size of (w - mean), scalar or (L, 1); the rms of w0 if None.
        rate: Adam's step in units of the spread.
        advance: called with (step, loss).
    """
    scale = torch.as_tensor(spread if spread is not None else w0.square().mean().sqrt()).to(w0)
    with torch.no_grad():
        target = embedder(faces) if embedder else None
    shift = torch.zeros_like(w0, requires_grad=True)  # in spreads
    optimizer = torch.optim.Adam([shift], lr=rate)
    best, first, best_shift = float("inf"), 0.0, torch.zeros_like(w0)
    with frozen(generator):
        for step in range(steps + 1):
            made = generator.synthesise(w0 + shift * scale)
            error = picture_error(made, faces)
            if embedder is not None and target is not None:
                error = error + identity * (1 - (embedder(made) * target).sum(1)).mean()
            loss = error + keep * shift.square().mean()
            value = float(loss.detach())
            first = value if step == 0 else first
            if value < best:
                best, best_shift = value, shift.detach().clone()
            if advance:
                advance(step, value)
            if step < steps:
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
    moved = float(best_shift.square().mean().sqrt())
    return Refined(w0 + best_shift * scale, first, best, moved)


@contextmanager
def frozen(net: nn.Module) -> Iterator[None]:
    """While it lasts the net's weights get no gradient; then those that had one have it again."""
    learning = [p for p in net.parameters() if p.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


def picture_error(made: Tensor, faces: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean absolute error at full, half and quarter size; (B, 3, S, S) both.

    Args:
        weight: (1, 1, S, S), what a place counts; None for all alike.
    """
    error = torch.zeros((), device=made.device)
    for size in range(3):
        if size:
            made, faces = F.avg_pool2d(made, 2), F.avg_pool2d(faces, 2)
            weight = None if weight is None else F.avg_pool2d(weight, 2)
        each = (made - faces).abs()
        error = error + (
            each.mean() if weight is None else (each * (weight / weight.mean())).mean()
        )
    return error / 3
