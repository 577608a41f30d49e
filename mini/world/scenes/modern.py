"""Backdrops of the broad world alone: a living room, a street by day, a harbour."""

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
from mini.world.scenes.nature import cloud

Rng = np.random.Generator


def _frame(p: Painter, rng: Rng, x: float, y: float, w: float, h: float) -> None:
    """A framed picture of hills on a wall."""
    p.rect(x - w - 1.6, y - h - 1.6, x + w + 1.6, y + h + 1.6, (96, 66, 46), (70, 46, 34))
    p.rect(x - w, y - h, x + w, y + h, vary((214, 226, 230), rng, 14), vary((240, 214, 180), rng, 14))
    p.poly([(x - w, y + h), (x - w, y + h * 0.2), (x - w * 0.2, y - h * 0.3), (x + w * 0.4, y + h * 0.3), (x + w, y), (x + w, y + h)], vary((110, 140, 110), rng, 26))


def _leafy(p: Painter, rng: Rng, x: float, foot: float, tall: float) -> None:
    """A house plant in a pot."""
    for _ in range(15):
        a = np.deg2rad(rng.uniform(-165, -15))
        reach = tall * rng.uniform(0.6, 1.0)
        s = np.linspace(0, 1, 8)
        leaf = np.stack([x + np.cos(a) * reach * s * 0.7, foot - 10 + np.sin(a) * reach * s + 9 * s**2], 1)
        p.line(leaf, 5.5, vary((62, 126, 70), rng, 18), 1.0, 1.0)
        p.line(leaf, 1.0, (140, 188, 116), 0.6, 0.3)
    pot = vary((196, 108, 74), rng, 16)
    p.poly([(x - 8, foot - 12), (x + 8, foot - 12), (x + 6, foot + 4), (x - 6, foot + 4)], blend(pot, (255, 240, 220), 0.2), blend(pot, (40, 20, 20), 0.3))


def room(p: Painter, rng: Rng) -> Mood:
    """A living room: sofa and pictures, a window with curtains, or shelves and a floor lamp."""
    side, layout = either(rng), int(rng.integers(3))
    walls: list[Colour] = [(222, 210, 190), (188, 202, 196), (214, 190, 176), (176, 188, 206), (230, 224, 208), (150, 168, 160)]
    wall = vary(walls[int(rng.integers(6))], rng, 7)
    p.gradient((-8, blend(wall, (255, 250, 240), 0.2)), (90, wall), (136, blend(wall, (90, 70, 60), 0.25)))
    p.glow(64 + side * 60, 24, 60, (255, 240, 206), 0.12)
    base, other = 64 + side * rng.uniform(40, 48), 64 - side * rng.uniform(40, 50)
    if layout == 0:
        for _ in range(3):
            _frame(p, rng, base + rng.normal(0, 9), rng.uniform(16, 44), rng.uniform(8, 14), rng.uniform(7, 11))
        _frame(p, rng, other, rng.uniform(22, 36), 12, 15)
    elif layout == 1:
        p.rect(base - 26, -10, base + 26, 78, (250, 250, 246), (230, 228, 222))
        p.rect(base - 22, -10, base + 22, 74, (170, 212, 240), (226, 238, 214))
        for _ in range(5):
            p.ellipse(base + rng.normal(0, 14), rng.uniform(50, 74), rng.uniform(7, 13), rng.uniform(6, 10), vary((112, 162, 96), rng, 16), None, 0.9)
        p.rect(base - 1.2, -10, base + 1.2, 74, (250, 250, 246))
        p.rect(base - 22, 30, base + 22, 32, (250, 250, 246))
        cloth = vary(((204, 86, 74), (230, 190, 110), (96, 130, 160), (232, 226, 214))[int(rng.integers(4))], rng, 12)
        for x, w in ((base - 30, 11), (base + 30, 11)):
            for k in range(5):
                a = x - w + k * 2 * w / 5
                p.rect(a, -12, a + w / 2.5, 96, blend(cloth, (50, 30, 40), 0.28 * (k % 2)), blend(cloth, (50, 30, 40), 0.2))
        _frame(p, rng, other, 30, 11, 13)
    else:
        for y in (20.0, 44.0, 68.0):
            p.rect(base - 26, y, base + 26, y + 2.6, (150, 104, 68), (104, 70, 46))
            x = base - 24
            while x < base + 20:
                w, h = rng.uniform(2, 4.4), rng.uniform(10, 18)
                tone = vary(((170, 66, 56), (60, 96, 130), (214, 176, 96), (90, 120, 84), (226, 216, 196))[int(rng.integers(5))], rng, 14)
                if rng.random() < 0.75:
                    p.rect(x, y - h, x + w, y, blend(tone, (255, 255, 255), 0.15), tone)
                x += w + 0.3
    p.flush(1.6)
    if layout == 2 or rng.random() < 0.4:
        x = other
        p.line([(x, 42), (x, 140)], 1.6, (80, 66, 56))
        p.poly([(x - 8, 22), (x + 8, 22), (x + 14, 44), (x - 14, 44)], (255, 236, 186), (250, 204, 134))
        p.flush(1.2)
        p.glow(x, 36, 34, (255, 206, 130), 0.34)
    sofa = vary(((86, 118, 132), (176, 92, 78), (120, 128, 94), (198, 168, 120), (110, 96, 130))[int(rng.integers(5))], rng, 10)
    y = rng.uniform(84, 94)
    p.poly([(-12, y + 8), (-4, y), (132, y), (140, y + 8), (140, 150), (-12, 150)], blend(sofa, (255, 250, 240), 0.16), blend(sofa, (30, 20, 30), 0.35))
    for x in (-6, 42, 86, 134):
        p.line([(x, y + 3), (x, 140)], 1.3, blend(sofa, (20, 14, 20), 0.5), 0.7)
    for _ in range(3):
        x, tone = sides(rng, 34), vary(((236, 196, 90), (226, 110, 90), (236, 232, 220), (90, 150, 150))[int(rng.integers(4))], rng, 12)
        p.ellipse(x, y + 12, 11, 8.5, blend(tone, (255, 255, 255), 0.2), blend(tone, (40, 20, 30), 0.2), 1.0, rng.uniform(-14, 14))
    p.flush(1.2)
    if rng.random() < 0.7:
        _leafy(p, rng, 64 - side * rng.uniform(46, 58), 118, rng.uniform(34, 52))
        p.flush(0.7)
    for _ in range(10):
        x, r = sides(rng, 52), rng.uniform(0.4, 0.9)
        p.ellipse(x, rng.uniform(0, 90), r, r, (255, 250, 230), None, 0.6)
    p.flush(0.1)
    if layout == 2:
        return Mood(-side, (0.74, 0.62, 0.50), (0.46, 0.42, 0.41), (0.13, 0.10, 0.07), (0.48, 0.38, 0.26))
    return Mood(side, (0.68, 0.65, 0.60), (0.47, 0.46, 0.46), (0.14, 0.12, 0.10), (0.36, 0.36, 0.36))


