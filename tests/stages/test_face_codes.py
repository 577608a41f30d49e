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
from pidiff_cli import api
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.wplus.inversion import invert
from pidiff_cli.core.wplus.weights import load_encoder
from pidiff_cli.profile import Profile
from pidiff_cli.profile.world import DRAWINGS, PHOTOGRAPHS, world_of
from pidiff_cli.stages.codes import Decoder
from pidiff_cli.stages.face_codes import Portraits, measured_photographs, read_codes
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.report.words import tells_nothing
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
    drawings = _drawings(number, 3, style=style)
    assert measured_photographs(PACKAGE_WEIGHTS, drawings, tmp_path) == (
        None, DRAWINGS if bundled_faces() else ""
    )  # fmt: skip


def test_drawings_keep_the_encoders_codes_bit_for_bit(tmp_path: Path) -> None:
    portraits, decoder = _drawings(5, 2, style="photo"), Decoder.open(PACKAGE_WEIGHTS)
    codes = read_codes(decoder, PACKAGE_WEIGHTS, portraits, Progress())
    encoder = load_encoder(PACKAGE_WEIGHTS)
    small = torch.nn.functional.interpolate(portraits.white, encoder.side, mode="area")
    assert torch.equal(codes, invert(encoder, decoder.mean, small))


def test_a_photograph_is_measured_and_its_code_moved(photograph: Portraits, tmp_path: Path) -> None:
    decoder = Decoder.open(PACKAGE_WEIGHTS)
    vectors, world = measured_photographs(PACKAGE_WEIGHTS, photograph, tmp_path)
    assert vectors is not None and world == PHOTOGRAPHS
    lines: list[str] = []

    class Listener(Progress):
        def finish(self, task: str, summary: str) -> None:
            lines.append(summary)

    now = read_codes(decoder, PACKAGE_WEIGHTS, photograph, Listener(), vectors)
    before = read_codes(decoder, PACKAGE_WEIGHTS, photograph, Listener())
    assert now.shape == before.shape and not torch.equal(now, before)
    assert "proportions" in lines[0] and "proportions" not in " ".join(lines[1:])
    again = read_codes(decoder, PACKAGE_WEIGHTS, photograph, Progress(), vectors)
    assert torch.equal(now, again)


def test_what_is_known_of_the_person_is_not_decided_again(
    photograph: Portraits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidiff_cli.stages import face_codes

    monkeypatch.setattr(face_codes, "as_photographed", lambda *_: pytest.fail("decided again"))
    for world in (PHOTOGRAPHS, DRAWINGS):
        vectors, told = measured_photographs(PACKAGE_WEIGHTS, photograph, tmp_path, world)
        assert told == world and (vectors is None) == (world == DRAWINGS)


@pytest.mark.parametrize("known", ["", PHOTOGRAPHS, DRAWINGS])
def test_invert_keeps_what_nobody_could_tell_before(
    known: str, untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidiff_cli.stages import invert as stage

    asked: list[str] = []

    def measured(wplus: Path, portraits: Portraits, home: Path, world: str) -> tuple[None, str]:
        asked.append(world)
        return None, world or PHOTOGRAPHS

    monkeypatch.setattr(stage, "measured_photographs", measured)
    profile = Profile.open("alice", untuned_home)
    if known:
        profile.update_stage("prepare", world=known)
    (profile.folder / "identity.safetensors").unlink()
    api.invert("alice", home=untuned_home, device="cpu")
    assert asked == [known] and world_of(profile) == (known or PHOTOGRAPHS)
    assert tells_nothing(profile, "mini") == (known != DRAWINGS)
