"""Headgear of the broad world's own roles: hard hat, flying helmet with goggles, beret."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import Rgb, Rng, outfit, pick, taper, tone
from mini.world.garments.trade import BERETS, HARD_HATS, LEATHER
from mini.world.headgear.form import (
    band_half,
    dome,
    hat_layer,
    hat_line,
    hull,
    patch,
    ring,
    room_above,
    strip,
)
from mini.world.paint.canvas import Layer, smooth_curve
from mini.world.paint.geometry import Geometry
from mini.world.people import Person


def hard_hat(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A smooth plastic shell with three ridges and a short peak."""
    line = hat_line(geo, context)
    colour = pick(rng, HARD_HATS, 0.01)
    r = band_half(geo, line, 3.2)
    top = geo.shape.top - min(10.0, room_above(geo, geo.shape.top, 2.0))
    shell = hat_layer(geo, "hard hat", "metal", thickness=1.3, shadow=0.6)
    shell.gloss = 0.42
    crown = [(0, top), (r * 0.45, top + 1.0), (r * 0.82, top + 7), (r + 0.4, line - 14),
             (r + 1.2, line - 4.5)]  # fmt: skip
    foot = ring(geo, line - 5.0, r + 1.0, 3.2, 0, 180)
    shell.fill(hull(geo.place(dome(crown), -1), foot), colour)
    ribs = np.array([geo.place([(u * r * 0.5, top + 1.5), (u * r * 0.78, top + 9),
                                (u * r * 0.86, line - 9)], [4, 10, 15])
                     for u in (-0.42, 0.0, 0.42)])  # fmt: skip
    shell.many(taper(ribs + (1.1, 0.2), [0.6, 1.7, 1.8]), tone(colour, 0.62), 0.6, soft=0.3)
    shell.many(taper(ribs, [1.2, 2.2, 2.2]), tone(colour, 1.12), 0.85)
    low = ring(geo, line - 4.4, r + 1.3, 3.4, -4, 184)
    shell.stroke(low, 1.8, tone(colour, 0.78), clip=True)
    peak = hat_layer(geo, "hat peak", "metal", order=90.3, thickness=0.8, shadow=0.6)
    peak.gloss = 0.35
    inner = ring(geo, line - 6.2, r + 0.8, 2.6, 8, 172, seen=False)
    outer = ring(geo, line - 4.6, r + 2.6, 4.4, 8, 172, depth=1.28, seen=False)
    peak.fill(strip(outer, inner), tone(colour, 0.92), to=tone(colour, 0.8))
    peak.stroke(outer - (0, 0.5), 0.8, tone(colour, 1.2), 0.9, clip=True)
    return [shell, peak]


