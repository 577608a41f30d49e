"""The published face networks: converted strictly, chosen by what a folder holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pidiff_cli.core.faces import published
from pidiff_cli.core.faces.choice import choose_face_models, holds
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.nets import FOLDER
from pidiff_cli.core.faces.parsenet import ParseNet, parse_head
from pidiff_cli.core.faces.published import find_file, write_choice
from pidiff_cli.core.tensors import pickles
from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.weights.table import WEIGHTS
from tests.support import published_fake as fake

pytestmark = pytest.mark.usefixtures("bare_clone")

FILES = {
    "2DFAN4-11f355bf06.pth.tar": ("convert_landmarks", "2dfan4.safetensors"),
    "s3fd-619a316812.pth": ("convert_detector", "s3fd.safetensors"),
    "model_ir_se50.pth": ("convert_arcface", "arcface_ir_se50.safetensors"),
    "parse_multi_iter_90000.pth": ("convert_parser", "parser.safetensors"),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_layout_fits_its_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    written: dict[str, dict[str, torch.Tensor]] = {}
    monkeypatch.setattr(published, "write_tensors", lambda p, t: written.update({p.name: t}))
    convert, made = FILES[name]
    path = fake.save(tmp_path, fake.checkpoint(name), name)
    getattr(published, convert)(path, tmp_path)
    assert {k: tuple(v.shape) for k, v in written[made].items()} == fake.shapes(name)


def test_the_files_are_those_of_face_alignment() -> None:
    told = json.loads((fake.LAYOUTS / "face_alignment_1.5.json").read_text())["1.5.0"]
    for part, word in (
        ("2DFAN-4", "landmarks"),
        ('s3fd detector (default face_detector="sfd")', "s3fd"),
    ):
        (file,) = WEIGHTS[word].files
        assert (file.url, file.name) == (told[part]["url"], told[part]["file"])
        assert told[part].get("layout", f"{file.name}.json") == f"{file.name}.json"
        assert (fake.LAYOUTS / f"{file.name}.json").is_file()


def test_the_wrong_network_is_named(tmp_path: Path) -> None:
    path = fake.save(tmp_path, fake.checkpoint("s3fd-619a316812.pth"))
    with pytest.raises(InputError, match="is not the ArcFace .*the S3FD face detector") as caught:
        published.convert_arcface(path, tmp_path)
    assert "pidiff models pull arcface" in caught.value.hint
    assert not list(tmp_path.glob("*.safetensors"))


def test_what_a_folder_holds_is_used(tmp_path: Path) -> None:
    assert not choose_face_models(FOLDER).real  # mini: its own nets, no faces.json
    empty = choose_face_models(tmp_path)
    assert empty.real and (empty.landmarks, empty.likeness) == ("2dfan4", "sface")
    with pytest.raises(MissingWeightError) as caught:
        find_file(tmp_path, "2dfan4")
    assert "pidiff models pull faces" in caught.value.hint
    for name in ("2dfan4.safetensors", "face_detection_yunet_2023mar.onnx"):
        (tmp_path / name).write_bytes(b"")
    assert choose_face_models(tmp_path).detector == "yunet"
    (tmp_path / "arcface_ir_se50.safetensors").write_bytes(b"")
    assert choose_face_models(tmp_path).likeness == "arcface"  # the only one here
    (tmp_path / "face_recognition_sface_2021dec.onnx").write_bytes(b"")
    (tmp_path / "s3fd-619a316812.pth").write_bytes(b"")
    assert (choose_face_models(tmp_path).likeness, choose_face_models(tmp_path).detector) == (
        "sface",
        "sfd",
    )
    assert choose_face_models(tmp_path).mask == "hull"
    assert "sfd" in holds(tmp_path)


def test_faces_json_chooses(tmp_path: Path) -> None:
    for name in ("2dfan4.safetensors", "arcface_ir_se50.safetensors", "parser.safetensors"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "face_recognition_sface_2021dec.onnx").write_bytes(b"")
    write_choice(tmp_path, likeness="arcface", arcface_channels="bgr")
    told = json.loads((tmp_path / "faces.json").read_text())
    assert told["here"] == ["2dfan4", "sface", "arcface", "parser"]
    chosen = choose_face_models(tmp_path)
    assert (chosen.likeness, chosen.channels, chosen.mask) == ("arcface", "bgr", "parser")
    write_choice(tmp_path, mask="hull")
    assert (
        choose_face_models(tmp_path).likeness == "arcface"
        and choose_face_models(tmp_path).mask == "hull"
    )
    (tmp_path / "arcface_ir_se50.safetensors").unlink()
    write_choice(tmp_path)  # what is gone is not kept
    assert choose_face_models(tmp_path).likeness == "sface"
    with pytest.raises(MissingWeightError, match="yunet"):
        write_choice(tmp_path, detector="yunet")
    with pytest.raises(UsageError, match="likeness cannot be 'dlib'"):
        write_choice(tmp_path, likeness="dlib")
    (tmp_path / "faces.json").write_text('{"chosen": {"mask": "magic"}}')
    with pytest.raises(InputError, match="mask is unknown: 'magic'"):
        choose_face_models(tmp_path)
    for text in ("[]", "no json", '{"chosen": {"nose": "sface"}}'):
        (tmp_path / "faces.json").write_text(text)
        with pytest.raises(InputError, match="cannot be understood"):
            choose_face_models(tmp_path)


def test_what_comes_later_is_used_unless_another_was_chosen(tmp_path: Path) -> None:
    (tmp_path / "arcface_ir_se50.safetensors").write_bytes(b"")
    write_choice(tmp_path)
    told = json.loads((tmp_path / "faces.json").read_text())
    assert told["used"]["likeness"] == "arcface" and told["chosen"] == {}
    (tmp_path / "face_recognition_sface_2021dec.onnx").write_bytes(b"")
    assert choose_face_models(tmp_path).likeness == "sface"


@pytest.fixture
def parser() -> ParseNet:
    torch.manual_seed(0)
    return ParseNet((4, 8, 8), depth=1).eval()


def test_parser_marks_everything_but_background_and_clothes(parser: ParseNet) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    out = parser.out_mask_conv.conv2d
    for label, head in ((0, 0.0), (18, 0.0), (13, 1.0), (1, 1.0)):
        out.weight.data.zero_()
        out.bias.data.zero_()
        out.bias.data[label] = 5.0
        mask = parse_head(parser, rgb)
        assert mask.shape == (64, 64) and mask.dtype == np.float32
        assert np.allclose(mask, head)


def test_a_parser_in_the_folder_makes_the_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pidiff_cli.core.faces.parsenet.SIDE", 64)  # 512 px are slow
    torch.manual_seed(0)
    net = ParseNet()
    net.out_mask_conv.conv2d.bias.data[0] = 1e4  # everything is background
    torch.save(net.state_dict(), tmp_path / "parse_multi_iter_90000.pth")
    for name in ("2dfan4.safetensors", "s3fd.safetensors"):
        (tmp_path / name).write_bytes(b"")
    face = np.full((96, 96, 3), 90, np.uint8)
    assert choose_face_models(tmp_path).mask == "parser"
    assert not head_mask(face, tmp_path).any()
    assert set(load_file(tmp_path / "parser.safetensors")) == set(net.state_dict())


def test_without_a_parser_the_hull_joins_the_packages_net(tmp_path: Path) -> None:
    from tests.support.faces_fake import face_points

    points = face_points(64.0, 60.0, 60.0)
    face = np.full((128, 128, 3), 120, np.uint8)
    plain = head_mask(face, tmp_path)
    joined = head_mask(face, tmp_path, points=points)
    assert np.array_equal(plain, head_mask(face))
    x, y = points[30].astype(int)
    assert joined[y, x] == 1.0 and bool((joined >= plain).all())


def test_parsenet_has_the_published_names() -> None:
    wanted = pickles.shapes_of(ParseNet)
    assert {k: tuple(v) for k, v in wanted.items()} == fake.shapes("parse_multi_iter_90000.pth")
