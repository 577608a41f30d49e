"""Backdrops that people built: city at night, library, kitchen, castle, stage, studio."""

from __future__ import annotations

import numpy as np

from mini.world.scenes.brush import (
    Colour,
    Mood,
    Painter,
    blend,
    either,
    ridge,
    sides,
    vary,
)
from mini.world.scenes.nature import cloud, fir

Rng = np.random.Generator
STUDIO: tuple[Colour, ...] = (
    (168, 160, 152), (126, 142, 158), (196, 150, 108), (142, 160, 132), (160, 128, 142),
    (108, 140, 142), (206, 190, 164), (92, 96, 108), (176, 118, 96), (150, 170, 190),
)  # fmt: skip


def studio(p: Painter, rng: Rng) -> Mood:
    """A mottled backdrop in one of ten colours, with a pool of light."""
    side, layout = either(rng), int(rng.integers(3))
    tone = vary(STUDIO[int(rng.integers(len(STUDIO)))], rng, 9)
    p.gradient((-8, blend(tone, (30, 26, 30), 0.1)), (60, blend(tone, (255, 250, 240), 0.14)), (136, blend(tone, (30, 24, 28), 0.2)))
    for _ in range(22):
        x, y, r = rng.uniform(-8, 136), rng.uniform(-8, 136), rng.uniform(8, 26)
        p.ellipse(x, y, r, r * rng.uniform(0.4, 0.9), vary(tone, rng, 14), None, 0.34, rng.uniform(0, 180))
    p.flush(5)
    if layout == 1:
        p.glow(64, 54, 42, blend(tone, (255, 250, 236), 0.5), 0.26)
    elif layout == 2:
        p.glow(64 + side * 52, 20, 46, blend(tone, (255, 244, 220), 0.6), 0.26)
        p.poly([(-12, 118), (140, 114), (140, 150), (-12, 150)], blend(tone, (40, 32, 34), 0.3), None, 0.5)
        p.flush(4)
    p.mottle(rng, 0.09, 5)
    return Mood(-side, (0.66, 0.63, 0.59), (0.47, 0.45, 0.47), (0.13, 0.1, 0.09), (0.32, 0.32, 0.35))


def city(p: Painter, rng: Rng) -> Mood:
    """Towers with lit windows, street lamps and bokeh under a violet sky."""
    side, street = either(rng), rng.random() < 0.45
    hue: Colour = vary((58, 40, 104), rng, 8)
    p.gradient((-8, (20, 16, 52)), (60, hue), (104, blend(hue, (190, 90, 150), 0.45)), (136, (34, 24, 60)))
    p.glow(64, 108, 50, (220, 90, 150), 0.22)
    for depth in range(3):
        tone = blend((74, 56, 122), (18, 16, 44), depth / 2)
        x = -14.0
        while x < 138:
            w = rng.uniform(9, 17) + depth * 3
            middle = abs(x + w / 2 - 64) / 64
            top = rng.uniform(28, 70) + (14 * depth if not street else 40 * (1 - middle) - 20 * depth * middle)
            p.rect(x, top, x + w, 140, vary(tone, rng, 5), blend(tone, (130, 70, 140), 0.2))
            if rng.random() < 0.3:
                p.line([(x + w / 2, top), (x + w / 2, top - 9)], 0.9, tone)
            step = 3.4 + depth * 1.2
            for wy in np.arange(top + 3, 124, step * 1.25):
                for wx in np.arange(x + 1.8, x + w - 2, step):
                    if rng.random() < 0.42:
                        lamp = ((255, 214, 130), (255, 180, 100), (160, 210, 255))[int(rng.choice(3, p=(0.6, 0.25, 0.15)))]
                        p.rect(wx, wy, wx + step * 0.5, wy + step * 0.62, lamp, None, rng.uniform(0.4, 1))
            x += w + rng.uniform(0, 3)
        p.flush((1.4, 1.0, 0.8)[depth])
    for _ in range(4):
        x, y = sides(rng, 30), rng.uniform(40, 92)
        neon = ((255, 70, 150), (70, 220, 255), (255, 160, 50))[int(rng.integers(3))]
        p.rect(x - 5, y, x + 5, y + rng.uniform(4, 14), neon, blend(neon, (255, 255, 255), 0.4), 0.85)
    p.flush(1.5)
    lights: list[Colour] = [(255, 190, 90), (255, 110, 150), (110, 200, 255), (190, 130, 255), (255, 230, 160)]
    for _ in range(26):
        x, y, r = rng.uniform(-4, 132), rng.normal(92, 20), rng.uniform(2.5, 6.5)
        tone = lights[int(rng.integers(5))]
        p.ellipse(x, y, r, r, tone, None, 0.3)
        p.ring(x, y, r, 0.8, blend(tone, (255, 255, 255), 0.3), 0.55)
    p.flush(0.3)
    return Mood(side, (0.7, 0.58, 0.58), (0.44, 0.38, 0.54), (0.14, 0.07, 0.14), (0.8, 0.32, 0.66))