def street(p: Painter, rng: Rng) -> Mood:
    """A street by day: shop fronts with awnings, a row of tall houses, or a square with trees."""
    side, layout = either(rng), int(rng.integers(3))
    p.gradient((-8, vary((120, 176, 226), rng, 10)), (50, (206, 226, 240)), (136, (226, 226, 220)))
    for _ in range(3):
        cloud(p, rng, rng.uniform(0, 128), rng.uniform(4, 30), rng.uniform(8, 14), (252, 252, 252))
    p.flush(1.8)
    plaster: list[Colour] = [(226, 196, 150), (214, 150, 120), (196, 206, 190), (232, 222, 200), (176, 140, 124), (166, 182, 200), (222, 176, 170)]
    x, near = -16.0, layout == 0
    while x < 142:
        w = rng.uniform(24, 36) if near else rng.uniform(17, 27)
        mid = abs(x + w / 2 - 64) / 64
        top = rng.uniform(-8, 16) if layout == 1 else rng.uniform(8, 34) + (26 * (1 - mid) if layout == 2 else 0)
        wall = vary(plaster[int(rng.integers(7))], rng, 9)
        p.rect(x, top, x + w, 130, blend(wall, (255, 250, 240), 0.12), wall)
        p.rect(x, top, x + w, top + 2.2, blend(wall, (90, 60, 50), 0.4))
        if layout != 1 and rng.random() < 0.6:
            p.poly([(x - 1, top + 1), (x + w * 0.5, top - 12), (x + w + 1, top + 1)], vary((176, 92, 72), rng, 12))
        step = w / 3.0
        for wy in np.arange(top + 6, 84 if near else 104, 15):
            for k in range(3):
                wx = x + step * (k + 0.5)
                p.rect(wx - step * 0.27, wy, wx + step * 0.27, wy + 9, (244, 244, 238))
                p.rect(wx - step * 0.20, wy + 1, wx + step * 0.20, wy + 8.4, (96, 120, 142), (60, 78, 100))
                if rng.random() < 0.3:
                    p.rect(wx - step * 0.38, wy, wx - step * 0.24, wy + 9, vary((70, 110, 100), rng, 20))
                    p.rect(wx + step * 0.24, wy, wx + step * 0.38, wy + 9, vary((70, 110, 100), rng, 20))
        if near:
            tone = vary(((206, 60, 56), (40, 120, 100), (60, 96, 170), (230, 160, 50))[int(rng.integers(4))], rng, 10)
            p.rect(x + 2, 96, x + w - 2, 132, (70, 64, 66), (46, 42, 48))
            p.rect(x + 4, 99, x + w - 4, 124, (250, 226, 170), (226, 180, 120))
            for k in range(7):
                a = x + k * w / 7
                p.poly([(a, 86), (a + w / 7, 86), (a + w / 7 + 0.6, 98), (a - 0.6, 98)], tone if k % 2 else (246, 242, 234))
        x += w
    p.flush(1.8)
    p.rect(-12, 122, 140, 150, (176, 170, 164), (138, 132, 130))
    if layout == 2:
        for _ in range(5):
            x = sides(rng, 42)
            p.line([(x, 60), (x, 130)], 3.2, (92, 70, 56), 1.0, 4.4)
            for _ in range(14):
                p.ellipse(x + rng.normal(0, 11), rng.normal(44, 11), rng.uniform(6, 11), rng.uniform(5, 9), vary((108, 158, 78), rng, 20), vary((66, 112, 58), rng, 8), 0.92)
    else:
        for _ in range(2):
            x = sides(rng, 26)
            p.line([(x, 20), (x, 130)], 1.8, (52, 54, 62))
            p.line([(x, 22), (x - side * 10, 18)], 1.4, (52, 54, 62))
            p.ellipse(x - side * 10, 20, 3.4, 2.2, (250, 244, 214))
    x, tone = 64 + side * rng.uniform(38, 56), vary(((200, 60, 60), (70, 120, 180), (236, 190, 70), (230, 232, 234), (60, 66, 76))[int(rng.integers(5))], rng, 10)
    if rng.random() < 0.6:
        p.poly([(x - 25, 116), (x - 16, 114), (x - 9, 103), (x + 10, 103), (x + 17, 114), (x + 26, 117), (x + 26, 128), (x - 25, 128)], blend(tone, (255, 255, 255), 0.15), blend(tone, (20, 16, 24), 0.25))
        p.poly([(x - 13, 113), (x - 7, 105), (x, 105), (x, 113)], (190, 214, 228))
        p.poly([(x + 2, 105), (x + 9, 105), (x + 14, 113), (x + 2, 113)], (170, 198, 216))
        for a in (x - 15, x + 15):
            p.ellipse(a, 128, 5.5, 5.5, (40, 40, 46))
    p.flush(1.0)
    for _ in range(12):
        x, y, r = sides(rng, 44), rng.uniform(40, 120), rng.uniform(0.5, 1.3)
        p.ellipse(x, y, r, r, (255, 250, 226), None, 0.6)
    p.flush(0.2)
    return Mood(side, (0.70, 0.66, 0.58), (0.46, 0.48, 0.51), (0.15, 0.14, 0.12), (0.42, 0.43, 0.42))


