"""People of photographs as mini draws them, read again: codes, drawings, measures; each kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from benchmarks.quality.photo_people import LEARNT, SIDE, PhotoPerson
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import draw
from pidiff_cli.core.diffusion.wording import completed
from pidiff_cli.core.faces.align import align_face, points_in_square
from pidiff_cli.core.faces.face_vector import read_vectors
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.mesh_crop import square_of_box
from pidiff_cli.core.faces.mesh_finder import MeshFinder, open_mesh_finder
from pidiff_cli.core.faces.recognise import crop_face, five_points
from pidiff_cli.core.faces.sface import open_sface
from pidiff_cli.core.wplus.inversion import robust_mean
from pidiff_cli.stages.base import load_parts
from pidiff_cli.stages.codes import Decoder
from pidiff_cli.stages.face_codes import Portraits, measured_photographs, read_codes
from pidiff_cli.stages.person import draw_settings
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.bundled import FOLDER
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS, base_parts

PROMPT, NOUN = "a portrait photo of a person", "person"
ENLARGED = 3  # times: drawings of 128 px for the detector
WAYS = ("before", "now")  # without and with what is measured in the photographs


@dataclass(frozen=True)
class Doll:
    """One person's code drawn: pictures u8 (N, 128, 128, 3), the generator's (128, 128, 3), and of
    both, pictures first, aligned faces u8, measures (N + 1, J) and SFace's vectors (N + 1, 128)."""

    code: np.ndarray
    pictures: np.ndarray
    generated: np.ndarray
    faces: np.ndarray
    measures: np.ndarray
    sface: np.ndarray


def code_of(person: PhotoPerson, way: str, home: Path) -> Tensor:
    """The person's code (L, D) from up to LEARNT photos, as ``invert`` makes it, or as it would
    without the measures."""
    faces, heads = [*person.faces[:LEARNT]], [*person.heads[:LEARNT]]
    portraits = Portraits(faces, heads, [1.0] * len(faces))
    decoder = Decoder.open(PACKAGE_WEIGHTS)
    progress = Progress()
    vectors = measured_photographs(PACKAGE_WEIGHTS, portraits, home)[0] if way == "now" else None
    codes = read_codes(decoder, PACKAGE_WEIGHTS, portraits, progress, vectors)
    return robust_mean(codes)[0]


@lru_cache(maxsize=1)
def _base(home: Path) -> Any:
    return load_parts(base_parts("mini", home), torch.device("cpu"), torch.float32)


def drawn(code: Tensor, seeds: range, home: Path) -> np.ndarray:
    """The base's pictures of a code with the general branch, as the default recipe draws."""
    from pidiff_cli.config import GenerateConfig
    from pidiff_cli.recipe import load_recipe

    base, recipe = _base(home), load_recipe("mini-cpu")
    settings = draw_settings(GenerateConfig(**recipe.generate))
    whole = completed(PROMPT, NOUN)
    prompt = encode_prompt(base, whole.text, NOUN, whole.subject)
    return draw(base, prompt, code, [*seeds], settings).images


def read_drawing(picture: np.ndarray, finder: MeshFinder) -> tuple[np.ndarray, np.ndarray]:
    """Aligned face u8 (256, 256, 3) and points (68, 2) in it of a drawing u8 (128, 128, 3): the
    largest that YuNet finds, else the middle of the picture."""
    side = ENLARGED * len(picture)
    large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
    found = finder.find(large)
    if found:
        points = max((p for p, _ in found), key=lambda p: float(np.ptp(p, axis=0).prod()))
    else:
        middle = square_of_box((0.27 * side, 0.25 * side, 0.73 * side, 0.75 * side))
        points = finder.mesh.look(large, [middle])[0].landmarks
    return align_face(large, points, SIDE), points_in_square(points, SIDE)


def doll_of(
    person: PhotoPerson, number: int, way: str, seeds: range, home: Path, cache: Path
) -> Doll:
    """A person drawn in one of the WAYS, from the cache where it is there."""
    kept = cache / way / f"{number:03d}-{seeds.start}-{len(seeds)}.npz"
    if not kept.is_file():
        made = _doll(code_of(person, way, home), seeds, home)
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **vars(made))
    with np.load(kept) as file:
        return Doll(**{key: file[key] for key in file.files})


def _doll(code: Tensor, seeds: range, home: Path) -> Doll:
    finder, sface = open_mesh_finder(FOLDER), open_sface(next(FOLDER.glob("*sface*int8bq.onnx")))
    pictures = drawn(code, seeds, home)
    generated = Decoder.open(PACKAGE_WEIGHTS).pictures(code[None])[0]
    faces, rows, crops = [], [], []
    for picture in [*pictures, generated]:
        face, points = read_drawing(picture, finder)
        faces.append(face)
        head = head_mask(face, FOLDER, points=points)
        (vector,) = read_vectors(finder.mesh, [face], [head])
        rows.append([*vector.values()] if vector else None)
        crops.append(crop_face(face, five_points(points)))
    width = next((len(row) for row in rows if row), 0)
    values = np.array([row or [np.nan] * width for row in rows])
    features = sface.features(crops)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    return Doll(code.numpy(), pictures, generated, np.stack(faces), values, unit)
