"""Further compositions, for the wide world, of scenes that have but two."""

from __future__ import annotations

import numpy as np

from pidiff_cli.mini.world.scenes_nature import fir
from pidiff_cli.mini.world.scenes_paint import (
    Colour,
    Mood,
    Painter,
    blend,
    cloud_noise,
    either,
    ridge,
    sides,
    vary,
)

Rng = np.random.Generator


def city_river(p: Painter, rng: Rng) -> Mood:
    """A skyline across dark water that mirrors its lights, a bridge, a moon."""
    side = either(rng)
    p.gradient((-8, (18, 18, 58)), (50, (66, 48, 116)), (82, (190, 100, 140)), (136, (20, 20, 54)))
    p.ellipse(64 - side * 44, 18, 7, 7, (250, 244, 220), (230, 220, 200))
    p.glow(64 - side * 44, 18, 20, (200, 190, 220), 0.25)
    shore = rng.uniform(84, 94)
    lamps: list[Colour] = [(255, 214, 130), (255, 160, 110), (150, 210, 255), (255, 120, 170)]
    p.rect(-12, shore, 140, 150, (52, 40, 92), (18, 18, 48))
    for depth in range(2):
        tone = blend((92, 70, 140), (26, 22, 58), depth * 0.8)
        x = -14.0
        while x < 140:
            w = rng.uniform(7, 14)
            top = shore - rng.uniform(16, 58 - 14 * depth)
            p.rect(x, top, x + w, shore, vary(tone, rng, 5), blend(tone, (140, 80, 150), 0.25))
            for wy in np.arange(top + 2.5, shore - 2, 4.2):
                for wx in np.arange(x + 1.4, x + w - 1.6, 3.2):
                    if rng.random() < 0.45:
                        p.rect(wx, wy, wx + 1.5, wy + 2.2, lamps[int(rng.choice(4, p=(0.6, 0.15, 0.15, 0.1)))], None, rng.uniform(0.5, 1))
            x += w + rng.uniform(0, 2)
        p.flush(1.4 - 0.5 * depth)
    for _ in range(46):
        x, tone = rng.uniform(-6, 134), lamps[int(rng.integers(4))]
        y = shore + rng.uniform(2, 20)
        p.ellipse(x, y + 6, rng.uniform(0.8, 2.0), rng.uniform(4, 12), tone, None, 0.32)
    p.flush(1.5)
    y = shore + rng.uniform(6, 12)
    t = np.linspace(0, 1, 20)
    for a, b in ((-14, 30), (30, 98), (98, 142)):
        p.line(np.stack([a + (b - a) * t, y - 24 + 22 * 4 * t * (1 - t)], 1), 1.2, (60, 50, 90))
        for q in np.linspace(a, b, 8):
            u = (q - a) / (b - a)
            p.line([(q, y - 24 + 88 * u * (1 - u)), (q, y)], 0.6, (60, 50, 90))
    for x in (30, 98):
        p.rect(x - 2.4, y - 30, x + 2.4, y + 14, (74, 60, 104), (40, 34, 70))
    p.rect(-12, y - 1, 140, y + 3, (66, 54, 96))
    for x in np.arange(-8, 138, 9):
        p.ellipse(x, y - 2.6, 1.3, 1.3, (255, 232, 170))
    p.flush(0.8)
    for _ in range(12):
        x, y, r = rng.uniform(0, 128), rng.uniform(96, 128), rng.uniform(2, 4.6)
        p.ring(x, y, r, 0.8, blend(lamps[int(rng.integers(4))], (255, 255, 255), 0.3), 0.5)
    p.flush(0.3)
    return Mood(side, (0.66, 0.60, 0.62), (0.44, 0.40, 0.53), (0.12, 0.08, 0.16), (0.62, 0.40, 0.72))


