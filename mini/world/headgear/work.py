"""Working headgear: chef's toque, surgical cap, helmets, peaked cap, mask, headband, beanie."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import (
    DISC,
    GOLD,
    INK,
    PALE_GOLD,
    Rgb,
    Rng,
    lines,
    outfit,
    pick,
    star,
    taper,
    tone,
)
from mini.world.garments.work import NAVY, NEON, SCRUBS
from mini.world.headgear.form import (
    band_half,
    behind_layer,
    dome,
    hat_layer,
    hat_line,
    hull,
    mirror,
    over_hair,
    patch,
    ring,
    room_above,
    strip,
)
from mini.world.paint.canvas import Layer, smooth_curve
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

WHITE: Rgb = (0.95, 0.95, 0.94)


def chef(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A toque: pleated band and a billowing crown."""
    line = hat_line(geo, context)
    r = band_half(geo, line, 2.6)
    lean = float(rng.uniform(-2.5, 2.5))
    crown = hat_layer(geo, "toque", thickness=1.5)
    t = np.linspace(200, -20, 13)
    rise = min(14.5, room_above(geo, line - 22, 2.0))
    wave = 1.0 + 0.045 * np.where(np.arange(13) % 2 == 0, 1, -1)
    puff = np.stack([lean + (r + 6.5) * wave * np.cos(np.radians(t)),
                     line - 22 - rise * wave * np.sin(np.radians(t))], 1)  # fmt: skip
    base = [(r * 0.96, line - 9.5), (-r * 0.96, line - 9.5)]
    outline = smooth_curve(np.vstack([puff, base]))
    crown.fill(geo.place(outline, 2), WHITE, to=tone(WHITE, 0.90))
    folds = []
    for u in np.linspace(-0.86, 0.86, 9):
        top = line - 18 - rise + 6 * u * u
        folds.append(geo.place([(u * r * 0.93, line - 9.5), (u * (r + 1.5) + lean * 0.5, line - 18),
                                (u * (r + 5) + lean, top)], 6))  # fmt: skip
    crown.many(taper(folds, [1.9, 1.4, 0.2]), (0.66, 0.64, 0.68), 0.42, soft=0.4)
    crown.many(taper(np.asarray(folds) + (1.3, 0), [1.0, 0.8, 0.1]), (1, 1, 1), 0.6, soft=0.3)
    band = hat_layer(geo, "toque band", order=90.2)
    low, high = ring(geo, line - 2, r, 1.6, -3, 183), ring(geo, line - 11.5, r + 0.5, 1.6, -3, 183)
    band.fill(strip(low, high), tone(WHITE, 0.98))
    pleats = [(low[i], high[i]) for i in range(2, 39, 3)]
    band.many(lines(pleats, 0.4), (0.66, 0.65, 0.68), 0.55)
    band.stroke(low - (0, 0.6), 0.6, (0.70, 0.69, 0.72), 0.7, clip=True)
    return [crown, band]


