"""How a drawn person's measures and W+ code hang together, for people in photographs.

``python -m mini.train.wplus.seeking`` draws ``--people`` people once, plainly, measures their faces
as photographs are measured (it needs the free face networks), reads their codes with the e4e
encoder, and writes ``seeking.safetensors`` beside the W+ weights: ridge regressions of measures,
codes and factors on each other. Drawings are kept in ``.mini/seeking``; a stopped call goes on.
What photographed people measure are a few numbers in ``photographed.json``
(``python -m benchmarks.quality.line_ups PHOTOS --population`` makes them); no photograph is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mini.train.common import MADE
from mini.train.data.aligned import HEAD_LABELS, SIDE, align_picture
from mini.train.wplus.parts import to_pm1
from mini.world.context import Context, sample_context
from mini.world.factors import NAMES
from mini.world.people import sample_person
from mini.world.render import draw
from pidiff_cli.core.faces.face_vector import read_vectors
from pidiff_cli.core.faces.mesh_finder import open_mesh_finder
from pidiff_cli.core.wplus.inversion import invert
from pidiff_cli.core.wplus.seeker import FILE, Seeker
from pidiff_cli.core.wplus.weights import ENCODER_FILE, load_encoder, load_generator
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights.bundled import bundled_faces

COUNT, FIRST, PIECE = 1600, 500_000, 50
DRAWN = Path(".mini/seeking")
PHOTOGRAPHED = Path(__file__).with_name("photographed.json")
GROWN = ("woman", "man")  # photographed people are; children are drawn for the slopes alone
CLIPPED = 4.0  # deviations of a measure
MEASURED, CODED, READ = 10.0, 5.0, 60.0  # ridge penalties
#: Factors of a picture, not of a person, and those that a small code has no room for.
LEFT_OUT = (
    "pitch", "roll", "parting", "freckles", "mole", "blush", "gaze_y", "glasses_sunglasses",
    "key_y", "key_level", "key_warmth", "ambient_warmth",
)  # fmt: skip
COLOURED = ("skin_", "hair_", "iris_", "wide_", "over_")  # they follow light, and the head's mask
SHRUNK = 0.1  # of a covariance towards its diagonal
STRAIGHT = ("yaw", "gaze_x", "key_x")  # are 0 in what is sought


def drawn_people(first: int, count: int, folder: Path, weights: Path) -> Path:
    """A file of drawn people: factors (N, 79), codes (N, L, D), measures (N, J), noun (N,)."""
    encoder_file = (weights / ENCODER_FILE).read_bytes()
    path = folder / f"{first}-{count}-{hashlib.sha256(encoder_file).hexdigest()[:8]}.npz"
    if path.is_file():
        return path
    faces = bundled_faces()
    if faces is None:
        raise MissingWeightError("The free face networks are not here.", "make")
    mesh, rows = open_mesh_finder(faces).mesh, []
    for number in range(first, first + count):
        rng, person = np.random.default_rng((77, number - FIRST)), sample_person(number)
        made = draw(person, _plain(rng), size=SIDE)
        plain, white, labels, _ = align_picture(made.rgb, made.labels, made.landmarks)
        head = np.isin(labels, HEAD_LABELS).astype(np.float32)
        (measures,) = read_vectors(mesh, [plain], [head])
        if measures:
            rows.append((made.factors, white, [*measures.values()], person.noun))
    names, (factors, white, values, noun) = list(measures or ()), zip(*rows, strict=True)
    encoder, (_, mean) = load_encoder(weights), load_generator(weights)
    codes = invert(encoder, mean, to_pm1(np.stack(white))).numpy()
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(path, factors=factors, codes=codes, values=values, noun=noun, names=names)
    return path


def _plain(rng: np.random.Generator) -> Context:
    """A photo in a studio, bare head, nearly frontal, now and then with glasses."""
    yaw = float(np.clip(rng.normal(0, 6), -12, 12))
    glasses = "none" if rng.random() < 0.85 else str(rng.choice(["round", "square"]))
    return sample_context(
        rng, role="casual", style="photo", headgear=False, scene="studio", yaw=yaw, glasses=glasses
    )


def ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Slopes and, first, the constant (1 + X, Y) of y (N, Y) on x (N, X)."""
    whole = np.c_[np.ones(len(x)), x]
    cost = penalty * np.eye(whole.shape[1])
    cost[0, 0] = 0
    return np.asarray(np.linalg.solve(whole.T @ whole + cost, whole.T @ y))