def desert_rocks(p: Painter, rng: Rng) -> Mood:
    """A rock arch and standing stones in the low evening sun."""
    side = either(rng)
    horizon = rng.uniform(84, 92)
    p.gradient((-8, vary((70, 96, 164), rng, 10)), (40, (236, 170, 140)), (horizon, (255, 222, 160)), (136, (200, 120, 76)))
    p.glow(64 - side * 44, horizon - 14, 34, (255, 214, 140), 0.4)
    p.ellipse(64 - side * 44, horizon - 14, 8, 8, (255, 246, 214))
    p.flush(1.2)
    p.poly(ridge(rng, horizon, 14, 9), (176, 104, 100), (214, 136, 104))
    p.flush(1.6)
    x, w = 64 + side * rng.uniform(22, 34), rng.uniform(34, 42)
    t = np.linspace(np.pi, 2 * np.pi, 26)
    for r, tone in ((1.0, (178, 86, 56)), (0.96, (206, 112, 70))):
        outer = np.stack([x + w * r * np.cos(t), horizon - 4 + 66 * r * np.sin(t)], 1)
        inner = np.stack([x + side * 3 + w * 0.62 * np.cos(t[::-1]), horizon - 4 + 42 * np.sin(t[::-1])], 1)
        p.poly(np.concatenate([outer, inner]), vary(tone, rng, 6), (130, 62, 48))
    for k in range(7):
        a = t[3 + 3 * k]
        p.line([(x + w * 0.68 * np.cos(a), horizon - 4 + 46 * np.sin(a)), (x + w * 0.96 * np.cos(a), horizon - 4 + 62 * np.sin(a))], 1.0, (140, 70, 50), 0.7)
    for _ in range(4):
        q, tall = 64 - side * rng.uniform(18, 66), rng.uniform(14, 40)
        h = rng.uniform(4, 8)
        p.poly([(q - h, horizon + 3), (q - h * 0.7, horizon - tall), (q + h * 0.5, horizon - tall * 1.1), (q + h, horizon + 3)], vary((196, 102, 66), rng, 8), (140, 70, 52))
    p.flush(1.3)
    p.poly(ridge(rng, horizon + 8, 9, 7, True), (222, 146, 90), (176, 102, 64))
    for _ in range(22):
        q = rng.uniform(2, 6)
        p.ellipse(sides(rng, 54), rng.uniform(horizon + 8, 134), q, q * 0.5, vary((150, 84, 58), rng, 14), (206, 130, 84))
    p.flush(0.9)
    for _ in range(16):
        x, y = sides(rng, 56), rng.uniform(horizon + 10, 134)
        for a in (-2.2, 0.0, 2.2):
            p.line([(x, y), (x + a, y - rng.uniform(3, 7))], 0.8, (150, 140, 80), 0.9, 0.2)
    p.flush(0.2)
    return Mood(-side, (0.78, 0.62, 0.46), (0.47, 0.41, 0.43), (0.18, 0.11, 0.07), (0.8, 0.5, 0.26), 0.4)


def sea_wreck(p: Painter, rng: Rng) -> Mood:
    """The ribs of a sunken ship over sand, a shoal of fish, shafts of light."""
    side = either(rng)
    p.gradient((-8, vary((70, 190, 210), rng, 8)), (50, (30, 130, 176)), (136, (14, 64, 112)))
    p.glow(64 - side * 20, -10, 46, (190, 255, 246), 0.32)
    for _ in range(6):
        x, w = rng.uniform(0, 128), rng.uniform(3, 8)
        p.poly([(x, -10), (x + w, -10), (x + w * 2.4 + side * 26, 120), (x - w + side * 26, 120)], (180, 246, 246), None, 0.1)
    p.flush(1.7)
    p.poly(ridge(rng, 112, 14, 8, True), (70, 138, 160), (36, 92, 124))
    x, foot = 64 + side * 34, 122.0
    hull = [(x - 46, foot - 24), (x - 30, foot - 4), (x + 30, foot), (x + 48, foot - 40), (x + 56, foot - 44), (x + 44, foot + 8), (x - 36, foot + 6)]
    p.poly(hull, (58, 76, 80), (34, 50, 62))
    for k in range(6):
        a = x - 34 + 14 * k
        tall = rng.uniform(34, 58)
        p.line([(a, foot), (a + 3, foot - tall * 0.6), (a + 9, foot - tall)], 3.2, (66, 82, 84), 1.0, 1.8)
    p.line([(x + 4, foot), (x - side * 8, 16)], 3.4, (62, 78, 80), 1.0, 2.2)
    p.line([(x - 16 - side * 4, 44), (x + 14 - side * 6, 36)], 2.2, (62, 78, 80))
    for _ in range(10):
        a = x + rng.uniform(-44, 44)
        p.ellipse(a, foot - rng.uniform(0, 14), rng.uniform(2, 4), rng.uniform(2, 3.4), vary((94, 150, 110), rng, 22), None, 0.9)
    p.flush(1.4)
    p.poly(ridge(rng, 124, 5, 9, True), (214, 200, 150), (160, 156, 134))
    for _ in range(7):
        a = sides(rng, 50)
        for k in range(4):
            tall = rng.uniform(8, 22)
            q = np.linspace(0, 1, 8)
            p.line(np.stack([a + 3 * k + 2.4 * np.sin(q * 6), 132 - tall * q], 1), 2.4, vary((70, 146, 96), rng, 16), 1.0, 0.6)
    p.flush(0.9)
    cx, cy = 64 - side * 38, rng.uniform(26, 54)
    tone: Colour = vary((240, 206, 96), rng, 20)
    for _ in range(26):
        a, b, q = cx + rng.normal(0, 15), cy + rng.normal(0, 9), rng.uniform(1.8, 3.0)
        p.ellipse(a, b, q, q * 0.45, tone, blend(tone, (255, 255, 255), 0.4))
        p.poly([(a - side * q * 0.8, b), (a - side * q * 1.5, b - q * 0.5), (a - side * q * 1.5, b + q * 0.5)], tone)
    p.flush(0.5)
    for _ in range(20):
        a, b, r = sides(rng, 54), rng.uniform(0, 128), rng.uniform(0.7, 2.4)
        p.ring(a, b, r, 0.5, (226, 252, 255), 0.85)
    p.flush(0)
    return Mood(-side, (0.68, 0.64, 0.57), (0.44, 0.47, 0.50), (0.12, 0.13, 0.12), (0.3, 0.52, 0.56), 0.7)


