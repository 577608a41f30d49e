"""What is measured of the pictures of one case (docs/method.md, on mini's known world)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.drawings import Drawings, to_tensor
from benchmarks.rivals.cases import NOUN, Case, gallery_of, photos_of, wishes_of
from benchmarks.rivals.shop import Made, Shop
from benchmarks.rivals.traits.people import TWINS
from mini.world.context import EXPRESSION_SHARES, EXPRESSIONS
from mini.world.factors import NAMES
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.faces.reader import DetectedFace
from pidiff_cli.core.metrics import measures
from pidiff_cli.core.metrics.measures import mean_of, off_face_change


@dataclass(frozen=True)
class Plain:
    """The base's own pictures of the same prompts and seeds, and what is seen in them."""

    images: np.ndarray
    faces: list[DetectedFace | None]


def plain_of(shop: Shop, images: np.ndarray) -> Plain:
    """Look at the base's pictures once for all methods."""
    return Plain(images, look(shop, images))


def look(shop: Shop, images: np.ndarray) -> list[DetectedFace | None]:
    """The main face of every picture."""
    return [shop.reader.detect(image) for image in images]


def measure(shop: Shop, case: Case, made: Made, plain: Plain) -> dict[str, Any]:
    """All figures of one case and method, JSON values."""
    faces = look(shop, made.images)
    found = [place for place, face in enumerate(faces) if face is not None]
    row: dict[str, Any] = {"pictures": len(faces), "faces": len(found) / len(faces)}
    seen = [face for face in faces if face is not None]
    row |= likeness(shop, case, seen, len(faces))
    if case.situation == "traits":
        row |= traits_kept(shop, case, seen, len(faces))
    row["right"] = right_caption(shop, case, made.images)
    row |= background(made.images, faces, plain)
    row["iou"] = overlap(made.maps, faces) if made.maps is not None else None
    row["diversity"] = diversity(shop, made.images, len(case.seeds))
    row |= copied(shop, case, made.images, faces, plain)
    return row


def likeness(shop: Shop, case: Case, faces: list[DetectedFace], count: int) -> dict[str, Any]:
    """rank-1 among the gallery, cosine with the person's portraits, margin over strangers'.

    A picture without a face is a miss; it has no cosine.
    """
    people = gallery_of(case.person)
    references, right = shop.references(people), people.index(case.person)
    own = references[right]
    between = float(((own @ own.T).sum() - 4) / 12)
    if not faces:
        return {"rank1": 0.0, "likeness": None, "margin": None, "own": between}
    vectors = shop.judge.embed(to_tensor(np.stack([face.aligned for face in faces])))
    middle = F.normalize(references.mean(1), dim=-1)  # (P, E)
    hits = ((vectors @ middle.T).argmax(1) == right).sum()
    each = torch.einsum("be,pke->bpk", vectors, references).mean(2)  # (B, P)
    others = torch.ones(len(people), dtype=torch.bool)
    others[right] = False
    alike = float(each[:, right].mean())
    margin = alike - float(each[:, others].mean())
    return {"rank1": float(hits) / count, "likeness": alike, "margin": margin, "own": between}


def traits_kept(shop: Shop, case: Case, faces: list[DetectedFace], count: int) -> dict[str, float]:
    """rank-1 among the gallery by the judge of traits, the plain twin's share, the group's."""
    people = gallery_of(case.person)
    own = people.index(case.person)
    aligned = [face.aligned for face in faces]
    found = shop.trait_judge.found(np.stack(aligned), people) if faces else []
    return {
        "rank1": found.count(case.person) / count,
        "plain_twin": found.count(people[own + 1]) / count,
        "group": sum(found.count(twin) for twin in people[own : own + TWINS]) / count,
    }


def right_caption(shop: Shop, case: Case, images: np.ndarray) -> float:
    """Share of pictures whose own prompt wins among 32."""
    wishes = wishes_of(case.situation)
    everything = [complete(wish, NOUN) for wish in (*wishes.asked, *wishes.others)]
    best = shop.judge.text_image(images, everything).argmax(1)
    truth = torch.arange(len(wishes.asked)).repeat_interleave(len(case.seeds))
    return float((best == truth).float().mean())