def learn(files: Sequence[Path], photographed: Path = PHOTOGRAPHED) -> Seeker:
    """From files of `drawn_people` and the numbers of photographed ones."""
    parts = [np.load(path) for path in files]
    factors, codes, values, noun = (
        np.concatenate([p[key] for p in parts]) for key in ("factors", "codes", "values", "noun")
    )
    names = tuple(str(name) for name in parts[0]["names"])
    people = json.loads(photographed.read_text(encoding="utf-8"))["measures"]
    mean, between, within = np.array([people[name] for name in names]).T
    grown = np.isin(noun, GROWN)
    values = np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
    middle, spread = values[grown].mean(0), values[grown].std(0) + 1e-9
    standing = np.clip((values - middle) / spread, -CLIPPED, CLIPPED)
    kept = [k for k, name in enumerate(NAMES) if name not in LEFT_OUT]
    straight = np.array([NAMES[k] in STRAIGHT for k in kept])
    measured = ridge(factors, standing, MEASURED)
    left = standing - np.c_[np.ones(len(factors)), factors] @ measured
    flat = codes.reshape(len(codes), -1)
    read = ridge(flat, factors[:, kept], READ * flat.var())
    own = factors[grown][:, kept]
    factor_mean, factor_spread = np.where(straight, 0, own.mean(0)), np.cov(own.T)
    factor_spread += 1e-3 * np.eye(len(kept))
    factor_spread[straight], factor_spread[:, straight] = 0, 0
    none = measured[0] + factors.mean(0)[_others(kept)] @ measured[1:][_others(kept)]
    axis, bound = _towards_photographs(names, values[grown], mean, middle)
    shape = codes.shape[1:]
    made = {
        "photo_mean": mean, "photo_between": between, "photo_within": within,
        "drawn_mean": middle, "drawn_spread": spread, "measured": measured[1:][kept].T,
        "measured_none": none, "unexplained": left.var(0) + 0.02, "factor_mean": factor_mean,
        "factor_spread": factor_spread, "read": read[1:].T.reshape(len(kept), *shape),
        "coded": ridge(factors, flat, CODED)[1:][kept].reshape(len(kept), *shape),
        "read_none": read[0], "misread": _misread(flat, factors[:, kept]),
        "axis": axis, "bound": np.array(bound),
    }  # fmt: skip
    tensors = {name: torch.from_numpy(np.asarray(value)).float() for name, value in made.items()}
    return Seeker(names, tuple(NAMES[k] for k in kept), **tensors)


def _others(kept: list[int]) -> list[int]:
    return [k for k in range(len(NAMES)) if k not in kept]


def _misread(flat: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Variance (K,) of the error of factors read in codes that were not learnt from."""
    even = np.arange(len(flat)) % 2 == 0
    errors = []
    for half in (even, ~even):
        read = ridge(flat[half], factors[half], READ * flat.var())
        errors.append(factors[~half] - np.c_[np.ones(int((~half).sum())), flat[~half]] @ read)
    return np.asarray(np.concatenate(errors).var(0))


def _towards_photographs(
    names: Sequence[str], drawn: np.ndarray, mean: np.ndarray, middle: np.ndarray
) -> tuple[np.ndarray, float]:
    """Fisher's axis (J,) over all but colours from drawn faces to photographed ones, 1 a
    deviation of drawn ones, and the place half way."""
    told = np.array([not name.startswith(COLOURED) for name in names])
    spread = np.cov(drawn[:, told].T)
    spread = (1 - SHRUNK) * spread + SHRUNK * np.diag(np.diag(spread))
    axis = np.zeros(len(names))
    axis[told] = np.linalg.solve(spread, (mean - middle)[told])
    axis /= (drawn @ axis).std()
    return axis, float((mean - middle) @ axis / 2)


def main(argv: Sequence[str] | None = None) -> bool:
    """Draw, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=MADE)
    parser.add_argument("--people", type=int, default=COUNT)
    parser.add_argument("--drawn", type=Path, default=DRAWN)
    args = parser.parse_args(argv)
    end = FIRST + args.people
    files = [
        drawn_people(start, min(PIECE, end - start), args.drawn, args.weights)
        for start in range(FIRST, end, PIECE)
    ]
    learn(files).save(args.weights / FILE)
    print(f"{args.people} drawn people -> {args.weights / FILE}")
    return True


if __name__ == "__main__":
    main()
