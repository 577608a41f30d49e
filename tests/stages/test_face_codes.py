"""Codes of photographs are sought by what is measured in them; drawings keep the encoder's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from mini.train.data.aligned import HEAD_LABELS, align_picture
from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.wplus.inversion import invert
from pidiff_cli.core.wplus.seeker import load_seeker
from pidiff_cli.core.wplus.weights import load_encoder
from pidiff_cli.stages.codes import Decoder
from pidiff_cli.stages.face_codes import Portraits, measured_photographs, read_codes
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.bundled import bundled_faces
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS

pytestmark = pytest.mark.skipif(
    not (PACKAGE_WEIGHTS / "seeking.safetensors").is_file(), reason="no weights here"
)


def _drawings(number: int, count: int, **context: str) -> Portraits:
    rng, faces, heads = np.random.default_rng(number), [], []
    for _ in range(count):
        made = draw(sample_person(1_000_000 + number), sample_context(rng, **context), size=256)
        plain, _, labels, _ = align_picture(made.rgb, made.labels, made.landmarks, 256)
        faces.append(plain)
        heads.append(np.isin(labels, HEAD_LABELS).astype(np.float32))
    return Portraits(faces, heads, [1.0] * count)


@pytest.fixture(scope="module")
def photograph() -> Portraits:
    """The astronaut's face."""
    folder = bundled_faces()
    if folder is None:
        pytest.skip("the free face networks are not here")
    (face,) = find_faces(astronaut(), folder)
    aligned = align_face(astronaut(), face.landmarks, 256)
    return Portraits([aligned], [head_mask(aligned)], [1.0])


@pytest.mark.parametrize("number", [3, 8])
@pytest.mark.parametrize("style", ["photo", "oil"])
def test_drawings_are_no_photographs(number: int, style: str, tmp_path: Path) -> None:
    seeker = load_seeker(PACKAGE_WEIGHTS)
    assert seeker is not None
    assert measured_photographs(seeker, _drawings(number, 3, style=style), tmp_path) is None


def test_drawings_keep_the_encoders_codes_bit_for_bit(tmp_path: Path) -> None:
    portraits, decoder = _drawings(5, 2, style="photo"), Decoder.open(PACKAGE_WEIGHTS)
    codes = read_codes(decoder, PACKAGE_WEIGHTS, portraits, tmp_path, Progress())
    encoder = load_encoder(PACKAGE_WEIGHTS)
    small = torch.nn.functional.interpolate(portraits.white, encoder.side, mode="area")
    assert torch.equal(codes, invert(encoder, decoder.mean, small))


def test_a_photograph_is_measured_and_its_code_moved(photograph: Portraits, tmp_path: Path) -> None:
    seeker, decoder = load_seeker(PACKAGE_WEIGHTS), Decoder.open(PACKAGE_WEIGHTS)
    assert seeker is not None
    assert measured_photographs(seeker, photograph, tmp_path) is not None
    lines: list[str] = []

    class Listener(Progress):
        def finish(self, task: str, summary: str) -> None:
            lines.append(summary)

    now = read_codes(decoder, PACKAGE_WEIGHTS, photograph, tmp_path, Listener())
    before = read_codes(decoder, PACKAGE_WEIGHTS, photograph, tmp_path, Listener(), measure=False)
    assert now.shape == before.shape and not torch.equal(now, before)
    assert "proportions" in lines[0] and "proportions" not in " ".join(lines[1:])
    again = read_codes(decoder, PACKAGE_WEIGHTS, photograph, tmp_path, Progress())
    assert torch.equal(now, again)