def _sail_boat(p: Painter, rng: Rng, x: float, y: float, size: float) -> None:
    """A small sailing boat, its hull's waterline at y."""
    hull = vary(((206, 60, 54), (240, 240, 236), (40, 80, 130), (40, 110, 104), (236, 180, 60))[int(rng.integers(5))], rng, 8)
    p.line([(x, y), (x, y - size * 2.9)], size * 0.10, (96, 70, 52))
    sail: Colour = (250, 248, 240) if rng.random() < 0.7 else vary((214, 96, 70), rng, 16)
    p.poly([(x + size * 0.1, y - size * 2.8), (x + size * 1.25, y - size * 0.6), (x + size * 0.1, y - size * 0.55)], sail, blend(sail, (170, 180, 200), 0.3))
    p.poly([(x - size * 0.1, y - size * 2.4), (x - size * 0.9, y - size * 0.6), (x - size * 0.1, y - size * 0.55)], blend(sail, (180, 190, 206), 0.25))
    p.poly([(x - size * 1.3, y - size * 0.42), (x + size * 1.35, y - size * 0.42), (x + size, y + size * 0.24), (x - size * 0.95, y + size * 0.24)], blend(hull, (255, 255, 255), 0.2), blend(hull, (20, 16, 30), 0.2))


def harbour(p: Painter, rng: Rng) -> Mood:
    """Boats before coloured houses, a lighthouse on rocks, or a pier with nets at evening."""
    side, layout = either(rng), int(rng.integers(3))
    evening = layout == 2
    if evening:
        p.gradient((-8, (94, 104, 168)), (56, (240, 168, 146)), (80, (255, 214, 160)), (136, (120, 110, 150)))
    else:
        p.gradient((-8, vary((92, 162, 220), rng, 8)), (70, (214, 234, 244)), (136, (220, 236, 240)))
    for _ in range(4):
        tone: Colour = (252, 206, 190) if evening else (252, 252, 252)
        cloud(p, rng, rng.uniform(-5, 133), rng.uniform(6, 40), rng.uniform(8, 15), tone)
    p.flush(1.8)
    sea = 84.0
    p.poly(ridge(rng, sea, 16, 9, True), (126, 146, 170) if not evening else (130, 96, 130), (150, 170, 184) if not evening else (196, 130, 140))
    deep: Colour = (40, 104, 146) if not evening else (92, 80, 128)
    p.rect(-12, sea, 140, 150, (96, 170, 196) if not evening else (236, 160, 140), deep)
    for _ in range(26):
        y = sea + rng.uniform(2, 44)
        p.ellipse(rng.uniform(-10, 138), y, rng.uniform(5, 18), 0.4 + (y - sea) * 0.03, (226, 244, 246) if not evening else (255, 206, 166), None, 0.5)
    p.flush(1.4)
    if layout == 0:
        x = -12.0
        paints: list[Colour] = [(214, 92, 76), (236, 186, 92), (110, 160, 170), (236, 228, 210), (140, 170, 120), (220, 140, 130)]
        while x < 140:
            w, top = rng.uniform(12, 18), rng.uniform(34, 52)
            wall = vary(paints[int(rng.integers(6))], rng, 10)
            p.rect(x, top, x + w, sea + 1, blend(wall, (255, 250, 240), 0.15), wall)
            p.poly([(x - 0.6, top + 0.5), (x + w / 2, top - 9), (x + w + 0.6, top + 0.5)], vary((150, 80, 66), rng, 12))
            for wy in np.arange(top + 4, sea - 6, 9):
                for k in (0.28, 0.72):
                    p.rect(x + w * k - 1.7, wy, x + w * k + 1.7, wy + 5, (250, 248, 240))
                    p.rect(x + w * k - 1.1, wy + 0.6, x + w * k + 1.1, wy + 4.4, (80, 100, 120))
            x += w + 0.2
        p.rect(-12, sea - 1, 140, sea + 4, (150, 142, 136), (110, 104, 104))
    elif layout == 1:
        x = 64 + side * 46
        for _ in range(9):
            r = rng.uniform(7, 17)
            p.ellipse(x + rng.normal(0, 15), sea + 4, r * 1.2, r * 0.8, vary((128, 116, 108), rng, 12), (78, 70, 70))
        p.poly([(x - 6.5, sea - 4), (x - 4.4, 26), (x + 4.4, 26), (x + 6.5, sea - 4)], (250, 248, 244), (222, 220, 220))
        for k in range(3):
            t, b = 32 + 17 * k, 40 + 17 * k
            a, c = 4.6 + 0.6 * k, 5.0 + 0.6 * k
            p.poly([(x - a, t), (x + a, t), (x + c, b), (x - c, b)], (206, 60, 54))
        p.rect(x - 5.4, 23, x + 5.4, 26.4, (60, 60, 70))
        p.rect(x - 3, 15, x + 3, 23, (255, 240, 180))
        p.poly([(x - 4, 15), (x + 4, 15), (x, 9)], (190, 54, 50))
    else:
        sun = 64 + side * 40
        p.glow(sun, sea - 8, 26, (255, 210, 130), 0.45)
        p.ellipse(sun, sea - 7, 8, 8, (255, 244, 206), (255, 216, 150))
        for a in np.linspace(0, 1, 6):
            q = 64 - side * (62 - 26 * a)
            p.line([(q, sea + 14 + 30 * (1 - a)), (q, sea - 12 * (1 - a) + 2)], 3.4 - 1.6 * a, (72, 54, 60))
        p.poly([(64 - side * 80, 116), (64 - side * 30, sea + 4), (64 - side * 26, sea + 5), (64 - side * 50, 122)], (122, 92, 84), (84, 62, 64))
    p.flush(1.1)
    for _ in range(4 if layout == 0 else 3):
        _sail_boat(p, rng, sides(rng, 44), sea + rng.uniform(5, 26), rng.uniform(7, 14))
    p.flush(0.9)
    for _ in range(4):
        x, y = sides(rng, 46), rng.uniform(8, 46)
        p.line([(x - 3.4, y - 1.5), (x - 1.4, y - 2), (x, y), (x + 1.4, y - 2), (x + 3.4, y - 1.5)], 0.8, (250, 250, 250) if not evening else (70, 60, 86))
    for _ in range(18):
        p.ellipse(rng.uniform(0, 128), sea + rng.uniform(3, 40), 1.0, 0.4, (255, 255, 250), None, 0.9)
    p.flush(0)
    if evening:
        return Mood(side, (0.78, 0.60, 0.46), (0.46, 0.40, 0.48), (0.12, 0.09, 0.10), (0.8, 0.5, 0.3), 0.35)
    return Mood(side, (0.72, 0.67, 0.58), (0.46, 0.49, 0.52), (0.15, 0.17, 0.18), (0.42, 0.44, 0.44))
