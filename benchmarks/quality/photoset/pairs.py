"""Same person or not: over all pairs of labelled faces."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.quality.photoset.finding import main_place
from benchmarks.quality.photoset.labels import Labelled, Truth
from benchmarks.quality.photoset.program import Sight


def measure(photos: list[Labelled], sight: Sight, truth: dict[str, Truth]) -> dict[str, Any]:
    """AUC, true accepts at 1 % false ones, and both rates at the program's threshold for pairs."""
    networks = next(iter(sight.values())).networks
    threshold = networks.threshold.pair
    codes: list[np.ndarray] = []
    people: list[str] = []
    for photo in (p for p in photos if p.person and p.single):
        seen = sight[photo.path.name]
        place = main_place(seen, truth.get(photo.path.name))
        if place is not None:
            codes.append(seen.codes[place])
            people.append(photo.person)
    pairs = list(combinations(range(len(codes)), 2))
    alike = np.array([float(codes[a] @ codes[b]) for a, b in pairs])
    same = np.array([people[a] == people[b] for a, b in pairs])
    own, others = alike[same], alike[~same]
    at_one = float(np.quantile(others, 0.99))
    return {
        "network": networks.likeness, "faces": len(codes), "people": len(set(people)),
        "same_pairs": len(own), "other_pairs": len(others),
        "auc": round(auc(own, others), 4),
        "tar_at_far_1": round(float((own > at_one).mean()), 3), "cosine_at_far_1": round(at_one, 3),
        "threshold": threshold,
        "far": round(float((others >= threshold).mean()), 4),
        "tar": round(float((own >= threshold).mean()), 4),
        "same_quantiles_1_50": np.round(np.quantile(own, [0.01, 0.5]), 3).tolist(),
        "other_quantiles_50_99_max": np.round(np.quantile(others, [0.5, 0.99, 1]), 3).tolist(),
    }  # fmt: skip


def auc(high: np.ndarray, low: np.ndarray) -> float:
    """The share of pairs (one of each) in which the first is greater; ties count half."""
    order = np.sort(low)
    below = np.searchsorted(order, high, "left")
    upto = np.searchsorted(order, high, "right")
    return float((below + upto).mean() / 2 / len(low))