def library(p: Painter, rng: Rng) -> Mood:
    """Shelves of books, with a lamp, a window or a ladder."""
    side, layout = either(rng), int(rng.integers(3))
    wood: Colour = vary((98, 62, 40), rng, 8)
    p.gradient((-8, blend(wood, (20, 10, 8), 0.35)), (136, blend(wood, (20, 10, 8), 0.55)))
    books: list[Colour] = [(150, 48, 44), (48, 86, 66), (54, 70, 120), (188, 142, 70), (112, 60, 90), (206, 186, 150), (70, 60, 56), (170, 92, 50)]
    tall = rng.uniform(24, 32)
    for row in range(7):
        y = -14 + row * tall + rng.uniform(-1, 1)
        x = -12.0
        while x < 140:
            w, h = rng.uniform(2.6, 6.4), tall * rng.uniform(0.6, 0.84)
            if rng.random() < 0.06:
                x += w
                continue
            tone = vary(books[int(rng.integers(8))], rng, 14)
            tilt = rng.normal(0, 0.5)
            foot = y + tall - 2.6
            p.poly([(x + tilt, foot - h), (x + w + tilt, foot - h), (x + w, foot), (x, foot)], blend(tone, (255, 240, 210), 0.12), blend(tone, (20, 10, 10), 0.3))
            p.rect(x + w * 0.2, foot - h * 0.8, x + w * 0.8, foot - h * 0.72, (232, 200, 120), None, 0.75)
            x += w + 0.3
        p.rect(-12, y + tall - 2.8, 140, y + tall, blend(wood, (220, 160, 100), 0.3), wood)
    for x in (64 - rng.uniform(36, 50), 64 + rng.uniform(36, 50)):
        p.rect(x - 2.6, -12, x + 2.6, 140, blend(wood, (230, 170, 110), 0.25), wood)
    p.flush(1.0)
    base = 64 + side * rng.uniform(40, 50)
    if layout == 0:
        p.glow(base, 36, 34, (255, 190, 90), 0.4)
        p.poly([(base - 6, 26), (base + 6, 26), (base + 13, 42), (base - 13, 42)], (255, 226, 150), (246, 176, 84))
        p.line([(base, 42), (base, 138)], 1.8, (190, 150, 80))
    elif layout == 1:
        t = np.linspace(np.pi, 2 * np.pi, 20)
        arch = np.concatenate([np.stack([base + 17 * np.cos(t), 28 + 17 * np.sin(t)], 1), [[base + 17, 92], [base - 17, 92]]])
        p.poly((arch - [base, 50]) * 1.13 + [base, 50], wood)
        p.poly(arch, (190, 222, 244), (238, 240, 214))
        for dx in (-6, 6):
            p.rect(base + dx - 0.7, 10, base + dx + 0.7, 92, wood)
        for y in (30, 50, 70):
            p.rect(base - 17, y, base + 17, y + 1.3, wood)
        p.flush(1.0)
        p.glow(base, 50, 40, (255, 244, 210), 0.25)
    else:
        for dx in (-8, 8):
            p.line([(base + dx - side * 6, -12), (base + dx + side * 4, 140)], 2.4, (190, 138, 84))
        for y in range(0, 136, 12):
            x = base - side * 6 + side * 10 * (y + 12) / 152
            p.rect(x - 8, y, x + 8, y + 1.8, (204, 150, 94))
        p.glow(64 - side * 40, 10, 50, (255, 190, 100), 0.25)
    p.flush(0.9)
    for _ in range(14):
        x, y, r = sides(rng, 50), rng.uniform(0, 100), rng.uniform(0.4, 0.9)
        p.ellipse(x, y, r, r, (255, 230, 170), None, 0.6)
    p.flush(0.1)
    return Mood(side, (0.74, 0.62, 0.48), (0.45, 0.4, 0.38), (0.13, 0.08, 0.04), (0.56, 0.38, 0.18))


