"""From what is measured in photographs of a face to the W+ code of a drawn one like it.

Photographed and drawn people are two populations, and one and the same networks measure both
(`core/faces/face_vector.py`). A measure that lies 1.5 deviations above the mean of photographed
people is to lie as far above that of drawn ones. Which code does it is a linear Gaussian question:
the drawn world says how its factors (width of the jaw, length of the nose, …) move each measure
and the encoder's codes, and how people differ in them; photos say how far a measure can be
trusted. Skin and the colour and cut of the hair come from the code that was found by drawing.
Formulas: docs/method.md, section 2.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.wplus.seeker import Seeker

EXAGGERATE = 1.3  # how far what is particular about a face's shape goes; 1 is the likeliest
LIMIT = 3.0  # deviations; a measure further out is a mistake of the networks more often than not
CUT_DOUBT, COLOUR_DOUBT = 0.3, 0.01  # variance of a factor read in a photograph's code
EDGE = 1.4  # of a factor; drawn people have up to 1
WORN = 0.6  # what a code must say of glasses to keep them; less is a shadow around the eyes
FREE_MOOD = 0.3  # of the variance of moods: a face that always smiles may
SEEN = 0.8  # deviations towards photographs from which faces count as photographed
#: Read in the code that was found by drawing, not in the measures.
COLOURS = ("skin", "undertone", "hair_r", "hair_g", "hair_b")
BEARD = {"moustache": "moustache_L", "chin_beard": "chin_L", "cheek_beard": "jaw_L"}
SHADOW, BLACK = 0.3, 2.0  # deviations of darkness: none up to here, and all of it so much on
#: Shapes of hair, of which a person has one; squared shares choose more clearly.
CUTS = (
    "hair_bald", "hair_buzz", "hair_short", "hair_sidepart", "hair_crop", "hair_bob",
    "hair_straight", "hair_wavy", "hair_ponytail", "hair_bun", "hair_curls",
)  # fmt: skip
#: Measures that the photographs' light decides more than the person.
LIT = ("skin_L", "skin_a", "skin_b", "hair_L", "hair_a", "hair_b")


def as_photographed(seeker: Seeker, vectors: list[dict[str, float] | None]) -> bool:
    """Whether a person's pictures are photographs, by the faces in them: the mean over pictures.

    Drawn faces have larger eyes under higher brows than photographed ones, and less grain.
    Pictures in which the mesh sees no face do not count; without any it is no.
    """
    rows = _matrix(seeker, vectors)
    if not len(rows):
        return False
    along = torch.nan_to_num(rows - seeker.drawn_mean) @ seeker.axis
    return bool(along.mean() - seeker.bound > SEEN)


def sought_shift(
    seeker: Seeker,
    vectors: list[dict[str, float] | None],
    code: Tensor,
    encoded: Tensor | None = None,
    exaggerate: float = EXAGGERATE,
) -> Tensor:
    """What to add to the code of a photographed person so that drawings of it have their measures.

    Args:
        vectors: of the photos. code: (L, D), found by drawing.
        encoded: (L, D), the encoder's own, which sees long hair better than the search does; it
            says half of how hair is cut.
        exaggerate: how much further than the likeliest drawing a face's own shape goes.

    Returns:
        (L, D) float32; zeros where no photo shows a face.
    """
    rows = _matrix(seeker, vectors)
    if not len(rows):
        return torch.zeros_like(code)
    now = seeker.read_none + torch.einsum("kld,ld->k", seeker.read.double(), code.double())
    wanted = _likeliest(seeker, *_standing(seeker, rows), now)
    own = torch.tensor([_is_shape(name) for name in seeker.factors])
    far = seeker.factor_mean + exaggerate * (wanted - seeker.factor_mean)
    wanted = torch.where(own, far.clamp(-EDGE, EDGE), wanted)
    wanted = _bearded(seeker, wanted, _standing(seeker, rows)[0])
    cut = torch.tensor([name in CUTS for name in seeker.factors])
    shares = wanted[cut].clamp(min=0).square()
    wanted[cut] = shares / shares.sum().clamp(min=1e-6)
    glasses = torch.tensor([name.startswith("glasses_") for name in seeker.factors])
    wanted = torch.where(glasses, torch.where(now > WORN, now, 0), wanted)
    return torch.einsum("k,kld->ld", wanted - now, seeker.coded).to(code.dtype)


def _matrix(seeker: Seeker, vectors: list[dict[str, float] | None]) -> Tensor:
    """The measures of the pictures that show a face, (P, J) float64."""
    found = [[vector[name] for name in seeker.measures] for vector in vectors if vector]
    return torch.from_numpy(np.array(found, np.float64).reshape(len(found), len(seeker.measures)))


def _standing(seeker: Seeker, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Where a person stands among photographed people, in deviations (J,), and how uncertain that
    is (J,), a variance; what no photo shows is unknown."""
    count = (~rows.isnan()).sum(0)
    middle = rows.nanmedian(0).values if len(rows) > 2 else rows.nanmean(0)
    standing = (middle - seeker.photo_mean) / seeker.photo_between
    doubt = (seeker.photo_within / seeker.photo_between).square() / count.clamp(min=1)
    lit = torch.tensor([name in LIT for name in seeker.measures])
    unknown = (count == 0) | lit
    standing = torch.nan_to_num(standing).clamp(-LIMIT, LIMIT)
    return torch.where(unknown, 0, standing), torch.where(unknown, 1e3, doubt)


