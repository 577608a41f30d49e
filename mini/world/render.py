"""`draw(person, context)`: one portrait with everything known about it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mini.world.captions import caption
from mini.world.context import Context
from mini.world.factors import factors
from mini.world.garments.catalogue import GARMENTS
from mini.world.head.beard import beard_layers, stubble
from mini.world.head.body import casual_layers, neck_layer
from mini.world.head.features import Features, build_features, landmarks
from mini.world.head.glasses import glasses_layers
from mini.world.head.hair import COVERS_EARS, hair_layers
from mini.world.head.head import ear_layers, head_layer
from mini.world.headgear.catalogue import HEADGEAR, HIDE_HAIR
from mini.world.paint.canvas import Array, Layer
from mini.world.paint.geometry import Geometry
from mini.world.paint.light import NEUTRAL, Figure, Light
from mini.world.paint.skin import skin_rgb
from mini.world.people import Person
from mini.world.registry import WORLDS, scenes
from mini.world.scenes.catalogue import paint_scene
from mini.world.styles.catalogue import apply_style

INTERNAL = 256
HIDE_ABOVE = -20.0  # default brim line, head coordinates


@dataclass(frozen=True)
class Portrait:
    """One picture and what is known about it.

    rgb (S, S, 3) u8, labels (S, S) u8, landmarks (68, 2) float32 px, factors (79,) float32.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    caption: str
    factors: npt.NDArray[np.float32]


def draw(person: Person, context: Context, size: int = 128) -> Portrait:
    """Draw one portrait; a pure function of its arguments. size: side in px, up to 256."""
    backdrop, light = backdrop_and_light(context)
    geo = Geometry(person, context, INTERNAL)
    features = build_features(person, context, geo)
    figure = Figure(INTERNAL, light)
    layers = figure_layers(person, context, geo, features, light)
    for layer in sorted(layers, key=lambda x: x.order):
        figure.add(layer)
    rgb = figure.over(backdrop)
    if context.style != "photo":
        rgb = _styled(rgb, figure, geo, context)
    small = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
    labels = cv2.resize(figure.labels, (size, size), interpolation=cv2.INTER_NEAREST)
    points = geo.frame.to_px(landmarks(geo, features)) * (size / INTERNAL)
    return Portrait(
        rgb=np.asarray(np.clip(small * 255 + 0.5, 0, 255), np.uint8),
        labels=np.asarray(labels, np.uint8),
        landmarks=points.astype(np.float32),
        caption=caption(person, context, np.random.default_rng([14, context.seed])),
        factors=factors(person, context, light),
    )


def backdrop_and_light(context: Context) -> tuple[Array, Light]:
    """Scene (S, S, 3) and the light it names, jittered by the context's light seed."""
    if context.scene not in scenes(WORLDS[context.world]):
        return _mottle(context.seed), NEUTRAL.jittered(context.light_seed)
    rgb, light = paint_scene(context.scene, context.seed, INTERNAL)
    return np.asarray(rgb, np.float32), light.jittered(context.light_seed)


def figure_layers(p: Person, c: Context, geo: Geometry, f: Features, light: Light) -> list[Layer]:
    """All layers of the figure, unsorted."""
    base = skin_rgb(p)
    rng = np.random.default_rng([12, c.seed])
    garment, hat = GARMENTS.get(c.role), HEADGEAR.get(c.role) if c.headgear else None
    layers: list[Layer] = [neck_layer(p, geo, f, base)]
    layers += list(garment(geo, p, c, rng)) if garment else casual_layers(geo, p, c, rng)
    layers += ear_layers(p, geo, base, p.hair_shape in COVERS_EARS)
    head = head_layer(p, c, geo, f, base, light.key_dir[0])
    stubble(head, p, geo, f)
    layers += [head, *beard_layers(p, geo, f), *glasses_layers(c, geo, f)]
    hide = None
    if hat:
        layers += list(hat(geo, p, c, np.random.default_rng([13, c.seed])))
        hide = HIDE_HAIR.get(c.role, HIDE_ABOVE)
    return layers + hair_layers(p, geo, hide)


def _styled(rgb: Array, figure: Figure, geo: Geometry, context: Context) -> Array:
    face = np.zeros(figure.cover.shape, np.uint8)
    x, y = geo.frame.to_px(geo.place([(0.0, 8.0)], 10.0))[0]
    s = geo.frame.scale
    cv2.ellipse(face, (int(x), int(y)), (int(19 * s), int(24 * s)), 0, 0, 360, 255, -1)
    soft = cv2.GaussianBlur(face, (0, 0), 4.0 * s).astype(np.float32) / np.float32(255)
    return np.asarray(apply_style(context.style, rgb, figure.cover, soft, context.seed), np.float32)


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
