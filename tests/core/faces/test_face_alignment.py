"""face-alignment on weights in our folder: found there, never fetched, the same as its own."""

from __future__ import annotations

import socket
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pidiff_cli.core.faces import face_alignment as face_alignment_module
from pidiff_cli.core.faces.detect import find_faces, published_faces
from pidiff_cli.core.faces.face_alignment import Fan, open_fan
from pidiff_cli.core.faces.published import CONVERT, RAW, write_choice
from pidiff_cli.errors import InputError, MissingWeightError
from tests.support.faces_fake import face_points

pytestmark = pytest.mark.usefixtures("bare_clone")

FAN_FILE, S3FD_FILE = "2DFAN4-11f355bf06.pth.tar", "s3fd-619a316812.pth"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(torch.hub, "download_url_to_file", forbidden)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with random 2DFAN-4 and S3FD in `faces`, as published."""
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.models import FAN

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "faces"
    folder.mkdir()
    torch.save(FAN(4).state_dict(), folder / FAN_FILE)
    torch.save(s3fd().state_dict(), folder / S3FD_FILE)
    for name, pattern in RAW.items():
        for path in folder.glob(pattern):
            CONVERT[name](path, folder)
    write_choice(folder)
    return folder.parent


def link(models: Path, folder: Path, *names: str) -> None:
    """Have the converted networks in another folder, too."""
    for name in names:
        (folder / f"{name}.safetensors").symlink_to(models / "faces" / f"{name}.safetensors")


def test_it_is_what_face_alignment_itself_builds(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same networks, same settings, and nothing it needs is left out (holds across versions)."""
    import face_alignment

    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / FAN_FILE).symlink_to(models / "faces" / FAN_FILE)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    own = face_alignment.FaceAlignment(
        face_alignment.LandmarksType.TWO_D, device="cpu", compile=False,
        face_detector_kwargs={"path_to_detector": str(models / "faces" / S3FD_FILE)},
    )  # fmt: skip
    ours = open_fan(models / "faces").aligner
    nets = {"face_alignment_net", "face_detector"}
    assert vars(ours).keys() == vars(own).keys()
    plain = vars(own).keys() - nets - {"max_batch_size"}
    assert {k: vars(ours)[k] for k in plain} == {k: vars(own)[k] for k in plain}
    for key, value in own.face_alignment_net.state_dict().items():
        assert torch.equal(ours.face_alignment_net.state_dict()[key], value), key
    rgb = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    boxes = np.array(ours.face_detector.detect_from_image(rgb))
    assert np.array_equal(boxes, np.array(own.face_detector.detect_from_image(rgb)))
    assert not hasattr(face_alignment.utils._get_preds_fromhm, "py_func")  # 9 s of compiling
    assert not isinstance(ours.face_alignment_net, torch._dynamo.eval_frame.OptimizedModule)


CELLS = np.rint(face_points(32.0, 33.0, 26.0)).astype(int)  # (68, 2) of the net's 64 x 64 maps


class Peaks(torch.nn.Module):
    """A landmark net that sees the points at given cells, column and row."""

    def __init__(self, cells: np.ndarray) -> None:
        super().__init__()
        self.cells = cells

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = torch.zeros(len(x), 68, 64, 64)
        for point, (column, row) in enumerate(self.cells):
            out[:, point, row, column] = 1
        return out