def kitchen(p: Painter, rng: Rng) -> Mood:
    """Tiles, shelves with jars, hanging pans, a window, a stove."""
    side, layout = either(rng), int(rng.integers(2))
    wall = vary(((214, 226, 216), (232, 222, 200), (204, 222, 230))[int(rng.integers(3))], rng, 6)
    p.gradient((-8, wall), (136, blend(wall, (170, 160, 140), 0.3)))
    for y in np.arange(-8, 100, 10):
        p.rect(-12, y, 140, y + 0.7, blend(wall, (255, 255, 255), 0.7))
        for x in np.arange(-12 + (int(y) % 20) / 2, 140, 14):
            p.rect(x, y, x + 0.7, y + 10, blend(wall, (255, 255, 255), 0.7))
    p.flush(0.7)
    base, other = 64 + side * rng.uniform(38, 46), 64 - side * rng.uniform(38, 48)
    p.rect(base - 21, 6, base + 21, 60, (248, 248, 244), (226, 228, 226))
    p.rect(base - 18, 9, base + 18, 57, (160, 212, 244), (220, 240, 206))
    p.ellipse(base, 54, 16, 8, (120, 176, 96))
    p.rect(base - 0.9, 9, base + 0.9, 57, (248, 248, 244))
    p.poly([(base - 21, 4), (base + 21, 4), (base + 21, 16), (base + 8, 13), (base - 8, 13), (base - 21, 17)], vary((226, 92, 80), rng, 14))
    wood: Colour = vary((176, 122, 78), rng, 8)
    for y in (30.0, 58.0):
        p.rect(other - 26, y, other + 26, y + 3, wood, blend(wood, (60, 30, 20), 0.4))
        for k in range(6):
            x, h, w = other - 22 + k * 8.6, rng.uniform(8, 15), rng.uniform(2.6, 3.8)
            tone = vary(((214, 70, 54), (240, 180, 70), (96, 150, 90), (236, 230, 214), (90, 140, 170), (150, 90, 60))[int(rng.integers(6))], rng, 12)
            p.rect(x - w, y - h, x + w, y, blend(tone, (255, 255, 255), 0.25), tone)
            p.rect(x - w * 0.8, y - h - 2, x + w * 0.8, y - h, (120, 84, 60))
    if layout:
        p.rect(-12, 6, 140, 8.4, (150, 150, 156))
        for k in range(5):
            x, r = other - 24 + k * 11.5, rng.uniform(4, 6.4)
            p.line([(x, 8), (x, 16)], 1.6, (110, 90, 80))
            p.ellipse(x, 16 + r, r, r, vary((190, 108, 66), rng, 20), (120, 60, 40))
    p.flush(1.1)
    p.rect(-12, 94, 140, 102, (240, 236, 228), (200, 190, 176))
    p.rect(-12, 102, 140, 150, wood, blend(wood, (60, 34, 24), 0.4))
    for x in np.arange(-6, 140, 24):
        p.rect(x, 108, x + 20, 146, blend(wood, (255, 220, 170), 0.18), wood)
        p.ellipse(x + 10, 112, 2.4, 0.9, (230, 220, 200))
    x = 64 + side * 52
    p.rect(x - 11, 78, x + 11, 94, (196, 200, 208), (120, 124, 136))
    p.rect(x - 13, 76, x + 13, 79, (222, 226, 232))
    x = 64 - side * 52
    p.ellipse(x, 91, 14, 6, (244, 240, 232), (190, 200, 214))
    for k in range(5):
        p.ellipse(x - 9 + 4.5 * k, 86 - (k % 2) * 3, 3.8, 3.8, vary(((230, 60, 50), (250, 170, 50), (130, 180, 70))[k % 3], rng, 10))
    p.flush(0.9)
    for _ in range(5):
        x, y = sides(rng, 40), rng.uniform(60, 92)
        p.ellipse(x, y, 0.8, 1.4, (255, 255, 255), None, 0.8)
    p.flush(0.2)
    return Mood(side, (0.68, 0.65, 0.6), (0.49, 0.48, 0.47), (0.18, 0.15, 0.11), (0.4, 0.4, 0.38))


