"""`draw(person, context)`: one portrait with everything known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from mini.world import registry
from mini.world.head.beard import beard_layers, stubble
from mini.world.head.body import casual_layers, neck_layer
from pidiff_cli.mini.world.camera import NO_CAMERA, on_sensor, through_lens
from mini.world.paint.canvas import Array, Layer
from pidiff_cli.mini.world.company import put_before, seen_labels
from mini.world.context import Context
from mini.world.factors import factors
from mini.world.head.features import Features, build_features, landmarks
from mini.world.paint.geometry import Geometry
from mini.world.head.glasses import glasses_layers
from mini.world.head.hair import COVERS_EARS, hair_layers
from mini.world.head.head import ear_layers, head_layer
from mini.world.paint.light import NEUTRAL, Figure, Light
from pidiff_cli.mini.world.lighting import relit
from pidiff_cli.mini.world.occluders import occluder_layers
from mini.world.people import Person, sample_person
from mini.world.paint.skin import skin_rgb
from mini.world.worlds import WIDE, WORLDS

INTERNAL = 256
HIDE_HAIR = -20.0  # default brim line, head coordinates


@dataclass(frozen=True)
class Portrait:
    """One picture and what is known about it.

    rgb (S, S, 3) u8, labels (S, S) u8, landmarks (68, 2) float32 px, caption, factors (F,)
    float32 (79 in the narrow world); of a second person, where there is one: other_labels
    (S, S) u8, where the first does not hide it, and other_landmarks (68, 2) float32 px.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    caption: str
    factors: npt.NDArray[np.float32]
    other_labels: npt.NDArray[np.uint8] | None = None
    other_landmarks: npt.NDArray[np.float32] | None = None


class _Drawn(NamedTuple):
    """A lit figure, its geometry and its landmarks (68, 2) in the unit frame."""

    figure: Figure
    geo: Geometry
    points: npt.NDArray[np.float32]


def draw(person: Person, context: Context, size: int = 128) -> Portrait:
    """Draw one portrait; a pure function of its arguments. size: side in px, up to 256."""
    backdrop, light = backdrop_and_light(context)
    first, other = _figure(person, context, light), None
    figure = first.figure
    if context.companion is not None:
        mate = context.companion
        other = _figure(sample_person(mate.person, WIDE), mate.context, light)
        figure = put_before(first.figure, other.figure)
    rgb = figure.over(backdrop)
    if context.style != "photo":
        faces = [first.geo] if other is None else [first.geo, other.geo]
        rgb = _styled(rgb, figure, faces, context)
    if context.camera != NO_CAMERA:
        rgb = through_lens(rgb, context.camera)
    small = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
    pixels = np.asarray(np.clip(small * 255 + 0.5, 0, 255), np.uint8)
    if context.camera != NO_CAMERA:
        pixels = on_sensor(pixels, context.camera, context.seed)
    caption = registry.captioner()
    rng = np.random.default_rng([14, context.seed])
    return Portrait(
        rgb=pixels,
        labels=_shrunk(figure.labels, size),
        landmarks=_pixels(first, size),
        caption=caption(person, context, rng) if caption else f"a {person.noun}",
        factors=factors(person, context, light),
        other_labels=other and _shrunk(seen_labels(first.figure, other.figure), size),
        other_landmarks=other and _pixels(other, size),
    )


def _figure(person: Person, context: Context, light: Light) -> _Drawn:
    """The person, lit, before nothing."""
    geo = Geometry(person, context, INTERNAL)
    features = build_features(person, context, geo)
    figure = Figure(INTERNAL, light)
    for layer in sorted(
        figure_layers(person, context, geo, features, light), key=lambda x: x.order
    ):
        figure.add(layer)
    return _Drawn(figure, geo, landmarks(geo, features))


def _shrunk(labels: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    small = cv2.resize(labels, (size, size), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small, np.uint8)


def _pixels(drawn: _Drawn, size: int) -> npt.NDArray[np.float32]:
    return (drawn.geo.frame.to_px(drawn.points) * (size / INTERNAL)).astype(np.float32)


def backdrop_and_light(context: Context) -> tuple[Array, Light]:
    """Scene (S, S, 3) and the light it names, jittered by the context's light seed."""
    paint = registry.scene_painter()
    if paint is None or context.scene not in registry.scenes(WORLDS[context.world]):
        return _mottle(context.seed), NEUTRAL.jittered(context.light_seed)
    rgb, light = paint(context.scene, context.seed, INTERNAL, WORLDS[context.world])
    light = light.jittered(context.light_seed)
    if context.light != "scene":
        light, tint = relit(light, context.light, context.light_seed)
        rgb = rgb * tint
    return np.asarray(rgb, np.float32), light


def figure_layers(p: Person, c: Context, geo: Geometry, f: Features, light: Light) -> list[Layer]:
    """All layers of the figure, unsorted."""
    base = skin_rgb(p)
    rng = np.random.default_rng([12, c.seed])
    garment, hat = registry.garment(c.role), registry.headgear(c.role) if c.headgear else None
    layers: list[Layer] = [neck_layer(p, geo, f, base)]
    layers += list(garment(geo, p, c, rng)) if garment else casual_layers(geo, p, c, rng)
    layers += ear_layers(p, geo, base, p.hair_shape in COVERS_EARS)
    head = head_layer(p, c, geo, f, base, light.key_dir[0])
    stubble(head, p, geo, f)
    layers += [head, *beard_layers(p, geo, f), *glasses_layers(c, geo, f)]
    hide = None
    if hat:
        layers += list(hat(geo, p, c, np.random.default_rng([13, c.seed])))
        hide = registry.hide_hair(c.role, HIDE_HAIR)
    return layers + hair_layers(p, geo, hide) + occluder_layers(p, c, geo, f)


def _styled(rgb: Array, figure: Figure, faces: list[Geometry], context: Context) -> Array:
    style = registry.style_filter()
    if style is None:
        return rgb
    face = np.zeros(figure.cover.shape, np.uint8)
    for geo in faces:
        x, y = geo.frame.to_px(geo.place([(0.0, 8.0)], 10.0))[0]
        s = geo.frame.scale
        cv2.ellipse(face, (int(x), int(y)), (int(19 * s), int(24 * s)), 0, 0, 360, 255, -1)
    s = faces[0].frame.scale
    soft = cv2.GaussianBlur(face, (0, 0), 4.0 * s).astype(np.float32) / np.float32(255)
    return np.asarray(style(context.style, rgb, figure.cover, soft, context.seed), np.float32)


def _mottle(seed: int) -> Array:
    """A plain studio backdrop: two tones, mottled."""
    rng = np.random.default_rng([15, seed])
    tones = np.array(
        [
            (0.56, 0.53, 0.50),
            (0.45, 0.52, 0.58),
            (0.70, 0.52, 0.36),
            (0.50, 0.58, 0.47),
            (0.60, 0.48, 0.52),
        ],
        np.float32,
    )
    tone = tones[int(rng.integers(len(tones)))]
    noise = cv2.resize(
        rng.normal(0, 1, (7, 7)).astype(np.float32),
        (INTERNAL, INTERNAL),
        interpolation=cv2.INTER_CUBIC,
    )
    glow = 1.06 + 0.07 * noise
    return np.asarray(tone * glow[..., None], np.float32)
