"""Who of a gallery of people with traits is in a picture: the judge's word with a trait network's.

The judge (``core/metrics/judge.py``) tells a group of five from the others and hardly one of the
five from another; the trait network was taught just that, on other people.  Both compare a
picture's aligned face with the gallery's references, and their cosines are weighed.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.drawings import to_tensor
from benchmarks.rivals.traits.drawings import references, sources
from benchmarks.rivals.traits.net import FILE, TraitNet, load_net
from pidiff_cli.core.metrics.judge import Judge

WEIGHT = 0.4  # of the trait network's cosine, chosen on the validation gallery


def trait_digest() -> str:
    """Changes with the network, its weight and the drawings it compares with."""
    digest = hashlib.sha256(FILE.read_bytes() + f"{WEIGHT}{sources()}".encode())
    return digest.hexdigest()[:8]


class TraitJudge:
    """Finds the person of a picture among those of a gallery."""

    def __init__(self, judge: Judge, net: TraitNet | None = None, weight: float = WEIGHT) -> None:
        self.judge, self.net, self.weight = judge, net or load_net(), weight
        self._middles: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    @torch.inference_mode()
    def vectors(self, aligned: np.ndarray) -> tuple[Tensor, Tensor]:
        """Unit vectors (B, 128) of who and (B, 48) of which trait of faces u8 (B, 128, 128, 3)."""
        x = to_tensor(aligned)
        parts = [self.net.embed(self.net.features(part)) for part in x.split(64)]
        return self.judge.embed(x), torch.cat(parts)

    def middles(self, ids: list[int]) -> tuple[Tensor, Tensor]:
        """A gallery's people by both networks: the means of their references' vectors."""
        if tuple(ids) not in self._middles:
            who, trait = self.vectors(references(ids).plain)
            means = [F.normalize(v.view(len(ids), -1, v.shape[-1]).mean(1), dim=-1)
                     for v in (who, trait)]  # fmt: skip
            self._middles[tuple(ids)] = means[0], means[1]
        return self._middles[tuple(ids)]

    def scores(self, aligned: np.ndarray, ids: list[int]) -> Tensor:
        """(B, P) in [-1, 1]: how alike faces u8 (B, 128, 128, 3) and a gallery's people are."""
        who, trait = (
            vectors @ middle.T
            for vectors, middle in zip(self.vectors(aligned), self.middles(ids), strict=True)
        )
        return (1 - self.weight) * who + self.weight * trait

    def found(self, aligned: np.ndarray, ids: list[int]) -> list[int]:
        """The id that each face u8 (B, 128, 128, 3) is most like."""
        return [ids[place] for place in self.scores(aligned, ids).argmax(1).tolist()]