def _tower(p: Painter, rng: Rng, x: float, top: float, w: float, foot: float, stone: Colour, roof: Colour) -> None:
    p.rect(x - w, top, x + w, foot, blend(stone, (255, 250, 240), 0.2), stone)
    p.rect(x + w * 0.3, top, x + w, foot, (60, 50, 80), None, 0.2)
    for y in np.arange(top + 4, foot, 6):
        p.rect(x + rng.uniform(-w, w * 0.4), y, x + rng.uniform(0, w), y + 0.7, blend(stone, (70, 60, 80), 0.4), None, 0.7)
    if rng.random() < 0.75:
        p.poly([(x - w * 1.25, top + 1), (x, top - w * 2.6), (x + w * 1.25, top + 1)], blend(roof, (255, 230, 220), 0.2), roof)
        p.line([(x, top - w * 2.6), (x, top - w * 2.6 - 8)], 0.7, (90, 70, 60))
        p.poly([(x, top - w * 2.6 - 8), (x + 7, top - w * 2.6 - 6), (x, top - w * 2.6 - 3.6)], (226, 60, 60))
    else:
        for k in range(4):
            q = x - w * 1.15 + k * w * 0.66
            p.rect(q, top - 4, q + w * 0.36, top + 2, stone)
    p.rect(x - w * 0.24, top + w, x + w * 0.24, top + w * 1.9, (54, 44, 62))


def castle(p: Painter, rng: Rng) -> Mood:
    """Towers with pointed roofs on a hill, by day or in the evening."""
    side, evening, near = either(rng), rng.random() < 0.3, rng.random() < 0.45
    if evening:
        p.gradient((-8, (98, 84, 150)), (60, (236, 160, 150)), (136, (250, 206, 160)))
    else:
        p.gradient((-8, vary((98, 164, 226), rng, 8)), (70, (206, 230, 244)), (136, (230, 240, 240)))
    for _ in range(4):
        cloud(p, rng, rng.uniform(-5, 133), rng.uniform(4, 50), rng.uniform(8, 14), (252, 250, 250) if not evening else (250, 206, 196))
    p.flush(1.8)
    p.poly(ridge(rng, 92, 22, 9, True), (120, 160, 140), (140, 176, 130))
    p.flush(1.7)
    stone = vary(((176, 168, 160), (196, 180, 156), (160, 164, 178))[int(rng.integers(3))], rng, 6)
    roof: Colour = ((80, 96, 160), (176, 72, 66), (96, 70, 130))[int(rng.integers(3))]
    if near:
        p.rect(-12, 62, 140, 140, blend(stone, (255, 250, 240), 0.1), blend(stone, (60, 50, 60), 0.2))
        for x in np.arange(-12, 140, 12):
            p.rect(x, 55, x + 6.5, 63, stone)
        for y in np.arange(66, 130, 7):
            for x in np.arange(-12 + (int(y) % 2) * 6, 140, 12):
                p.rect(x, y, x + 11, y + 0.8, blend(stone, (60, 54, 70), 0.45), None, 0.7)
                p.rect(x, y, x + 0.8, y + 7, blend(stone, (60, 54, 70), 0.45), None, 0.7)
        for x in (64 - side * 50, 64 + side * 52):
            _tower(p, rng, x, rng.uniform(30, 46), rng.uniform(11, 15), 140, stone, roof)
    else:
        base = 64 + side * 20
        p.rect(base - 58, 72, base + 58, 116, blend(stone, (255, 250, 240), 0.1), stone)
        for x in np.arange(base - 58, base + 56, 9):
            p.rect(x, 67, x + 5, 73, stone)
        for x in (-52, -34, -14, 12, 34, 50):
            _tower(p, rng, base + x, rng.uniform(34, 60), rng.uniform(6, 9.5), 112, vary(stone, rng, 6), roof)
    p.flush(1.0)
    p.poly(ridge(rng, 112, 8, 8, True), (104, 156, 82), (72, 122, 62))
    for _ in range(8):
        fir(p, rng, sides(rng, 40), rng.uniform(112, 126), rng.uniform(16, 28), 0.0)
    for _ in range(12):
        p.ellipse(rng.uniform(-8, 136), rng.uniform(112, 134), rng.uniform(4, 9), rng.uniform(3, 6), vary((84, 138, 70), rng, 16), (52, 98, 52))
    p.flush(0.9)
    for _ in range(3):
        x, y = sides(rng, 46), rng.uniform(8, 40)
        p.line([(x - 3, y - 1.2), (x - 1.2, y - 1.7), (x, y), (x + 1.2, y - 1.7), (x + 3, y - 1.2)], 0.7, (70, 70, 90))
    p.flush(0)
    if evening:
        return Mood(side, (0.76, 0.6, 0.46), (0.46, 0.42, 0.48), (0.12, 0.1, 0.07), (0.7, 0.44, 0.3), 0.4)
    return Mood(side, (0.7, 0.66, 0.58), (0.46, 0.47, 0.5), (0.13, 0.15, 0.09), (0.42, 0.43, 0.42))


