"""Hands before a face: at the chin, at the cheek, with a mug, with a microphone."""

from __future__ import annotations

import numpy as np

from pidiff_cli.mini.world.canvas import Array, Layer, smooth_curve
from pidiff_cli.mini.world.features import Features
from pidiff_cli.mini.world.garments_plain import WARDROBE
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.occluders_form import Rng, either_side, near_layer
from pidiff_cli.mini.world.people import Person
from pidiff_cli.mini.world.skin import skin_line, skin_rgb


def _capsule(layer: Layer, a: Array, b: Array, width: float, colour: Array, line: Array) -> None:
    """A finger from a to b: round at its end, its edge drawn."""
    path = np.array([a, (a + b) / 2 + (b - a)[::-1] * (0.06, -0.06), b])
    layer.stroke(path, (width * 1.25, width * 1.22, width * 1.08), line, 0.9)
    layer.ellipse(b, width * 0.54, width * 0.54, line)
    layer.stroke(path, (width, width * 0.98, width * 0.86), colour)
    layer.ellipse(b, width * 0.43, width * 0.43, colour)
    toward = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
    nail = np.minimum(colour * np.array([1.08, 0.98, 0.96]) + 0.05, 1)
    layer.ellipse(b + toward * 0.1 * width, width * 0.26, width * 0.26, nail, 0.7, soft=0.2)


def _arm(
    geo: Geometry, rng: Rng, start: Array, hand: Array, base: Array, step: float
) -> list[Layer]:
    """Forearm from below the frame to the hand: a sleeve, then a bare wrist."""
    wrist = hand + (start - hand) * 0.24
    skin = near_layer(geo, "wrist", step)
    skin.stroke(np.array([hand, (hand + wrist) / 2, wrist]), (8.0, 7.6, 8.6), base)
    cloth = near_layer(geo, "sleeve", step + 0.1, "cloth")
    colour = np.asarray(WARDROBE[int(rng.integers(len(WARDROBE)))])
    cuff = hand + (start - hand) * 0.20
    cloth.stroke(
        np.array([cuff, (cuff + start) / 2, start]), (11.0, 14.0, 19.0), colour, smooth=False
    )
    end = cuff + (start - cuff) * 0.07
    cloth.stroke(np.array([cuff, end]), 12.0, colour * 0.8, smooth=False)
    return [skin, cloth]


