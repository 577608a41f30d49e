"""Which reader of faces a folder of networks makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pidiff_cli.core.faces.detect import Face
from pidiff_cli.stages import faces as stage
from pidiff_cli.stages.faces import open_reader
from tests.support.faces_fake import face_points
from tests.support.tiny_onnx import write_means


@pytest.mark.usefixtures("bare_clone")
def test_sface_alone_reads_by_the_points_of_mini(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a plain pull brings: YuNet and SFace, without 2DFAN-4."""
    assert open_reader(tmp_path) is None
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"")
    assert open_reader(tmp_path) is None
    write_means(tmp_path / "face_recognition_sface_2021dec.onnx")
    points = face_points(150.0, 140.0, 120.0, 10.0)
    monkeypatch.setattr(stage, "find_faces", lambda _: [Face((0, 0, 1, 1), 1.0, points)])
    reader = open_reader(tmp_path)
    assert reader is not None
    picture = np.full((300, 300, 3), 90, np.uint8)
    seen = reader.detect(picture)
    assert seen is not None and seen.embedding.shape == (48,)
    assert seen.head.shape == (300, 300) and seen.head.max() > 0.9
    assert reader.embed([seen.aligned, seen.aligned]).shape == (2, 48)