def doctor(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A surgical cap with a tied band and a small print."""
    line = hat_line(geo, context)
    colour = outfit(context, SCRUBS)
    r = band_half(geo, line, 1.6)
    top = geo.shape.top - 7.0
    cap = hat_layer(geo, "surgical cap", thickness=1.2)
    crown = [(0, top), (r * 0.52, top + 1.8), (r * 0.90, top + 8.5), (r + 1.0, line - 12),
             (r + 1.0, line - 5.5)]  # fmt: skip
    cap.fill(hull(geo.place(dome(crown), -1), ring(geo, line - 2.4, r - 1.5, 2.0, 8, 172)), colour)
    pleats = [geo.place([(u * r, line - 7), (u * r * 0.95, line - 13), (u * r * 0.7, top + 7)], 6)
              for u in np.linspace(-0.8, 0.8, 7)]  # fmt: skip
    cap.many(taper(pleats, [1.3, 0.7, 0.2]), tone(colour, 0.6), 0.5, soft=0.3)
    spots = geo.place(rng.uniform((-r, top + 2), (r, line - 6), (26, 2)), 8)
    cap.many([star(0, 0, 0.95, 4) + p for p in spots], tone(colour, 1.55), 0.8)
    low, high = ring(geo, line - 0.2, r + 0.5, -1.6, -4, 184), ring(geo, line - 5.0, r + 1.0, -1.2,
                                                                    -4, 184)  # fmt: skip
    cap.fill(strip(low, high), tone(colour, 0.88))
    cap.stroke(high + (0, 0.5), 0.4, tone(colour, 0.55), 0.8, clip=True)
    return [cap]


def firefighter(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A ridged helmet with a rolled brim, golden band and shield badge."""
    line = hat_line(geo, context)
    red = pick(rng, ((0.78, 0.09, 0.10), (0.78, 0.09, 0.10), (0.78, 0.09, 0.10),
                     (0.93, 0.74, 0.14)), 0.012)  # fmt: skip
    r = band_half(geo, line, 3.4)
    top = geo.shape.top - 11.5
    brim = hat_layer(geo, "helmet brim", "metal", thickness=0.9, shadow=0.6)
    brim.gloss = 0.35
    edge = ring(geo, line - 4.6, r + 6.4, 4.4, depth=1.12, curl=-1.0)
    brim.fill(edge, tone(red, 0.82))
    front = ring(geo, line - 4.6, r + 6.4, 4.4, -2, 182, depth=1.12, curl=-1.0)
    brim.stroke(front - (0, 0.7), 1.3, tone(red, 1.12), clip=True)
    cap = hat_layer(geo, "helmet dome", "metal", order=90.2, thickness=1.4)
    cap.gloss = 0.5
    shell = [(0, top), (r * 0.42, top + 1.4), (r * 0.78, top + 8), (r * 0.98, line - 14),
             (r + 0.8, line - 5)]  # fmt: skip
    cap.fill(hull(geo.place(dome(shell), -1), ring(geo, line - 6.2, r + 1, 3.4, 0, 180)), red)
    ribs = np.array([geo.place([(u * r * 0.35, top + 1.5), (u * r * 0.85, top + 9),
                                (u * r, line - 9)], [4, 10, 14])
                     for u in (-0.72, -0.38, 0.0, 0.38, 0.72)])  # fmt: skip
    cap.many(taper(ribs + (0.9, 0), [0.5, 1.5, 1.6]), tone(red, 0.5), 0.55, soft=0.3)
    cap.many(taper(ribs, [0.6, 1.3, 1.3]), tone(red, 1.16), 0.9)
    low, high = ring(geo, line - 5.4, r + 1.2, 3.4, -4, 184), ring(geo, line - 8.4, r + 1.2, 3.4,
                                                                   -4, 184)  # fmt: skip
    cap.fill(strip(low, high), GOLD, clip=True)
    cap.stroke(high + (0, 0.5), 0.6, PALE_GOLD, clip=True)
    badge = hat_layer(geo, "shield", "metal", order=90.4, thickness=0.8)
    y = line - 12.5
    shield = np.array([(0, y - 7.5), (3.6, y - 5.8), (6.2, y - 5.6), (5.6, y + 2), (3.4, y + 5),
                       (0, y + 7)])  # fmt: skip
    badge.fill(patch(geo, mirror(shield), r + 1), GOLD)
    badge.fill(patch(geo, mirror(shield * (0.76, 1) + (0, 0)) * (1, 0.8) + (0, y * 0.2), r + 1),
               PALE_GOLD)  # fmt: skip
    badge.fill(patch(geo, star(0, y - 0.4, 3.4), r + 1), tone(red, 0.9))
    return [brim, cap, badge]


def police(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A peaked cap: flared top, dark band, glossy peak, golden badge."""
    line = hat_line(geo, context)
    navy = outfit(context, NAVY, 0.01)
    r = band_half(geo, line, 2.6)
    cap = hat_layer(geo, "peaked cap", thickness=1.2)
    rim = ring(geo, line - 19.5, r + 9.5, 3.0)
    cap.fill(hull(rim, ring(geo, line - 24.0, r + 3.5, 2.0)), tone(navy, 1.12))
    cap.fill(hull(ring(geo, line - 19.0, r + 9.5, 3.4, -2, 182), ring(geo, line - 10, r + 0.8, 2.2,
                                                                      0, 180)), navy)  # fmt: skip
    cap.stroke(ring(geo, line - 19.3, r + 9.2, 3.2, -2, 182), 0.9, tone(navy, 1.22), clip=True)
    for u in (-0.6, -0.2, 0.25, 0.62):
        cap.stroke(geo.place([(u * r, line - 11), (u * (r + 7), line - 17)], 10), [1.2, 0.3],
                   tone(navy, 0.6), 0.6, soft=0.3,
                   clip=True)  # fmt: skip
    low, high = ring(geo, line - 3.0, r + 0.2, 2.0, -4, 184), ring(geo, line - 11.5, r + 0.8, 2.0,
                                                                   -4, 184)  # fmt: skip
    cap.fill(strip(low, high), (0.08, 0.09, 0.13))
    cap.stroke(high + (0, 0.4), 0.9, GOLD, clip=True)
    peak = hat_layer(geo, "peak", "metal", order=90.3, thickness=0.9, shadow=0.6)
    peak.gloss = 0.5
    inner = ring(geo, line - 9.2, r + 0.4, 2.0, 10, 170, seen=False)
    outer = ring(geo, line - 5.2, r + 2.2, 6.0, 10, 170, depth=1.30, seen=False)
    peak.fill(strip(outer, inner), (0.07, 0.07, 0.09))
    peak.stroke(inner, 1.5, GOLD)
    peak.stroke(outer - (0, 0.8), 0.5, (0.45, 0.47, 0.52), 0.9, clip=True)
    badge = hat_layer(geo, "cap badge", "metal", order=90.5, thickness=0.7)
    badge.fill(patch(geo, star(0, line - 14.4, 5.0, 7), r + 3), GOLD)
    badge.fill(patch(geo, star(0, line - 14.4, 2.3, 6), r + 3), (0.20, 0.32, 0.66))
    return [cap, peak, badge]


def astronaut(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A wide bubble: shell behind the head, open frame in front, golden visor pushed up."""
    s = geo.shape
    w, top, low = s.skull + 11.5, s.top - 11.0, s.chin + 9.0
    white = (0.88, 0.90, 0.95)
    outline = [(0, top), (w * 0.56, top + 2.8), (w * 0.93, top + 16), (w, 0.0),
               (w * 0.97, low * 0.55), (w * 0.78, low)]  # fmt: skip
    outer = smooth_curve(mirror(outline))
    shell = behind_layer(geo, "helmet shell", thickness=1.4)
    shell.fill(geo.place(outer, -2), white)
    inside = outer * (0.92, 0.94) + (0, 1.0)
    shell.fill(geo.place(inside, 0), (0.56, 0.62, 0.74), to=(0.80, 0.84, 0.92), clip=True)
    frame = hat_layer(geo, "helmet frame", thickness=1.2, shadow=0.25)
    frame.fill(geo.place(outer, 3), white)
    hole = smooth_curve(mirror([(0, top + 7.5), (w * 0.52, top + 9.6), (w * 0.82, top + 20),
                                (w * 0.88, 0.0),
                                (w * 0.84, low * 0.6), (w * 0.60, low + 3)]))  # fmt: skip
    frame.erase(geo.place(hole, 7))
    lip = geo.place(np.vstack([hole[6:-6]]), 6)
    frame.stroke(lip, 1.2, (0.50, 0.54, 0.66), 0.9, clip=True, smooth=False)
    for sign in (-1, 1):
        hinge = geo.place([(sign * w * 0.94, -6.0)], 4)[0]
        for radius, c in ((4.2, (0.55, 0.60, 0.74)), (3.1, (0.80, 0.83, 0.90)),
                          (1.4, (0.42, 0.47, 0.62))):  # fmt: skip
            frame.ellipse(hinge, radius * 0.8, radius, c)
    visor = hat_layer(geo, "gold visor", "metal", order=90.3, thickness=1.3)
    arch = [(0, top - 2.2), (w * 0.56, top + 0.8), (w * 0.90, top + 12.5), (w * 0.97, top + 20),
            (w * 0.84, top + 19),
            (w * 0.52, top + 9.2), (0, top + 6.6)]  # fmt: skip
    half = np.asarray(arch)
    crescent = np.vstack([half, (half[::-1] * (-1, 1))[1:-1]])
    visor.fill(geo.place(smooth_curve(crescent), 8), GOLD)
    shine = [(-w * 0.62, top + 6.5), (-w * 0.3, top + 2.4), (0, top + 1.4), (w * 0.25, top + 2.2)]
    visor.stroke(geo.place(shine, 8), [0.4, 2.2, 0.4], PALE_GOLD, 0.9, soft=0.3, clip=True)
    return [shell, frame, visor]


def diver(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Diving mask pushed up on the forehead, strap, and a snorkel at one side."""
    line = hat_line(geo, context)
    hot = outfit(context, NEON, 0.015)
    r = over_hair(geo, person, line - 5, 1.8)
    z = 19.5
    gear = hat_layer(geo, "mask strap", thickness=0.9)
    strap = strip(ring(geo, line - 3.5, r, -1.0, -6, 186), ring(geo, line - 8.0, r - 0.6, -1.0, -6,
                                                                186))  # fmt: skip
    gear.fill(strap, (0.12, 0.13, 0.16))
    w, y = geo.shape.skull * 0.80, line - 7.6
    rim = mirror([(0, y - 7.2), (w * 0.6, y - 7.4), (w * 0.96, y - 4), (w, y + 2.0),
                  (w * 0.72, y + 6.6), (w * 0.34, y + 6.2),
                  (w * 0.10, y + 3.4)])  # fmt: skip
    rim = smooth_curve(rim)
    gear.fill(patch(geo, rim * (1.09, 1.0) + (0, 0.4), z - 3), (0.10, 0.11, 0.13))
    mask = hat_layer(geo, "mask", order=90.3, thickness=1.0)
    mask.fill(patch(geo, rim, z), hot)
    glass = hat_layer(geo, "mask glass", "glass", order=90.4, thickness=0.8)
    pane = (rim - (0, y)) * (0.84, 0.74) + (0, y - 0.3)
    glass.fill(patch(geo, pane, z + 0.5), (0.10, 0.36, 0.58), to=(0.50, 0.80, 0.88))
    for x0, width, a in ((-0.62, 0.22, 0.75), (-0.30, 0.08, 0.6), (0.42, 0.14, 0.4)):
        glint = [(w * x0, y + 3), (w * (x0 + width), y + 3), (w * (x0 + width + 0.16), y - 5),
                 (w * (x0 + 0.16), y - 5)]  # fmt: skip
        glass.fill(patch(geo, glint, z + 0.5), (1, 1, 1), a, clip=True, soft=0.2)
    sign = 1.0 if geo.yaw <= 0.05 else -1.0
    tube = hat_layer(geo, "snorkel", order=90.6, thickness=1.2)
    x = geo.shape.skull + 5.4
    bend = [(x - 1.5, 10), (x, 0), (x, -16), (x - 0.6, geo.shape.top - 9)]
    path = geo.place(np.array(bend) * (sign, 1), 2)
    tube.stroke(path, 3.9, tone(hot, 0.8)).stroke(path, 2.5, hot)
    tip = geo.place([(sign * (x - 0.6), geo.shape.top - 8), (sign * (x - 0.5), geo.shape.top - 14)],
                    2)  # fmt: skip
    tube.stroke(tip, 4.2, (0.85, 0.14, 0.10), smooth=False)
    clip = geo.place([(sign * (x - 3.4), line - 6), (sign * (x + 2.2), line - 6)], 3)
    tube.stroke(clip, 3.2, (0.14, 0.15, 0.18), smooth=False)
    return [gear, mask, glass, tube]


def headband(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A towelling band round the forehead, with stripes."""
    line = hat_line(geo, context)
    colour = pick(rng, ((0.85, 0.14, 0.16), (0.95, 0.95, 0.93), (0.12, 0.42, 0.75),
                        (0.97, 0.72, 0.10)))  # fmt: skip
    stripe = (0.95, 0.95, 0.95) if min(colour) < 0.5 else (0.80, 0.14, 0.16)
    r = over_hair(geo, person, line - 3.5)
    band = hat_layer(geo, "headband", thickness=1.1)
    low, high = ring(geo, line - 0.4, r, -0.3, -5, 185), ring(geo, line - 7.2, r - 0.4, -0.3, -5,
                                                              185)  # fmt: skip
    band.fill(strip(low, high), colour)
    for k in (0.36, 0.64):
        band.stroke(low * (1 - k) + high * k, 1.0, stripe, 0.95, clip=True)
    ticks = [(low[i], high[i]) for i in range(1, 40, 2)]
    band.many(lines(ticks, 0.25), INK, 0.12)
    return [band]


def beanie(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A knitted hat with a turned-up rib and a pompon."""
    line = hat_line(geo, context)
    colour = pick(rng, ((0.75, 0.18, 0.22), (0.16, 0.40, 0.62), (0.90, 0.64, 0.16),
                        (0.22, 0.46, 0.34),
                        (0.46, 0.26, 0.50), (0.35, 0.37, 0.42)))  # fmt: skip
    trim = pick(rng, ((0.94, 0.92, 0.88), tone(colour, 0.75), tone(colour, 1.3)))
    r, top = band_half(geo, line, 2.6), geo.shape.top - 9.0
    hat = hat_layer(geo, "beanie", thickness=1.3)
    if rng.random() < 0.7:
        centre = geo.place([(0, top - 2.5)], -2)[0]
        hat.many([DISC * 2.3 + p for p in DISC * 3.3 + centre], tone(trim, 0.92), clip=False)
        hat.ellipse(centre, 3.8, 3.8, trim)
    crown = [(0, top), (r * 0.5, top + 1.4), (r * 0.88, top + 8), (r + 0.6, line - 10),
             (r + 0.4, line - 4)]  # fmt: skip
    hat.fill(hull(geo.place(dome(crown), -1), ring(geo, line - 4, r, 1.0, 0, 180)), colour)
    ribs = [geo.place([(u * r, line - 8), (u * r * 0.93, line - 15), (u * r * 0.25, top + 1)],
                      [8, 8, 0])
            for u in np.linspace(-0.9, 0.9, 11)]  # fmt: skip
    hat.many(taper(ribs, [1.0, 0.8, 0.2]), tone(colour, 0.6), 0.55, soft=0.2)
    cuff = hat_layer(geo, "cuff", order=90.2, thickness=1.2)
    low, high = ring(geo, line + 0.4, r - 0.2, -1.6, -3, 183), ring(geo, line - 8.4, r + 1.0, -0.8,
                                                                    -3, 183)  # fmt: skip
    cuff.fill(strip(low, high), trim)
    cuff.many(lines([(low[i], high[i]) for i in range(1, 40, 2)], 0.5), tone(trim, 0.6), 0.6)
    return [hat, cuff]
