"""`draw(person, context)`: one portrait with everything known about it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pidiff_cli.mini.world import registry
from pidiff_cli.mini.world.beard import beard_layers, stubble
from pidiff_cli.mini.world.body import casual_layers, neck_layer
from pidiff_cli.mini.world.canvas import Array, Layer
from pidiff_cli.mini.world.context import Context
from pidiff_cli.mini.world.factors import factors
from pidiff_cli.mini.world.features import Features, build_features, landmarks
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.glasses import glasses_layers
from pidiff_cli.mini.world.hair import COVERS_EARS, hair_layers
from pidiff_cli.mini.world.head import ear_layers, head_layer
from pidiff_cli.mini.world.light import NEUTRAL, Figure, Light
from pidiff_cli.mini.world.people import Person
from pidiff_cli.mini.world.skin import skin_rgb

INTERNAL = 256
HIDE_HAIR = -20.0  # default brim line, head coordinates


@dataclass(frozen=True)
class Portrait:
    """rgb (S, S, 3) u8, labels (S, S) u8, landmarks (68, 2) float32 px, caption, factors (79,)."""

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
    for layer in sorted(
        figure_layers(person, context, geo, features, light), key=lambda x: x.order
    ):
        figure.add(layer)
    rgb = figure.over(backdrop)
    points = landmarks(geo, features)
    if context.style != "photo":
        rgb = _styled(rgb, figure, geo, context)
    small = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
    labels = cv2.resize(figure.labels, (size, size), interpolation=cv2.INTER_NEAREST)
    caption = registry.captioner()
    rng = np.random.default_rng([14, context.seed])
    return Portrait(
        rgb=np.asarray(np.clip(small * 255 + 0.5, 0, 255), np.uint8),
        labels=np.asarray(labels, np.uint8),
        landmarks=(geo.frame.to_px(points) * (size / INTERNAL)).astype(np.float32),
        caption=caption(person, context, rng) if caption else f"a {person.noun}",
        factors=factors(person, context, light),
    )


def backdrop_and_light(context: Context) -> tuple[Array, Light]:
    """Scene (S, S, 3) and the light it names, jittered by the context's light seed."""
    paint = registry.scene_painter()
    if paint is None or context.scene not in registry.scenes():
        return _mottle(context.seed), NEUTRAL.jittered(context.light_seed)
    rgb, light = paint(context.scene, context.seed, INTERNAL)
    return np.asarray(rgb, np.float32), light.jittered(context.light_seed)


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
    return layers + hair_layers(p, geo, hide)


def _styled(rgb: Array, figure: Figure, geo: Geometry, context: Context) -> Array:
    style = registry.style_filter()
    if style is None:
        return rgb
    x, y = geo.frame.to_px(geo.place([(0.0, 8.0)], 10.0))[0]
    s = geo.frame.scale
    face = np.zeros(figure.cover.shape, np.uint8)
    cv2.ellipse(face, (int(x), int(y)), (int(19 * s), int(24 * s)), 0, 0, 360, 255, -1)
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