def _likeliest(seeker: Seeker, standing: Tensor, doubt: Tensor, now: Tensor) -> Tensor:
    """The factors (K,) of the likeliest drawn person with these measures, whose skin and hair are
    like those of the code that there is."""
    names = seeker.factors
    taken = [k for k, name in enumerate(names) if name in COLOURS or name.startswith("hair_")]
    trust = torch.tensor([COLOUR_DOUBT if names[k] in COLOURS else CUT_DOUBT for k in taken])
    scale = torch.tensor([FREE_MOOD**0.5 if n.startswith("mood_") else 1.0 for n in names])
    spread = seeker.factor_spread * scale[:, None] * scale
    at = torch.eye(len(names)).double()[taken]
    moved = torch.cat([seeker.measured, at])  # (J + T, K)
    mean = seeker.factor_mean
    missed = torch.cat([standing - seeker.measured_none, now[taken]]) - moved @ mean
    noise = torch.cat([seeker.unexplained + doubt, seeker.misread[taken] + trust])
    missed[: len(standing)] = missed[: len(standing)]
    gain = spread @ moved.T
    return mean + gain @ torch.linalg.solve(moved @ gain + noise.diag(), missed)


def _bearded(seeker: Seeker, wanted: Tensor, standing: Tensor) -> Tensor:
    """Factors (K,) with the beard that is seen: the likeliest gives one to whoever has a man's jaw.

    A part of a beard is there as far as its place is darker against the skin than usual."""
    parts = {}
    for factor, measure in BEARD.items():
        darker = -standing[seeker.measures.index(measure)] if measure in seeker.measures else 0
        parts[factor] = torch.as_tensor((darker - SHADOW) / BLACK).clamp(0, 1)
    shown = max(parts.values()) > 0
    made = wanted.clone()
    for k, name in enumerate(seeker.factors):
        if name in parts:
            made[k] = parts[name]
        elif name == "stubble":
            made[k] = wanted[k].clamp(0, 0.5) if shown else 0
    return made


def _read(seeker: Seeker, code: Tensor) -> Tensor:
    """Factors (K,) of a code (L, D)."""
    return seeker.read_none + torch.einsum("kld,ld->k", seeker.read, code.double())


def _is_shape(name: str) -> bool:
    return not (name in COLOURS or name.startswith(("hair_", "mood_")))