def test_points_lie_in_the_pictures_own_pixels(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture of twice the working size: boxes come from the small one, points in the big one."""
    aligner = open_fan(models / "faces").aligner
    monkeypatch.setattr(aligner, "flip_input", False)
    monkeypatch.setattr(aligner, "face_alignment_net", Peaks(CELLS))
    box = [200.0, 100.0, 395.0, 295.0, 0.9]
    seen: list[tuple[int, ...]] = []

    def detect(rgb: np.ndarray) -> list[list[float]]:
        seen.append(rgb.shape)
        return [box, [0.0, 0.0, 1.0, 1.0, 0.9], [5.0, 5.0, float("nan"), 60.0, 0.9]]

    monkeypatch.setattr(aligner.face_detector, "detect_from_image", detect)
    rgb = np.zeros((1000, 2048, 3), np.uint8)
    (face,) = find_faces(rgb, models / "faces")
    assert seen == [(500, 1024, 3)] and not face.approximate
    # The crop's middle is the box's middle, 0.12 of its height up; 400 px wide, 6.25 a cell.
    middle = np.array([297.5, 197.5 - 0.12 * 195])
    expected = 2 * (middle + (CELLS + 0.5 - 32) * 6.25)
    assert np.abs(face.landmarks - expected).max() < 2 * 6.25
    monkeypatch.setattr(aligner, "face_alignment_net", Peaks(np.full((68, 2), 31)))
    assert find_faces(rgb, models / "faces") == []  # all points in one place: no face
    assert face.landmarks.shape == (68, 2) and face.score == pytest.approx(0.9)


def test_mini_takes_them_when_they_are_pulled(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(np.arange(136.0).reshape(68, 2), 0.5)]
    monkeypatch.setattr(Fan, "find", lambda self, rgb: found)
    rgb = np.zeros((64, 64, 3), np.uint8)
    (face,) = find_faces(rgb, models=models)
    assert not face.approximate and published_faces(tmp_path) is None
    assert find_faces(rgb, models=tmp_path) == []


def test_no_face_is_no_face(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = open_fan(models / "faces").aligner.face_detector
    monkeypatch.setattr(detector, "detect_from_image", lambda rgb: [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_faces(np.zeros((80, 80, 3), np.uint8), models / "faces") == []


def test_what_is_missing_is_said_with_the_command(tmp_path: Path, models: Path) -> None:
    rgb = np.zeros((80, 80, 3), np.uint8)
    with pytest.raises(MissingWeightError, match="2dfan4") as caught:
        find_faces(rgb, tmp_path)
    assert "pidiff models pull faces" in caught.value.hint
    link(models, tmp_path, "2dfan4")
    with pytest.raises(MissingWeightError, match="sfd"):
        find_faces(rgb, tmp_path)
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged, or no yunet detector"):
        find_faces(rgb, tmp_path)


def test_a_damaged_or_wrong_file_is_said(tmp_path: Path, models: Path) -> None:
    (tmp_path / FAN_FILE).write_bytes((models / "faces" / FAN_FILE).read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged, cut off"):
        open_fan(tmp_path)
    (tmp_path / FAN_FILE).unlink()
    (tmp_path / FAN_FILE).symlink_to(models / "faces" / S3FD_FILE)
    with pytest.raises(InputError, match="It looks like the S3FD face detector"):
        open_fan(tmp_path)


def test_yunet_is_given_its_file(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import face_alignment.detection.yunet as yunet

    given: dict[str, Any] = {}
    monkeypatch.setattr(yunet, "FaceDetector", lambda **kwargs: given.update(kwargs) or "detector")
    link(models, tmp_path, "2dfan4", "s3fd")
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"x")
    write_choice(tmp_path, detector="yunet")
    assert open_fan(tmp_path).aligner.face_detector == "detector"
    path = str(tmp_path / "face_detection_yunet_2023mar.onnx")
    assert given == {"device": "cpu", "path_to_detector": path}


def test_minis_finder_can_give_the_boxes(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skimage import data

    link(models, tmp_path, "2dfan4")
    write_choice(tmp_path, detector="mini")
    aligner = open_fan(tmp_path).aligner
    monkeypatch.setattr(aligner, "face_alignment_net", Peaks(CELLS))
    (face,) = find_faces(np.asarray(data.astronaut()), tmp_path)
    assert np.hypot(*(face.landmarks[36:48].mean(0) - [225, 103])) < 40  # marked by hand


def test_points_in_an_aligned_square(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fan = open_fan(models / "faces")
    seen: list[np.ndarray] = []

    def place(rgb: np.ndarray, boxes: list[np.ndarray]) -> list[np.ndarray]:
        seen.extend(boxes)
        return [np.zeros((68, 2), np.float32)]

    monkeypatch.setattr(fan, "place", place)
    assert fan.in_square(np.zeros((256, 256, 3), np.uint8)) is None  # all in one place: no face
    assert seen[0][:4].tolist() == pytest.approx([v * 256 for v in face_alignment_module.IN_SQUARE])