def hand(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """A hand at the chin, thinking: knuckles under the mouth, a finger along the cheek."""
    side, base = either_side(rng), skin_rgb(p)
    line = skin_line(base, 0.75)
    chin = geo.place([(side * 3.0, geo.shape.chin + f.jaw_drop - 1.0)], 17.0)[0]
    palm = chin + (side * 6.5, 6.5)
    start = np.array([64.0 + side * rng.uniform(24, 32), 156.0])
    layers = _arm(geo, rng, start, palm + (side * 1.5, 4.0), base, 0.0)
    back = near_layer(geo, "hand", 0.3)
    back.fill([palm + q for q in np.array([(-7.5, -4), (0, -6), (7, -3), (8, 4), (3, 9), (-4, 8)])
               * (side, 1)], base * 0.97, smooth=True)  # fmt: skip
    layers.append(back)
    cheek = geo.face([(side * geo.shape.cheek * 0.70, f.mouth.y - 7.0)], 2.0)[0]
    finger = near_layer(geo, "finger", 0.4)
    _capsule(finger, palm + (side * 3.5, -2.5), cheek, 4.0, base, line)
    layers.append(finger)
    for k in range(3):
        curled = near_layer(geo, "finger", 0.5 + 0.1 * k)
        a = palm + (side * (5.0 - 0.6 * k), -0.6 + 3.3 * k)
        b = palm + (-side * (6.4 - 1.0 * k), -2.6 + 3.5 * k)
        _capsule(curled, a, b, 4.1 - 0.25 * k, base * (1.0 - 0.012 * k), line)
        layers.append(curled)
    thumb = near_layer(geo, "thumb", 0.35)
    _capsule(thumb, palm + (-side * 1.0, 5.0), chin + (-side * 6.5, 3.2), 4.4, base * 0.95, line)
    return [*layers, thumb]


def cheek(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """The head rests on a hand: the palm at the jaw, four fingers up the cheek."""
    side, base = either_side(rng), skin_rgb(p)
    line, s = skin_line(base, 0.75), geo.shape
    jaw = geo.place([(side * (s.jaw + 0.5), f.mouth.y + 5.0)], 9.0)[0]
    start = np.array([64.0 + side * rng.uniform(34, 42), 156.0])
    layers = _arm(geo, rng, start, jaw + (side * 3.0, 7.0), base, 0.0)
    back = near_layer(geo, "hand", 0.3)
    back.fill([jaw + q for q in np.array(
        [(-6.5, -3), (-3, -8), (4, -7), (7, 0), (6, 9), (0, 11), (-5, 6)])
               * (side, 1)], base * 0.97, smooth=True)  # fmt: skip
    layers.append(back)
    tips = ((0.50, -6.5), (0.70, -9.5), (0.88, -10.5), (1.02, -7.5))
    for k, (x, y) in enumerate(tips):
        finger = near_layer(geo, "finger", 0.4 + 0.1 * k)
        tip = geo.face([(side * s.cheek * min(x, 0.93), f.mouth.y + y)], 2.0)[0]
        tip = tip + (side * max(x - 0.93, 0) * 20, 0)
        _capsule(finger, jaw + (side * (-4.2 + 3.4 * k), -3.5 + 0.8 * k), tip, 3.8, base, line)
        layers.append(finger)
    return layers


def mug(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """A mug lifted to the mouth, held from one side."""
    side, base = either_side(rng), skin_rgb(p)
    line = skin_line(base, 0.75)
    colours = ((0.82, 0.20, 0.20), (0.18, 0.42, 0.68), (0.94, 0.92, 0.86), (0.92, 0.66, 0.16),
               (0.24, 0.52, 0.42))  # fmt: skip
    colour = np.asarray(colours[int(rng.integers(len(colours)))])
    at = geo.face([(0.0, f.mouth.y + 6.5)], 3.0)[0]
    w, h = 9.8, 11.0
    body = near_layer(geo, "mug", 0.2, "matte")
    body.thickness = 1.2
    handle = smooth_curve(at + np.array([(w - 1, -4.5), (w + 6.5, -4.5), (w + 6.5, 5), (w - 2, 6)])
                          * (-side, 1), closed=False)  # fmt: skip
    body.stroke(handle, 2.7, colour * 0.85, smooth=False)
    t = np.linspace(0, np.pi, 12)
    foot = np.stack([(w - 1.2) * np.cos(t), h - 1.5 + 2.6 * np.sin(t)], 1)
    body.fill(at + np.vstack([[(-w, -h + 4)], foot[::-1], [(w, -h + 4)]]), colour, to=colour * 0.8)
    body.ellipse(at + (0, -h + 4), w, 2.9, np.minimum(colour * 1.15 + 0.06, 1))
    body.ellipse(at + (0, -h + 4.2), w - 1.3, 2.0, (0.30, 0.17, 0.10))
    for y in (2.0, 5.4):
        ring = at + np.stack([w * 0.985 * np.cos(t), y + 2.6 * np.sin(t) - 1.4], 1)
        body.stroke(ring, 1.2, (0.97, 0.95, 0.90), 0.85, smooth=False, clip=True)
    start = np.array([64.0 + side * rng.uniform(30, 40), 156.0])
    layers = _arm(geo, rng, start, at + (side * (w + 3.5), 5.0), base, 0.0)
    back = near_layer(geo, "hand", 0.1)
    back.ellipse(at + (side * (w + 1.5), 3.0), 6.0, 8.4, base * 0.97)
    layers += [back, body]
    for k in range(4):
        finger = near_layer(geo, "finger", 0.3 + 0.1 * k)
        a, b = (
            at + (side * (w + 3.0), -4.0 + 3.6 * k),
            at + (side * (w - 6.5 - 0.4 * k), -3.6 + 3.7 * k),
        )
        _capsule(finger, a, b, 3.8 - 0.12 * k, base * (1.0 - 0.012 * k), line)
        layers.append(finger)
    return layers


def microphone(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """A hand with a microphone close under the mouth."""
    side, base = either_side(rng), skin_rgb(p)
    line = skin_line(base, 0.75)
    ball = geo.face([(side * 2.0, f.mouth.y + f.mouth.gap * 0.7 + 6.8)], 4.0)[0]
    foot = ball + (side * 15.0, 25.0)
    way = (foot - ball) / np.linalg.norm(foot - ball)
    stick = near_layer(geo, "microphone", 0.1, "metal")
    stick.gloss = 0.4
    stick.stroke(np.array([ball + way * 3, foot]), (5.2, 3.8), (0.16, 0.16, 0.18), smooth=False)
    head = near_layer(geo, "grille", 0.2, "metal")
    head.gloss, head.thickness = 0.55, 1.4
    head.ellipse(ball, 6.4, 6.4, (0.34, 0.35, 0.38), to=(0.20, 0.20, 0.23))
    for k in np.linspace(-0.8, 0.8, 7):
        half = 6.2 * np.sqrt(1 - k * k)
        for turn in ((1.0, 0.0), (0.0, 1.0)):
            u = np.array(turn)
            v = u[::-1]
            a, b = ball + u * 6.2 * k - v * half, ball + u * 6.2 * k + v * half
            head.stroke(np.array([a, b]), 0.42, (0.66, 0.67, 0.70), 0.7, smooth=False, clip=True)
    collar, wide = ball + way * 6.2, way[::-1] * (4.0, -4.0)
    head.stroke(np.array([collar + wide, collar - wide]), 1.7, (0.72, 0.73, 0.76), smooth=False)
    grip = ball + way * 17.0
    start = np.array([64.0 + side * rng.uniform(34, 44), 158.0])
    layers = _arm(geo, rng, start, grip + (side * 4.0, 5.0), base, 0.0)
    back = near_layer(geo, "hand", 0.05)
    back.ellipse(grip + (side * 2.8, 1.2), 6.4, 7.4, base * 0.96)
    layers += [back, stick, head]
    across = np.array([-way[1], way[0]])
    if across[0] * side > 0:
        across = -across
    for k in range(4):
        finger = near_layer(geo, "finger", 0.3 + 0.1 * k)
        at = grip + way * (-5.0 + 3.4 * k)
        _capsule(finger, at - across * 5.0, at + across * 4.4, 3.7, base * (1 - 0.012 * k), line)
        layers.append(finger)
    return layers
