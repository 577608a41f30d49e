"""How near a face is to photos held out and to photos learnt from, and copy-paste between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SMALLEST = 1e-3  # radians between held-out and learnt photos, below which they are the same


@dataclass(frozen=True)
class Nearness:
    """One face against a person's photos, by one encoder.

    Attributes:
        held_out: mean cosine with the photos held out; None without any.
        learnt_from: mean cosine with the photos learnt from.
        nearest: the largest cosine with one of those.
        copy_paste: -1 to 1, see `copy_paste`; None without photos held out.
    """

    held_out: float | None
    learnt_from: float
    nearest: float
    copy_paste: float | None


def nearness(face: np.ndarray, learnt: np.ndarray, held_out: np.ndarray | None) -> Nearness:
    """A face (E,) against photos learnt from (R, E) and held out (H, E), all of unit length."""
    own = learnt @ face
    other = None if held_out is None else float((held_out @ face).mean())
    pasted = None if held_out is None else copy_paste(face, learnt, held_out)
    return Nearness(other, float(own.mean()), float(own.max()), pasted)


def copy_paste(face: np.ndarray, learnt: np.ndarray, held_out: np.ndarray) -> float | None:
    """WithAnyone's copy-paste measure (Xu 2025): (θ_gt - θ_gr) / θ_tr.

    θ is the angle between unit embeddings: of the face (E,) with the truth, here the photos held
    out (H, E); of the face with the references, here those learnt from (R, E); of truth and
    references. With several photos each θ is the mean over all pairs, which leaves the definition
    as it is for one and one, stays within -1 and 1 (triangle inequality), and does not call a new
    photo a copy because there are more photos of one kind than of the other.

    Returns: 0 as near to the one as to the other, above 0 nearer to what was learnt from, 1 a copy
        of a single reference; None where held-out and learnt photos are the same.
    """
    between = float(angles(held_out, learnt).mean())
    if between < SMALLEST:
        return None
    truth, reference = angles(held_out, face[None]).mean(), angles(learnt, face[None]).mean()
    return float((truth - reference) / between)


def own_copying(learnt: np.ndarray, held_out: np.ndarray) -> tuple[float, float] | None:
    """What copy-paste reads of real photos: the scale of a person's own.

    Photos learnt from (R, E) and held out (H, E) differ in pose, light and years, so that 0 is not
    what a new photo of the kind learnt from would read.

    Returns: of such new photos (each learnt one against the others, on average), and of copies
        (each against all, itself among them); None for fewer than two, or where both are the same.
    """
    if len(learnt) < 2:
        return None
    rest = [np.delete(learnt, i, axis=0) for i in range(len(learnt))]
    new = [copy_paste(face, others, held_out) for face, others in zip(learnt, rest)]
    copies = [copy_paste(face, learnt, held_out) for face in learnt]
    if None in new or None in copies:
        return None
    return float(np.mean(np.array(new, float))), float(np.mean(np.array(copies, float)))


def angles(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Angles in radians between unit vectors (N, E) and (M, E): (N, M)."""
    return np.arccos(np.clip(some.astype(np.float64) @ others.T.astype(np.float64), -1, 1))


def pair_cosines(photos: np.ndarray) -> np.ndarray:
    """The cosines of every two different photos of (P, E), unit length; (P (P - 1) / 2,)."""
    one, other = np.triu_indices(len(photos), 1)
    return np.asarray((photos[one] * photos[other]).sum(1), np.float64)


def assign(alike: np.ndarray) -> dict[int, int]:
    """Which face is which person: the matching with the largest sum (Hungarian method).

    Args:
        alike: cosines (people, faces).
    Returns: person → face; people without a face are missing where there are fewer faces.
    """
    from scipy.optimize import linear_sum_assignment

    if not alike.size:
        return {}
    people, faces = linear_sum_assignment(-alike)
    return {int(person): int(face) for person, face in zip(people, faces, strict=True)}
