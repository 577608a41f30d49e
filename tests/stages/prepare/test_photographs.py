"""`prepare` on a photograph and what befalls photographs, with the networks of the set-up."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from pidiff_cli import api
from pidiff_cli.core.faces.drawn import are_drawn
from pidiff_cli.core.faces.networks import open_networks
from pidiff_cli.stages.results import PrepareResult
from pidiff_cli.weights.bundled import FOLDER, bundled_faces

pytestmark = pytest.mark.skipif(bundled_faces() is None, reason="no free face networks: make faces")


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.asarray(data.astronaut()[:400, :400])


def prepared(folder: Path, **photos: np.ndarray) -> PrepareResult:
    (folder / "photos").mkdir()
    for name, pixels in photos.items():
        Image.fromarray(pixels).save(folder / "photos" / f"{name}.png")
    return api.prepare(folder / "photos", "one", home=folder / "home", min_face=32)


def told(result: PrepareResult) -> dict[str, str]:
    kept = {Path(item.file).stem: ", ".join(item.notes) for item in result.kept}
    return kept | {Path(item.file).stem: item.reason for item in result.rejected}


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_sideways_photo_is_turned_and_that_is_said(
    tmp_path: Path, portrait: np.ndarray, turns: int
) -> None:
    lying = np.ascontiguousarray(np.rot90(portrait, turns))
    result = prepared(tmp_path, lying=lying)
    assert "lay on its side: turned upright" in told(result)["lying"]
    from pidiff_cli.profile import Profile

    (photo,) = Profile(result.profile).photos
    x0, y0, x1, y1 = photo.info["box"]  # type: ignore[misc]
    assert x0 < 224 < x1 and y0 < 120 < y1  # her face in the upright picture


def test_a_motion_blur_and_a_faint_copy_are_told(tmp_path: Path, portrait: np.ndarray) -> None:
    motion = cv2.filter2D(portrait, -1, np.full((1, 13), 1 / 13))
    # Its face is 120 px high: 13 px are what 41 are at the usual 380.
    other = np.ascontiguousarray(motion[:, ::-1])
    result = prepared(tmp_path, sharp=portrait, shaken=other)
    assert "sharp" in {Path(item.file).stem for item in result.kept}
    assert "blurred" in told(result)["shaken"]


def test_a_dark_copy_is_the_same_person_or_told_as_dark(
    tmp_path: Path, portrait: np.ndarray
) -> None:
    dark = np.ascontiguousarray((portrait[:, ::-1] * 0.12).astype(np.uint8))
    reason = told(prepared(tmp_path, light=portrait, dark=dark))["dark"]
    assert "another person" not in reason


def test_drawings_are_told_from_photographs(portrait: np.ndarray) -> None:
    from mini.world.context import sample_context
    from mini.world.people import sample_person
    from mini.world.render import draw

    rng = np.random.default_rng(0)
    drawn = [draw(sample_person(n), sample_context(rng, style="photo"), 256).rgb for n in (1, 2, 3)]
    networks = open_networks(FOLDER)

    def codes(rgb: np.ndarray) -> np.ndarray:
        return networks.embed(rgb, networks.find(rgb)[:1])

    assert are_drawn(np.concatenate([codes(rgb) for rgb in drawn]))
    assert not are_drawn(codes(portrait))