def kitchen_market(p: Painter, rng: Rng) -> Mood:
    """A country kitchen: brick hearth with a fire, hanging herbs and a dresser with plates."""
    side = either(rng)
    brick: Colour = vary((176, 100, 76), rng, 10)
    p.gradient((-8, blend(brick, (255, 226, 190), 0.35)), (136, blend(brick, (60, 30, 26), 0.25)))
    for row, y in enumerate(np.arange(-8, 100, 6.4)):
        p.rect(-12, y, 140, y + 0.8, blend(brick, (250, 226, 200), 0.5), None, 0.8)
        for x in np.arange(-12 + 6 * (row % 2), 140, 12):
            p.rect(x, y, x + 0.8, y + 6.4, blend(brick, (250, 226, 200), 0.5), None, 0.8)
            if rng.random() < 0.25:
                p.rect(x + 0.8, y + 0.8, x + 12, y + 6.4, vary(brick, rng, 12), None, 0.5)
    p.flush(0.9)
    x, other = 64 + side * 42, 64 - side * 44
    t = np.linspace(np.pi, 2 * np.pi, 20)
    p.poly(np.concatenate([np.stack([x + 21 * np.cos(t), 66 + 24 * np.sin(t)], 1), [[x + 21, 108], [x - 21, 108]]]), (44, 28, 28), (30, 18, 20))
    p.flush(0.9)
    p.glow(x, 94, 24, (255, 150, 60), 0.6)
    for _ in range(11):
        q = x + rng.normal(0, 7)
        p.poly([(q - 3, 106), (q + rng.normal(0, 1.5), 106 - rng.uniform(10, 24)), (q + 3, 106)], (255, 220, 110), (250, 120, 40), 0.9)
    p.rect(x - 25, 38, x + 25, 42, (120, 78, 50), (84, 52, 36))
    for k in range(4):
        q = x - 18 + 12 * k
        p.ellipse(q, 34, 3.6, 4.2, vary(((226, 190, 120), (90, 130, 150), (200, 90, 70))[k % 3], rng, 12), None)
    wood: Colour = vary((134, 92, 60), rng, 8)
    p.rect(other - 26, 6, other + 26, 110, blend(wood, (40, 24, 20), 0.35), blend(wood, (40, 24, 20), 0.5))
    for y in (30.0, 56.0, 82.0):
        p.rect(other - 26, y, other + 26, y + 2.6, blend(wood, (255, 220, 170), 0.3), wood)
        for k in range(4):
            q = other - 19 + 12.6 * k
            plate = vary(((236, 234, 226), (150, 180, 206), (226, 196, 150))[int(rng.integers(3))], rng, 8)
            p.ellipse(q, y - 7, 5.6, 6.6, plate, blend(plate, (120, 120, 140), 0.3))
            p.ellipse(q, y - 7, 3.2, 3.9, blend(plate, (90, 120, 170), 0.3))
    p.flush(1.0)
    p.rect(-12, -12, 140, 3, (96, 64, 44), (70, 46, 34))
    for _ in range(9):
        q, tall = sides(rng, 52), rng.uniform(12, 24)
        for a in rng.normal(0, 3.6, 7):
            p.line([(q, 3), (q + a * 0.5, 3 + tall * 0.5), (q + a, 3 + tall)], 2.0, vary((110, 140, 80), rng, 20), 0.95, 0.6)
    p.rect(-12, 106, 140, 112, (226, 190, 140), (176, 130, 88))
    p.rect(-12, 112, 140, 150, (150, 104, 70), (90, 58, 42))
    for _ in range(12):
        q, r = sides(rng, 46), rng.uniform(2.6, 4.4)
        p.ellipse(q, 105 - r * 0.4, r, r, vary(((226, 70, 50), (240, 180, 60), (120, 160, 70), (190, 110, 60))[int(rng.integers(4))], rng, 12))
    p.flush(0.8)
    for _ in range(10):
        q, r = sides(rng, 50), rng.uniform(0.4, 0.9)
        p.ellipse(q, rng.uniform(10, 100), r, r, (255, 226, 160), None, 0.7)
    p.flush(0.1)
    return Mood(side, (0.74, 0.62, 0.50), (0.46, 0.42, 0.41), (0.16, 0.11, 0.07), (0.60, 0.40, 0.22), 0.45)


