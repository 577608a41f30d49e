"""Notes on photos: pose, expression and light from the points, and the photo that is missing."""

from __future__ import annotations

import numpy as np
import pytest

from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.expression import Expression, expression_of
from pidiff_cli.core.faces.light import Light, light_of
from pidiff_cli.core.faces.notes import missing, notes
from pidiff_cli.core.faces.pose import Pose, pose_of
from pidiff_cli.core.faces.sharpness import Blur
from tests.support.faces_fake import face_points

AHEAD, LIT, CALM = Pose(0, 0, 0), Light(0.4, 0, 0.9), Expression(0.85, 0.02, 0.3)
SHARP = Blur(0.1, "")


def head(turn: float, nod: float, tilt: float = 0.0) -> np.ndarray:
    """68 points of a frontal drawing bent over a ball, turned (degrees) and seen from afar."""
    flat = face_points(0, 0, 100).astype(float)
    deep = np.sqrt(np.maximum(110**2 - (flat**2).sum(1), 0))
    solid = np.concatenate([flat, -deep[:, None]], 1)
    solid[[29, 30, 33], 2] -= (6, 12, 4)  # the nose stands out
    a, b, c = np.deg2rad([turn, nod, tilt])
    about_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return (solid @ (about_z @ about_y @ about_x).T)[:, :2] + 200


@pytest.mark.parametrize("turn", [-40, -20, 20, 40])
def test_turn_has_its_side_and_about_its_size(turn: float) -> None:
    off = pose_of(head(turn, 0)).turn - pose_of(head(0, 0)).turn
    assert abs(off - turn) < 0.35 * abs(turn)


def test_nod_down_is_positive() -> None:
    up, level, down = (pose_of(head(0, nod)).nod for nod in (-20, 0, 20))
    assert up < level - 10 and down > level + 10


@pytest.mark.parametrize("tilt", [-60, 30])
def test_tilt_is_clockwise_and_alone(tilt: float) -> None:
    pose = pose_of(head(20, 10, tilt))
    level = pose_of(head(20, 10))
    assert pose.tilt - level.tilt == pytest.approx(tilt, abs=0.5)
    assert pose.turn == pytest.approx(level.turn, abs=0.5)
    assert pose.nod == pytest.approx(level.nod, abs=0.5)


def drawn(person: int, yaw: float, pitch: float, roll: float) -> Pose:
    rng = np.random.default_rng(person)
    context = sample_context(rng, yaw=yaw, pitch=pitch, roll=roll)
    return pose_of(draw(sample_person(1_000_000 + person), context, 64).landmarks)


def test_drawn_heads_are_turned_as_they_were_drawn() -> None:
    asked = [(-25, 10), (-10, -10), (0, 0), (10, 12), (25, -12)]
    found = [drawn(i, yaw, 0, roll) for i, (yaw, roll) in enumerate(asked)]
    turns, tilts = np.array(asked).T
    assert np.corrcoef(turns, [pose.turn for pose in found])[0, 1] > 0.97
    assert np.abs(tilts - [pose.tilt for pose in found]).max() < 5
    assert drawn(1, 0, 8, 0).nod > drawn(1, 0, -8, 0).nod + 4


def test_pose_knows_neither_size_nor_place() -> None:
    points = head(25, 5)
    one, other = pose_of(points), pose_of(3 * points + 40)
    assert abs(one.turn - other.turn) < 0.2 and abs(one.nod - other.nod) < 0.2


def test_mirrored_heads_turn_the_other_way() -> None:
    points = head(30, 0)
    order = [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)]
    order += [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, *range(54, 47, -1)]
    order += [*range(59, 54, -1), *range(64, 59, -1), 67, 66, 65]
    mirrored = points[order] * [-1, 1] + [400, 0]
    assert pose_of(mirrored).turn == pytest.approx(-pose_of(points).turn, abs=0.5)


