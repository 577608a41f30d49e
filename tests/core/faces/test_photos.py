"""The shipped face nets on real photographs and on drawings; loose bounds."""

from __future__ import annotations

import numpy as np
import pytest

from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.nets import FOLDER, LandmarkNet, open_net
from pidiff_cli.core.faces.refinement import refine_landmarks
from pidiff_cli.core.images import read_photo
from tests.support.places import SHARED

PHOTOS = SHARED / "photos"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "landmarks.safetensors").is_file(), reason="no face nets here"
)


def test_the_astronaut_has_one_face_and_the_cat_none() -> None:
    from skimage import data

    (face,) = find_faces(np.asarray(data.astronaut()))
    eyes = face.landmarks[36:48].mean(0)
    assert np.hypot(*(eyes - [225, 103])) < 12  # marked by hand
    assert not find_faces(np.asarray(data.chelsea()))


@pytest.mark.parametrize(("name", "faces"), [("person_a/3.jpg", 1), ("person_b/2_group.jpg", 2)])
def test_photographs_have_their_faces_and_no_more(name: str, faces: int) -> None:
    if not (PHOTOS / name).is_file():
        pytest.skip("no photographs here")
    found = find_faces(read_photo(PHOTOS / name))
    assert len(found) == faces and found[0].height > 150


def test_drawn_portraits_are_found_at_once() -> None:
    from mini.world.context import sample_context
    from mini.world.people import sample_person
    from mini.world.render import draw

    net, rng, wrong = open_net(LandmarkNet, FOLDER, "landmarks"), np.random.default_rng(5), []
    for i in range(3):
        portrait = draw(sample_person(1_000_000 + i), sample_context(rng))
        (found,) = refine_landmarks(net, portrait.rgb, [(64, 61, 105)])
        points = portrait.landmarks
        eyes = np.hypot(*(points[45] - points[36]))
        wrong.append(np.hypot(*(found.points - points).T).mean() / eyes)
        head, mask = portrait.labels >= 2, head_mask(portrait.rgb) > 0.5
        assert (head & mask).sum() > 0.7 * (head | mask).sum()
    assert np.median(wrong) < 0.1