def stage(p: Painter, rng: Rng) -> Mood:
    """A curtain in folds, boards, footlights and beams."""
    side, layout = either(rng), int(rng.integers(3))
    tone = vary(((172, 26, 50), (172, 26, 50), (150, 30, 70), (40, 62, 140), (96, 40, 128))[int(rng.integers(5))], rng, 8)
    dark = blend(tone, (20, 4, 16), 0.72)
    p.gradient((-8, dark), (136, blend(tone, (20, 4, 16), 0.5)))
    if layout == 1:
        p.gradient((-8, (26, 18, 36)), (100, (60, 40, 66)), (136, (30, 20, 34)))
    x = -14.0
    while x < 140:
        w = rng.uniform(6, 11)
        if layout != 1 or abs(x + w / 2 - 64) > 36:
            for k in range(5):
                t = np.sin(np.pi * (k + 0.5) / 5)
                a = x + w * k / 5
                p.rect(a, -12, a + w / 5 + 0.2, 122 + rng.uniform(-1, 1), blend(dark, tone, t**1.3 * 1.05))
            p.rect(x + w * 0.42, -12, x + w * 0.52, 120, blend(tone, (255, 190, 170), 0.34), None, 0.7)
        x += w
    p.flush(0.9)
    for k in range(9):
        a = -12 + k * 17
        t = np.linspace(0, np.pi, 12)
        swag = np.stack([a + 8.5 - 9.5 * np.cos(t), 5 + 9 * np.sin(t)], 1)
        p.poly(np.concatenate([[[a - 1, -12]], swag, [[a + 18, -12]]]), blend(tone, (255, 160, 140), 0.12), dark)
        p.line(swag, 1.8, (234, 190, 90))
    p.flush(0.8)
    p.rect(-12, 120, 140, 150, (150, 98, 60), (96, 58, 40))
    for a in np.arange(-40, 170, 12):
        p.line([(64 + (a - 64) * 0.8, 120), (a, 140)], 0.8, (80, 46, 34))
    if layout == 2:
        for a in (64 - 46, 64 + 46):
            p.poly([(a - 4, -10), (a + 4, -10), (a + 20, 140), (a - 20, 140)], (255, 236, 190), None, 0.15)
    p.poly([(64 + side * 40, -10), (64 + side * 48, -10), (64 - side * 6, 140), (64 - side * 80, 140)], (255, 240, 200), None, 0.16)
    p.flush(1.6)
    for a in np.arange(-4, 136, 13.5):
        p.ellipse(a, 122, 4, 2.6, (255, 226, 150), (240, 170, 80))
        p.glow(a, 118, 7, (255, 190, 100), 0.22)
    p.flush(0.5)
    for _ in range(22):
        x, y, r = rng.uniform(0, 128), rng.uniform(0, 120), rng.uniform(0.5, 1.5)
        p.ellipse(x, y, r, r, ((255, 220, 120), (255, 246, 230), (120, 200, 255))[int(rng.integers(3))], None, 0.6)
    p.flush(0.2)
    return Mood(side, (0.76, 0.68, 0.56), (0.44, 0.39, 0.44), (0.2, 0.13, 0.08), (0.6, 0.4, 0.4), 0.7)
