"""Whose face it is, on photographs: SFace through OpenCV, ArcFace, and the reader over both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from pidiff_cli.core.faces import face_alignment
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.arcface import ArcFace
from pidiff_cli.core.faces.published import write_choice
from pidiff_cli.core.faces.reader import REAL_SIDE, FaceReader
from pidiff_cli.core.faces.recognise import (
    IN_SQUARE,
    TEMPLATE,
    crop_face,
    embed_faces,
    five_points,
    load_embedder,
    open_recogniser,
    similarity,
)
from pidiff_cli.errors import InputError, MissingWeightError
from tests.support.faces_fake import face_points
from tests.support.tiny_onnx import write_means

pytestmark = pytest.mark.usefixtures("bare_clone")

SFACE = "face_recognition_sface_2021dec.onnx"


class StillFan:
    """Finds one face where it was told, in pictures and in squares."""

    def __init__(self, points: np.ndarray) -> None:
        self.points = points

    def find(self, rgb: np.ndarray) -> list[tuple[np.ndarray, float]]:
        return [(self.points, 0.9)]

    def in_square(self, aligned: np.ndarray) -> np.ndarray | None:
        return None


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small network where SFace lies: it tells the mean of each channel."""
    write_means(tmp_path / SFACE)
    (tmp_path / "2dfan4.safetensors").write_bytes(b"")
    (tmp_path / "s3fd.safetensors").write_bytes(b"")
    cached = StillFan(face_points(150.0, 140.0, 120.0, 10.0))
    monkeypatch.setattr(face_alignment, "open_fan", lambda *given, **more: cached)
    return tmp_path


def means(faces: Path, colour: tuple[int, int, int]) -> np.ndarray:
    """What the network sees of a face of one colour: (3,), unit length."""
    face = np.full((256, 256, 3), colour, np.uint8)
    return open_recogniser(faces).embed([face])[0].view(3, 16).mean(1).numpy()


def test_sface_is_fed_rgb(faces: Path) -> None:
    """Measured through OpenCV: our RGB arrives as RGB, not turned around."""
    found = means(faces, (200, 100, 50))
    assert found / found[0] == pytest.approx([1.0, 0.5, 0.25], abs=0.01)


def test_the_crop_is_opencvs_own(faces: Path) -> None:
    rng = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(rng.integers(0, 255, (160, 160, 3)).astype(np.uint8), (0, 0), 3)
    five = five_points(face_points(80.0, 84.0, 80.0, 12.0))
    row = np.concatenate([[0, 0, 9, 9], five.flatten(), [1]]).astype(np.float32)[None]
    wanted = cv2.FaceRecognizerSF.create(str(faces / SFACE), "").alignCrop(rgb, row)
    assert np.abs(crop_face(rgb, five).astype(int) - wanted).max() <= 3


def test_five_points_land_on_the_template() -> None:
    assert similarity(TEMPLATE * 2 + 5, TEMPLATE) == pytest.approx(
        np.array([[0.5, 0, -2.5], [0, 0.5, -2.5]]), abs=1e-9
    )
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    found = similarity(TEMPLATE @ turn.T * 3 + [7, -2], TEMPLATE)
    moved = (TEMPLATE @ turn.T * 3 + [7, -2]) @ found[:, :2].T + found[:, 2]
    assert moved == pytest.approx(TEMPLATE, abs=1e-9)
    assert np.linalg.det(similarity(TEMPLATE[:, ::-1], TEMPLATE)[:, :2]) > 0  # never a mirror


def test_the_mean_square_fits_the_template() -> None:
    """Unsure of the points, the mean places of aligned faces stand in: near any face's own."""
    matrix = similarity(IN_SQUARE * 512, TEMPLATE)
    off = IN_SQUARE * 512 @ matrix[:, :2].T + matrix[:, 2] - TEMPLATE
    assert np.hypot(*off.T).max() < 6  # px of 112


def test_the_reader_works_with_what_the_folder_holds(faces: Path) -> None:
    reader = FaceReader.open(faces)
    assert reader.embedder is None  # OpenCV has no gradient
    picture = np.full((300, 300, 3), 90, np.uint8)
    seen = reader.detect(picture)
    assert seen is not None and seen.aligned.shape == (REAL_SIDE, REAL_SIDE, 3)
    assert seen.embedding.shape == (48,) and float(seen.embedding.norm()) == pytest.approx(1)
    assert seen.head.shape == (300, 300)
    points = np.asarray(seen.landmarks)
    x, y = points[30].astype(int)
    assert seen.head[y, x] > 0.9 and seen.head[5, 5] == 0
    stored = align_face(picture, points, 256)
    assert reader.embed([stored, stored]).shape == (2, 48)
    codes = embed_faces(load_embedder(faces), [stored])
    assert codes.shape == (1, 48) and codes.dtype == np.float32
    assert embed_faces(load_embedder(faces), []).shape[0] == 0


def test_a_missing_or_damaged_sface_is_said(faces: Path) -> None:
    (faces / SFACE).write_bytes(b"\x08\x08nothing")
    with pytest.raises(InputError, match="no SFace network"):
        open_recogniser(faces)
    (faces / SFACE).unlink()
    with pytest.raises(MissingWeightError) as caught:
        FaceReader.open(faces)
    assert "pidiff models pull faces" in caught.value.hint


@pytest.fixture(scope="module")
def arcface(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("arcface")
    torch.save(ArcFace().state_dict(), folder / "model_ir_se50.pth")
    return folder


def test_arcface_where_it_is_wanted(arcface: Path, faces: Path) -> None:
    """Order of channels as faces.json says; a gradient for the inversion; SFace stays default."""
    (faces / "model_ir_se50.pth").symlink_to(arcface / "model_ir_se50.pth")
    default = open_recogniser(faces)
    assert default.critic is not None and default.same == 0.363
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    code = default.critic(x * 2 - 1)
    code.sum().backward()  # type: ignore[no-untyped-call]
    assert code.shape == (1, 512) and x.grad is not None and bool(x.grad.any())
    face = np.random.default_rng(1).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    made: dict[str, Any] = {}
    for order in ("rgb", "bgr"):
        write_choice(faces, likeness="arcface", arcface_channels=order)
        one = open_recogniser(faces)
        made[order] = one.embed([face])
        made[order + "_turned"] = one.embed([np.ascontiguousarray(face[..., ::-1])])
    assert made["rgb"].shape == (1, 512)
    assert torch.allclose(made["rgb"], made["bgr_turned"], atol=1e-5)
    assert not torch.allclose(made["rgb"], made["bgr"], atol=1e-4)
    write_choice(faces, likeness="sface")
    asked = open_recogniser(faces, likeness="arcface", channels="bgr").embed([face])
    assert torch.equal(asked, made["bgr"])