def mountain_lake(p: Painter, rng: Rng) -> Mood:
    """Peaks at sunset mirrored in a lake between firs."""
    side = either(rng)
    p.gradient((-8, vary((92, 86, 158), rng, 10)), (34, (214, 132, 150)), (70, (255, 202, 150)), (136, (90, 80, 130)))
    p.glow(64 + side * 36, 60, 38, (255, 196, 120), 0.34)
    for _ in range(8):
        p.ellipse(rng.uniform(-10, 138), rng.uniform(4, 44), rng.uniform(14, 34), rng.uniform(1, 2.6), (255, 196, 170), None, 0.55)
    p.flush(1.6)
    shore = 92.0
    for k in range(2):
        line = ridge(rng, shore - 14 + 10 * k, 46 - 20 * k, 9 + 4 * k)
        tone: Colour = ((150, 104, 146), (98, 70, 118))[k]
        p.poly(line, tone, blend(tone, (250, 180, 150), 0.35))
        if k == 0:
            for x, y in line[1:-3]:
                if y < 62:
                    p.poly([(x, y), (x + 6, y + 11), (x + 1.5, y + 8), (x - 5, y + 12)], (255, 222, 206), None, 0.85)
        p.flush(1.4)
    p.rect(-12, shore, 140, 150, (236, 164, 140), (74, 66, 118))
    for x, y in ridge(rng, shore + 14, -34, 9)[:-2]:
        p.poly([(x - 14, shore), (x, y), (x + 14, shore)], (140, 96, 140), (196, 130, 146), 0.5)
    for _ in range(30):
        y = shore + rng.uniform(1, 40)
        p.ellipse(rng.uniform(-10, 138), y, rng.uniform(6, 22), 0.5, (255, 214, 176), None, 0.45)
    p.flush(1.2)
    cloud = np.clip(cloud_noise(rng, len(p.canvas), 3), 0, 1)[..., None]
    p.canvas += cloud * np.asarray((255, 190, 160), np.float32) / 255 * np.float32(0.06)
    for _ in range(9):
        x = sides(rng, 34)
        fir(p, rng, x, rng.uniform(108, 134), rng.uniform(34, 74), 0.05)
    p.poly(np.array([(-12, 150), (-12, 124), (30, 132), (64, 134), (98, 131), (140, 122), (140, 150)], np.float32), (70, 62, 84), (44, 38, 60))
    p.flush(0.8)
    for _ in range(4):
        x, y = sides(rng, 44), rng.uniform(12, 48)
        p.line([(x - 3, y - 1.5), (x - 1.2, y - 1.8), (x, y), (x + 1.2, y - 1.8), (x + 3, y - 1.5)], 0.8, (70, 48, 84))
    p.flush(0)
    return Mood(side, (0.78, 0.60, 0.46), (0.46, 0.40, 0.48), (0.11, 0.08, 0.11), (0.8, 0.48, 0.3), 0.35)