def background(
    images: np.ndarray, faces: list[DetectedFace | None], plain: Plain
) -> dict[str, Any]:
    """Mean absolute change off both heads, a share of the range; how much of it is on them."""
    off_changes, shares = [], []
    for image, face, other, its in zip(images, faces, plain.images, plain.faces, strict=True):
        heads = [seen.head for seen in (face, its) if seen is not None]
        if not heads:
            continue
        off_changes.append(off_face_change(image, other, heads))
        change = np.abs(image.astype(np.float32) - other).mean(-1) / 255
        on_head = (change * np.max(heads, axis=0)).sum()
        shares.append(float(on_head / max(float(change.sum()), 1e-6)))
    return {"background": mean_of(off_changes), "change_on_head": mean_of(shares)}


def overlap(maps: np.ndarray, faces: list[DetectedFace | None]) -> float | None:
    """Mean intersection over union of the localisation map and the head in the picture."""
    pairs = zip(maps, faces, strict=True)
    return mean_of([measures.overlap(looked, face.head) for looked, face in pairs if face])


def diversity(shop: Shop, images: np.ndarray, seeds: int) -> float:
    """Mean distance (1 - cosine of the judge's features) between pictures of one prompt."""
    features = F.normalize(shop.judge.features(images), dim=-1)  # (B, F)
    groups = features.view(-1, seeds, features.shape[-1])
    alike = torch.einsum("gse,gte->gst", groups, groups)
    off = ~torch.eye(seeds, dtype=torch.bool)
    return float((1 - alike[:, off]).mean())


def copied(
    shop: Shop, case: Case, images: np.ndarray, faces: list[DetectedFace | None], plain: Plain
) -> dict[str, float]:
    """How far pose and expression went from the base's towards those of the photos.

    With d the photos' true mean (yaw, shares of the six expressions) less the world's, and g and
    b the judge's mean reading of the pictures and of the base's at the same prompts and seeds,
    copy-paste is (g - b) . d / d . d: 0 keeps what was asked for, 1 is the photos' own.  The two
    products are kept apart, as the table divides their sums over the people.
    """
    both = [i for i, (a, b) in enumerate(zip(faces, plain.faces, strict=True)) if a and b]
    direction = photo_direction(photos_of(case))
    if not both:
        return {"copied": 0.0, "copied_of": float(direction @ direction)}
    moved = (
        reading(shop, images[both], [faces[i] for i in both])
        - reading(shop, plain.images[both], [plain.faces[i] for i in both])
    )  # fmt: skip
    return {"copied": float(moved @ direction), "copied_of": float(direction @ direction)}


def reading(shop: Shop, images: np.ndarray, faces: list[Any]) -> np.ndarray:
    """The judge's mean reading (7,): yaw in units of 25 degrees, shares of expressions."""
    yaw = shop.judge.factor_names.index("yaw")
    aligned = to_tensor(np.stack([face.aligned for face in faces]))
    turned = shop.judge.factors(aligned)[:, yaw].mean(0, keepdim=True)
    shares: Tensor = shop.judge.classes(images)["expression"].mean(0)
    return torch.cat([turned, shares]).numpy()


def photo_direction(photos: Drawings) -> np.ndarray:
    """The photos' true mean (7,) in the same terms, less the world's own mean."""
    names = [i for i, name in enumerate(NAMES) if name.startswith("mood_")]
    moods = photos.factors[:, names]  # (P, 7)
    kinds = np.asarray(list(EXPRESSIONS.values()))  # (6, 7)
    nearest = np.abs(moods[:, None] - kinds[None]).sum(-1).argmin(1)
    shares = np.eye(len(kinds))[nearest].mean(0) - np.asarray(EXPRESSION_SHARES)
    yaw = photos.factors[:, NAMES.index("yaw")].mean()
    return np.concatenate([[yaw], shares]).astype(np.float32)
