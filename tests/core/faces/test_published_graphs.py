"""SFace and the face mesh: converted from their published files, the same as OpenCV runs them.

The published files are looked for in the folder that PIDIFF_FACE_FILES names; without them those
tests are left out.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from pidiff_cli.core.faces.mesh import MEMBER, FaceMesh, open_mesh
from pidiff_cli.core.faces.mesh_crop import (
    Square,
    back_into_photo,
    cut_square,
    square_of_box,
    square_of_points,
)
from pidiff_cli.core.faces.mesh_points import IBUG_68, ibug_68
from pidiff_cli.core.faces.sface import SFace, open_sface
from pidiff_cli.errors import InputError, MissingWeightError
from tests.support.graphs import MESH_FILE as FILE
from tests.support.graphs import convert_mesh, convert_sface
from tests.support.tiny_sface import tiny_sface
from tests.support.tiny_tflite import tiny_mesh


def _published(name: str) -> Path:
    path = Path(os.environ.get("PIDIFF_FACE_FILES", "nowhere")) / name
    return path if path.is_file() else pytest.skip(f"{name} is not here")


def _mesh(folder: Path, content: bytes, name: str = "face_landmark.tflite") -> FaceMesh:
    (folder / name).write_bytes(content)
    convert_mesh(folder / name, folder)
    return open_mesh(folder / FILE)


@pytest.mark.parametrize("quantised", [False, True])
def test_sface_is_converted_and_opened(tmp_path: Path, quantised: bool) -> None:
    path = tmp_path / "face_recognition_sface_2021dec.onnx"
    path.write_bytes(tiny_sface(quantised))
    convert_sface(path, tmp_path)
    net = open_sface(tmp_path / "sface.safetensors")
    crops = list(np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8))
    found = torch.from_numpy(net.features(crops))
    x = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2) / 127.5 - 1
    unit = net(x.requires_grad_())
    torch.testing.assert_close(unit, torch.nn.functional.normalize(found), rtol=0, atol=1e-4)
    assert torch.autograd.grad(unit[0, 0], x)[0].abs().sum() > 0
    assert net.features([]).shape == (0, 128)
    np.testing.assert_array_equal(open_sface(path).features(crops), found.numpy())


def test_another_network_is_told(tmp_path: Path) -> None:
    mesh = tmp_path / "a.tflite"
    mesh.write_bytes(tiny_mesh())
    with pytest.raises(InputError, match="not the face recognition network SFace"):
        convert_sface(mesh, tmp_path)
    other = tmp_path / "b.tflite"
    other.write_bytes(tiny_mesh(points=5))
    with pytest.raises(InputError, match="is not the MediaPipe face mesh: it makes"):
        convert_mesh(other, tmp_path)
    convert_mesh(mesh, tmp_path)
    with pytest.raises(InputError, match="is not the face recognition network SFace"):
        open_sface(tmp_path / FILE)
    with pytest.raises(MissingWeightError):
        convert_mesh(tmp_path / "none.tflite", tmp_path)


@pytest.mark.parametrize("points", [468, 478])
def test_the_mesh_reads_points_and_a_score(tmp_path: Path, points: int) -> None:
    mesh = _mesh(tmp_path, tiny_mesh(points))
    x = torch.rand(2, 3, 4, 4, requires_grad=True)
    found, scores = mesh.read(x)
    assert found.shape == (2, points, 3) and scores.shape == (2,)
    assert torch.autograd.grad(found.sum(), x)[0].abs().sum() > 0
    face = mesh.look(np.zeros((40, 40, 3), np.uint8), [Square((20.0, 20.0), 8.0)], looks=1)[0]
    # The tiny network makes 0, 1, 2, … of black; four pixels are eight of the photo.
    edge = 0.5 * (points == 478)  # what the larger network calls 0
    wanted = [20 + 2 * (3 - edge - 1.5), 20 + 2 * (4 - edge - 1.5), 10]
    np.testing.assert_allclose(face.points[1], wanted)
    assert face.score == 0.5 and face.landmarks.shape == (68, 2)
    assert mesh.look(np.zeros((40, 40, 3), np.uint8), []) == []
    assert torch.equal(open_mesh(tmp_path / "face_landmark.tflite").read(x)[0], found)


def test_a_task_is_a_zip_with_the_network(tmp_path: Path) -> None:
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, tiny_mesh(478))
    # Published ones have bytes before the zip.
    assert _mesh(tmp_path, b"\x20\0\0\0" + told.getvalue(), "x.task").count == 478
    with zipfile.ZipFile(told := io.BytesIO(), "w") as archive:
        archive.writestr("other.tflite", b"")
    with pytest.raises(InputError, match=f"there is no {MEMBER} in it"):
        _mesh(tmp_path, told.getvalue(), "y.task")


def test_a_zip_that_grows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pidiff_cli.core.faces.formats.damage.LARGEST", 1 << 20)
    with zipfile.ZipFile(told := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, bytes(3 << 20))
    with pytest.raises(InputError, match="too large"):
        _mesh(tmp_path, told.getvalue(), "z.task")


def test_squares_go_there_and_back() -> None:
    eyes = np.array([[90.0, 100.0], [130.0, 120.0]])
    square = square_of_box((60, 60, 160, 180), eyes)
    assert square.side == 180 and square.centre == (110, 120)
    matrix = square.matrix(192)
    laid = eyes @ matrix[:, :2].T + matrix[:, 2]
    assert laid[0, 1] == pytest.approx(laid[1, 1]) and laid[0, 0] < laid[1, 0]
    three = np.concatenate([laid, [[1.0], [2.0]]], 1)
    back = back_into_photo(three, square, 192)
    np.testing.assert_allclose(back[:, :2], eyes)
    np.testing.assert_allclose(back[:, 2], [180 / 192, 360 / 192])
    corners = np.array([[0, 0, 0], [191, 0, 0], [191, 191, 0], [0, 191, 0]])
    again = square_of_points(back_into_photo(corners, square, 192), eyes, grow=192 / 191)
    np.testing.assert_allclose(again.centre, square.centre)
    assert again.side == pytest.approx(square.side)
    with pytest.raises(ValueError):
        square_of_box((5, 5, 5, 5))


@pytest.mark.parametrize("side", [40.0, 640.0])
def test_what_is_cut_lies_where_the_matrix_says(side: float) -> None:
    y, x = np.mgrid[:700, :900]
    spot = np.exp(-(((x - 420) ** 2 + (y - 333) ** 2) / (2 * (side / 20) ** 2)))
    rgb = np.repeat((255 * spot).astype(np.uint8)[..., None], 3, 2)
    square = Square((400.0, 340.0), 2 * side, 0.3)
    crop = cut_square(rgb, square, 192)[..., 0].astype(float)
    v, u = np.mgrid[:192, :192]
    found = np.array([(crop * u).sum(), (crop * v).sum()]) / crop.sum()
    matrix = square.matrix(192)
    np.testing.assert_allclose(found, matrix[:, :2] @ [420, 333] + matrix[:, 2], atol=0.15)


def test_the_68_points_are_distinct_and_in_the_common_468() -> None:
    assert len(set(IBUG_68.tolist())) == len(IBUG_68) == 68 and IBUG_68.max() < 468
    points = np.random.default_rng(0).random((2, 478, 3))
    np.testing.assert_array_equal(ibug_68(points)[:, 36], points[:, 33, :2])
    with pytest.raises(ValueError):
        ibug_68(np.zeros((68, 2)))


# On the published files, against OpenCV.


def _picture() -> np.ndarray:
    from skimage.data import astronaut

    return np.asarray(astronaut())


#: Around the face in scikit-image's picture of an astronaut.
_BOX, _EYE_CENTRES = (175, 65, 275, 195), np.array([[202.5, 101.0], [247.0, 103.5]])


@pytest.mark.parametrize("name", ["face_landmark.tflite", "face_landmarker.task"])
def test_the_published_mesh_finds_a_face_as_opencv_does(tmp_path: Path, name: str) -> None:
    import cv2

    path = _published(name)
    convert_mesh(path, tmp_path)
    mesh = open_mesh(tmp_path / FILE)
    rgb = _picture()
    (face,) = mesh.look(rgb, [square_of_box(_BOX)])
    assert face.score > 0.9
    eyes = np.stack([face.landmarks[36:42].mean(0), face.landmarks[42:48].mean(0)])
    np.testing.assert_allclose(eyes, _EYE_CENTRES, atol=2)
    if not hasattr(cv2.dnn, "ENGINE_CLASSIC"):
        pytest.skip("this OpenCV does not read the file")
    crop = torch.from_numpy(cut_square(rgb, face.square, mesh.side)).permute(2, 0, 1)[None] / 255
    if path.suffix == ".task":
        content = zipfile.ZipFile(path).read(MEMBER)
        path = tmp_path / MEMBER
        path.write_bytes(content)
    net = cv2.dnn.readNetFromTFLite(str(path), cv2.dnn.ENGINE_CLASSIC)
    net.setInput(crop.numpy())
    outs = net.forward(net.getUnconnectedOutLayersNames())
    (wanted,) = (out.reshape(-1, 3) for out in outs if out.size == 3 * mesh.count)
    wanted[:, :2] -= 0.5 * (mesh.count == 478)  # its 0 is the edge of the first pixel
    with torch.no_grad():
        found, _ = mesh.read(crop)
    assert np.abs(found[0].numpy() - wanted).max() < 0.01  # px


def test_the_published_sface_is_opencvs(tmp_path: Path) -> None:
    import cv2

    path = _published("face_recognition_sface_2021dec.onnx")
    crop = np.ascontiguousarray(_picture()[60:172, 170:282])
    wanted = cv2.FaceRecognizerSF.create(str(path), "").feature(crop[..., ::-1].copy())
    convert_sface(path, tmp_path)
    found = open_sface(tmp_path / "sface.safetensors").features([crop])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_small_published_sface_is_the_large_one(tmp_path: Path) -> None:
    paths = [_published(f"face_recognition_sface_2021dec{end}.onnx") for end in ("", "_int8bq")]
    crop = np.ascontiguousarray(_picture()[60:172, 170:282])
    found = []
    for i, path in enumerate(paths):
        convert_sface(path, tmp_path / str(i))
        net: SFace = open_sface(tmp_path / str(i) / "sface.safetensors")
        found.append(net.features([crop])[0])
    a, b = (v / np.linalg.norm(v) for v in found)
    assert float(a @ b) > 0.999