def flying_helmet(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A leather helmet over the ears with goggles pushed up."""
    line = hat_line(geo, context)
    leather = outfit(context, LEATHER, 0.01)
    s = geo.shape
    r, top = band_half(geo, line, 2.4), s.top - 4.6
    cap = hat_layer(geo, "flying helmet", thickness=1.2, shadow=0.6)
    cap.gloss = 0.16
    crown = [(0, top), (r * 0.52, top + 1.6), (r * 0.90, top + 9), (r + 1.0, line - 10),
             (r + 1.2, line - 3)]  # fmt: skip
    cap.fill(hull(geo.place(dome(crown), -1), ring(geo, line - 3.0, r - 0.5, 2.0, 4, 176)), leather)
    for sign in (-1, 1):  # flaps over the ears
        x = s.cheek
        flap = np.array([(x * 0.86, line - 6), (r + 1.6, line - 6), (x + 3.6, 3.0), (x + 2.2, 12.0),
                         (x - 1.8, 15.5), (x - 3.4, 8.0), (x * 0.87, -4.0)])  # fmt: skip
        cap.fill(geo.place(flap * (sign, 1), 2.0), tone(leather, 0.95), smooth=True)
        ear = geo.place([(sign * (x + 0.6), 4.0)], 3.0)[0]
        cap.ellipse(ear, 2.6, 3.8, tone(leather, 0.66), clip=True)
        cap.ellipse(ear, 1.7, 2.8, tone(leather, 1.10), clip=True)
    seam = geo.place([(0, top), (0, (top + line) / 2), (0, line - 4)], [2, 10, 14])
    cap.stroke(seam, 1.4, tone(leather, 0.62), 0.7, soft=0.2, clip=True)
    cap.stroke(seam + (0.6, 0), 0.4, tone(leather, 1.35), 0.8, clip=True)
    low = ring(geo, line - 3.4, r, 1.8, 0, 180)
    cap.stroke(low, 1.0, tone(leather, 0.6), 0.9, clip=True)
    gear = hat_layer(geo, "goggle strap", order=90.2, thickness=0.8)
    gear.fill(strip(ring(geo, line - 6.5, r + 0.8, 0.4, -4, 184),
                    ring(geo, line - 11.0, r + 0.8, 0.4, -4, 184)), (0.16, 0.14, 0.13))  # fmt: skip
    goggles = hat_layer(geo, "goggles", "metal", order=90.4, thickness=0.9, shadow=0.55)
    glass = hat_layer(geo, "goggle glass", "glass", order=90.5, thickness=0.8)
    w, y, z = s.skull * 0.82, line - 9.6, 19.5
    brass: Rgb = (0.72, 0.54, 0.24)
    goggles.fill(patch(geo, [(-3, y - 1.6), (3, y - 1.6), (3, y + 1.6), (-3, y + 1.6)], z), brass)
    for sign in (-1, 1):
        pane = np.array([(2.2, y - 4.2), (w * 0.55, y - 6.4), (w * 0.94, y - 4.0), (w, y + 1.4),
                         (w * 0.62, y + 6.2), (w * 0.20, y + 4.4)])  # fmt: skip
        rim = smooth_curve(pane * (sign, 1))
        goggles.fill(patch(geo, rim, z), brass)
        middle = rim.mean(0)
        inside = (rim - middle) * 0.80 + middle
        glass.fill(patch(geo, inside, z + 0.5), (0.30, 0.34, 0.34), to=(0.66, 0.78, 0.80))
        glint = np.array([(-2.6, 3.0), (-0.8, 3.0), (1.6, -3.4), (-0.2, -3.4)]) + middle
        glass.fill(patch(geo, glint, z + 0.5), (1, 1, 1), 0.7, clip=True, soft=0.2)
    return [cap, gear, goggles, glass]


def beret(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A felt beret pulled to one side, with its little stalk."""
    line = hat_line(geo, context)
    colour = outfit(context, BERETS, 0.01)
    r = band_half(geo, line, 1.6)
    sign = 1.0 if person.parting >= 0 else -1.0
    top = geo.shape.top - 6.5
    felt = hat_layer(geo, "beret", thickness=1.5, shadow=0.6)
    outline = np.array([(-r - 1.5, line - 5), (-r - 2.0, line - 12), (-r * 0.6, top + 1.5),
                        (r * 0.2, top - 0.5), (r * 0.9, top + 3.0), (r + 8.5, line - 13.5),
                        (r + 9.5, line - 5.5), (r + 2.0, line - 3.2)])  # fmt: skip
    shape = smooth_curve(outline * (sign, 1))
    felt.fill(hull(geo.place(shape, 2), ring(geo, line - 3.0, r - 0.5, 1.6, 4, 176)), colour,
              to=tone(colour, 0.86))  # fmt: skip
    for u in (-0.5, 0.1, 0.6):
        fold = geo.place(np.array([(u * r, line - 6), (u * r + 4, line - 13), (u * r + 7, top + 8)])
                         * (sign, 1), 8)  # fmt: skip
        felt.stroke(fold, (1.2, 0.9, 0.2), tone(colour, 0.55), 0.5, soft=0.5, clip=True)
    stalk = geo.place(np.array([(r * 0.16, top + 0.5), (r * 0.20, top - 3.4)]) * (sign, 1), 0)
    felt.stroke(stalk, (1.7, 1.2), tone(colour, 0.9), smooth=False)
    band = hat_layer(geo, "beret band", order=90.2, thickness=0.9)
    low, high = ring(geo, line - 1.2, r, 1.2, -4, 184), ring(geo, line - 4.8, r + 0.4, 1.2, -4, 184)
    band.fill(strip(low, high), tone(colour, 0.62))
    return [felt, band]