def test_closed_eyes_open_mouth_and_smile() -> None:
    points = face_points(100, 100, 100).astype(float)
    assert not expression_of(points).closed
    shut = points.copy()
    for first in (36, 42):
        shut[first : first + 6, 1] = points[first : first + 6, 1].mean()
    assert expression_of(shut).closed
    wide = points.copy()
    wide[[48, 54], 0] += (-8, 8)
    assert expression_of(wide).smile > expression_of(points).smile
    gaping = points.copy()
    gaping[66, 1] += 15
    assert expression_of(gaping).word == "open mouth"


def lit(left: int, right: int) -> Light:
    points = face_points(200, 200, 150)
    rgb = np.full((400, 400, 3), left, np.uint8)
    rgb[:, 200:] = right
    return light_of(align_face(rgb, points, 256), points)


def test_a_dark_side_is_a_shadow_and_a_dark_face_low_light() -> None:
    shaded = lit(60, 200)
    assert shaded.harsh and shaded.side > 3 and not shaded.low
    assert lit(200, 60).side == pytest.approx(-shaded.side, abs=0.3)
    even = lit(180, 180)
    assert not even.harsh and abs(even.side) < 0.05 and not even.low
    assert lit(60, 60).low


def test_nothing_particular_is_no_note() -> None:
    assert notes(AHEAD, LIT, CALM, SHARP, 300) == ()


@pytest.mark.parametrize(
    "given, word",
    [
        ({"pose": Pose(-40, 0, 0)}, "turned to the left"),
        ({"pose": Pose(40, 0, 0)}, "turned to the right"),
        ({"pose": Pose(0, 25, 0)}, "looks down"),
        ({"pose": Pose(0, -25, 0)}, "looks up"),
        ({"pose": Pose(0, 0, -40)}, "tilted"),
        ({"expression": Expression(0.8, 0, 0.05)}, "eyes closed"),
        ({"light": Light(0.05, 0, 0.1)}, "low light"),
        ({"light": Light(0.3, -2, 0.9)}, "harsh shadow"),
        ({"native_height": 90}, "low resolution"),
        ({"blur": Blur(0.5, "")}, "a little soft"),
    ],
)
def test_one_note_each(given: dict, word: str) -> None:
    usual = {"pose": AHEAD, "light": LIT, "expression": CALM, "blur": SHARP, "native_height": 300}
    assert notes(**{**usual, **given}) == (word,)


TURNS = [Pose(t, 0, 0) for t in (-30, 0, 5, 25, 2)]
LIGHTS = [Light(level, 0, 0.9) for level in (0.2, 0.4, 0.5, 0.3, 0.4)]
MOUTHS = [Expression(s, 0.05, 0.3) for s in (0.8, 1.05, 0.9, 0.85, 1.0)]


def test_a_rich_set_lacks_nothing() -> None:
    assert missing(TURNS, LIGHTS, MOUTHS) == ""


@pytest.mark.parametrize(
    "given, word",
    [
        ({"poses": [AHEAD] * 5}, "from the side"),
        ({"poses": [Pose(40, 0, 0)] * 5}, "from the front"),
        (
            {"poses": [Pose(t, 0, 0) for t in (0, 20, 30, 5, 2)]},
            "picture's left would help most: 2",
        ),
        ({"expressions": [CALM] * 5}, "A smile"),
        ({"expressions": [Expression(1, 0.1, 0.3)] * 5}, "A calm face"),
        ({"expressions": [Expression(s, 0, 0.05) for s in (1, 0.8, 1, 0.8, 1)]}, "Open eyes"),
        ({"lights": [LIT] * 5}, "other light"),
        ({"lights": [Light(0.05, s, 0.1) for s in (-2, 0, 2, 1, 0)]}, "brighter light"),
    ],
)
def test_the_gap_is_named(given: dict, word: str) -> None:
    rich = {"poses": TURNS, "lights": LIGHTS, "expressions": MOUTHS}
    text = missing(**{**rich, **given})
    assert word in text and text.endswith(".") and text.count(".") == 1


def test_few_photos_first() -> None:
    assert missing(TURNS[:2], LIGHTS[:2], MOUTHS[:2]).startswith("Three to eight")
    assert missing(TURNS[:4], LIGHTS[:4], MOUTHS[:4]).startswith("One or two more")
