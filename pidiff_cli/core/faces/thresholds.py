"""From which cosine two faces are one person's: a number of each network, none of all.

| | SFace, photographs | mini's, drawings |
|---|---|---|
| people, faces | 24, 75 | 60, 360 |
| pairs of strangers above `pair` | 0.06 % (most 0.37) | 4.1 % |
| own pairs below it | none (least 0.50) | none |
| strangers above `person`, four faces | none (most 0.45) | 3.0 % |
| own faces below it | none (least 0.60) | none |

ArcFace's is its publishers' usual one; its weights are not here to be measured.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Threshold:
    """Cosines from which faces are one person's.

    Attributes:
        pair: between two faces.
        person: between a face and the mean of several of a person's, which is steadier.
    """

    pair: float
    person: float

    def accepts(self, cosine: float, faces: int) -> bool:
        """Whether a face is the person's, whose code is the mean over so many faces."""
        return cosine >= self.least(faces)

    def least(self, faces: int) -> float:
        """What a face needs against a code that is the mean over so many faces."""
        return self.person if faces > 1 else self.pair


THRESHOLDS = {
    # SFace's publisher names 0.363 for pairs.
    "sface": Threshold(0.363, 0.5),
    "sface-int8": Threshold(0.363, 0.5),
    "arcface": Threshold(0.35, 0.4),
    "mini": Threshold(0.55, 0.6),
}


def threshold_of(likeness: str) -> Threshold:
    """The threshold of a likeness network of `choice.KINDS`."""
    return THRESHOLDS[likeness]
