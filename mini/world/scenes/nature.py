"""Gentle backdrops out of doors: beach, forest, snow, garden."""

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

Rng = np.random.Generator


def cloud(p: Painter, rng: Rng, x: float, y: float, size: float, colour: Colour) -> None:
    """A cloud of seven puffs."""
    for _ in range(7):
        dx, dy = rng.normal(0, size * 0.8), rng.normal(0, size * 0.18)
        r = size * rng.uniform(0.35, 0.7)
        p.ellipse(x + dx, y + dy - r * 0.3, r, r * 0.62, colour, blend(colour, (190, 205, 225), 0.5), 0.6)


def _palm(p: Painter, rng: Rng, x: float, foot: float, top: float, lean: float) -> None:
    t = np.linspace(0, 1, 12)
    trunk = np.stack([x + lean * t**1.6, foot + (top - foot) * t], 1)
    p.line(trunk, 6.5, (112, 82, 58), 1.0, 3.6)
    p.line(trunk + [-1.0, 0], 2.2, (160, 124, 88), 0.8, 1.2)
    cx, cy = trunk[-1]
    for angle in np.linspace(-200, 20, 9) + rng.normal(0, 6, 9):
        reach = rng.uniform(20, 28)
        a = np.deg2rad(angle)
        s = np.linspace(0, 1, 8)
        leaf = np.stack(
            [cx + np.cos(a) * reach * s, cy + np.sin(a) * reach * 0.75 * s + 15 * s**2], 1
        )
        p.line(leaf, 5.2, vary((46, 118, 62), rng, 16), 1.0, 0.6)
        p.line(leaf + [0, -0.8], 1.2, (126, 178, 88), 0.7, 0.3)


def beach(p: Painter, rng: Rng) -> Mood:
    """Sea, sand and a palm, a parasol or rocks."""
    side, layout = either(rng), int(rng.integers(3))
    horizon = rng.uniform(52, 72)
    p.gradient((-8, vary((66, 148, 214), rng, 8)), (horizon - 18, (158, 208, 238)), (horizon, (226, 240, 244)))
    for _ in range(4):
        cloud(p, rng, rng.uniform(-5, 133), rng.uniform(4, horizon - 22), rng.uniform(8, 15), (252, 252, 252))
    p.flush(1.6)
    p.poly(ridge(rng, horizon - 0.5, 7, 10, True), (122, 152, 176), (140, 168, 186), 0.75)
    p.rect(-10, horizon, 140, horizon + 26, (34, 122, 176), (84, 206, 206))
    for _ in range(12):
        y = horizon + rng.uniform(1, 18)
        x, w = rng.uniform(-10, 130), rng.uniform(8, 26)
        p.ellipse(x, y, w, 0.5 + (y - horizon) * 0.05, (210, 242, 246), None, 0.55)
    shore = horizon + 21
    xs = np.linspace(-12, 140, 30)
    wave = shore + 1.8 * np.sin(xs / rng.uniform(9, 15) + rng.uniform(0, 6))
    low = [(140, 150), (-12, 150)]
    p.poly(np.concatenate([np.stack([xs, wave - 2.0], 1), low]), (248, 252, 252))
    p.poly(np.concatenate([np.stack([xs, wave + 1.2], 1), low]), (206, 176, 128), (240, 214, 166))
    p.flush(1.2)
    for _ in range(14):
        p.ellipse(rng.uniform(-8, 136), rng.uniform(shore + 8, 136), rng.uniform(6, 16), 1.4, (214, 182, 132), None, 0.5)
    base = 64 + side * rng.uniform(46, 56)
    if layout == 0:
        _palm(p, rng, base, 136, rng.uniform(22, 38), -side * rng.uniform(4, 14))
    elif layout == 1:
        top, tone = rng.uniform(30, 46), vary((226, 66, 60), rng, 30)
        p.line([(base, top), (base + 3, 128)], 2.2, (240, 236, 226))
        for k in range(8):
            a, b = np.deg2rad(180 + 22.5 * k), np.deg2rad(180 + 22.5 * (k + 1))
            rim = [(base + 34 * np.cos(v), top + 12 + 17 * np.sin(v)) for v in (a, b)]
            p.poly([(base, top - 5), rim[0], rim[1]], tone if k % 2 else (248, 244, 234))
    else:
        for _ in range(6):
            x, r = base + rng.normal(0, 11), rng.uniform(8, 20)
            p.ellipse(x, shore + 4, r, r * rng.uniform(0.8, 1.7), vary((138, 116, 100), rng, 14), (84, 70, 66))
        p.poly([(base - side * 84, horizon + 5), (base - side * 70, horizon + 5), (base - side * 77, horizon - 17)], (250, 250, 246))
        p.ellipse(base - side * 77, horizon + 6, 9, 2.2, (180, 70, 60))
    p.flush(1.1)
    for _ in range(26):
        p.ellipse(rng.uniform(0, 128), horizon + rng.uniform(2, 17), 0.9, 0.35, (255, 255, 255), None, 0.9)
    for _ in range(3):
        x, y = sides(rng, 40), rng.uniform(10, 40)
        p.line([(x - 3.2, y - 1.4), (x - 1.4, y - 1.9), (x, y)], 0.8, (86, 96, 112))
        p.line([(x, y), (x + 1.4, y - 1.9), (x + 3.2, y - 1.4)], 0.8, (86, 96, 112))
    p.flush(0)
    return Mood(-side, (0.72, 0.67, 0.58), (0.46, 0.49, 0.52), (0.22, 0.18, 0.12), (0.42, 0.44, 0.42))


def forest(p: Painter, rng: Rng) -> Mood:
    """Trunks or firs with light falling between them."""
    side, firs = either(rng), rng.random() < 0.35
    autumn = not firs and rng.random() < 0.3
    leaf: Colour = (196, 128, 44) if autumn else (96, 158, 62)
    deep: Colour = (110, 62, 30) if autumn else (34, 78, 44)
    p.gradient((-8, blend(leaf, (250, 246, 190), 0.42)), (70, blend(leaf, (252, 250, 210), 0.56)), (100, leaf), (136, deep))
    p.glow(64 + side * 30, 30, 44, (255, 246, 190), 0.32)
    for _ in range(26):
        p.ellipse(rng.uniform(-8, 136), rng.normal(12, 22), rng.uniform(6, 14), rng.uniform(5, 10), vary(leaf, rng, 18), None, 0.5)
    p.flush(2.6)
    for depth in range(3):
        tone = blend(blend(leaf, (200, 214, 150), 0.4), blend(deep, (44, 34, 30), 0.6), (depth + 1) / 3)
        for _ in range((8, 6, 4)[depth]):
            x = rng.uniform(-8, 136) if depth < 2 else sides(rng, 26)
            if firs:
                tall = rng.uniform(70, 96) + depth * 14
                for k in range(5):
                    y = 112 + depth * 8 - tall + k * tall / 5.4
                    w = (4 + k * 3.4) * (0.8 + depth * 0.3)
                    p.poly([(x, y - 10), (x + w, y + tall / 4.4), (x - w, y + tall / 4.4)], vary(blend(tone, (60, 110, 80), 0.3), rng, 5), tone)
            else:
                w, lean = rng.uniform(2.2, 4) * (1 + depth * 0.75), rng.normal(0, 4)
                p.line([(x + lean, -12), (x + lean * 0.4, 60), (x, 126)], w, vary(tone, rng, 6), 1.0, w * 1.35)
                lit = blend(tone, (240, 220, 150), 0.4)
                p.line([(x + lean + side * w * 0.3, -12), (x + side * w * 0.34, 126)], w * 0.28, lit, 0.7)
        for _ in range(16):
            y = 104 + depth * 12 + rng.normal(0, 4)
            p.ellipse(rng.uniform(-8, 136), y, rng.uniform(8, 16), rng.uniform(3, 8), vary(blend(leaf, deep, 0.25 + depth * 0.3), rng, 12), deep, 0.85)
        p.flush((2.2, 1.5, 1.0)[depth])
    for _ in range(4):
        x = 64 + side * rng.uniform(0, 60)
        p.poly([(x, -10), (x + 7, -10), (x - side * 44 + 16, 140), (x - side * 44 - 6, 140)], (255, 248, 200), None, 0.11)
    for _ in range(18):
        p.ellipse(rng.uniform(-8, 136), rng.normal(6, 14), rng.uniform(4, 9), rng.uniform(3, 6), vary(leaf, rng, 26), deep, 0.8)
    p.flush(1.4)
    for _ in range(16):
        r = rng.uniform(0.6, 2.2)
        p.ellipse(rng.uniform(0, 128), rng.uniform(0, 110), r, r, (250, 248, 196), None, 0.5)
    for _ in range(22):
        x, y = sides(rng, 44), rng.uniform(112, 134)
        p.line([(x, y), (x + rng.normal(0, 3), y - rng.uniform(5, 12))], 1.1, vary(blend(leaf, (200, 220, 110), 0.3), rng, 20), 0.9, 0.2)
    p.flush(0.25)
    return Mood(side, (0.66, 0.65, 0.52), (0.42, 0.47, 0.42), (0.1, 0.13, 0.06), (0.5, 0.5, 0.3))


def fir(p: Painter, rng: Rng, x: float, foot: float, tall: float, white: float) -> None:
    """A fir tree with `white` (0..1) of snow on it."""
    for k in range(6):
        y, w = foot - tall + k * tall / 6.6, tall * (0.06 + 0.045 * k)
        p.poly([(x, y - tall * 0.1), (x + w, y + tall / 5), (x - w, y + tall / 5)], vary((58, 88, 92), rng, 6), (38, 62, 72))
        p.poly([(x, y - tall * 0.1), (x + w * 0.8, y + tall / 7), (x - w * 0.4, y + tall / 10)], (238, 244, 250), None, white)


def snow(p: Painter, rng: Rng) -> Mood:
    """Firs, a cabin or white peaks in falling snow."""
    side, layout = either(rng), int(rng.integers(3))
    horizon = rng.uniform(74, 88)
    p.gradient((-8, vary((150, 172, 204), rng, 8)), (horizon - 14, (214, 224, 238)), (horizon, (232, 238, 246)), (136, (244, 247, 252)))
    p.poly(ridge(rng, horizon - 8, 22 if layout < 2 else 52, 9), (190, 204, 222), (222, 230, 242))
    p.poly(ridge(rng, horizon - 2, 12, 24), (142, 164, 184), (190, 206, 222))
    p.flush(1.9)
    for _ in range(16):
        x = rng.uniform(-8, 136)
        fir(p, rng, x, horizon + rng.uniform(0, 5), rng.uniform(18, 32), 0.35)
    p.poly(ridge(rng, horizon + 5, 5, 10, True), (226, 234, 246), (248, 250, 254))
    p.flush(1.5)
    base = 64 + side * rng.uniform(44, 54)
    if layout == 0:
        w, roof = 24, horizon - 12
        p.rect(base - w, roof, base + w, horizon + 14, (116, 78, 58), (86, 56, 46))
        for k in range(5):
            p.rect(base - w, roof + 5 * k, base + w, roof + 5 * k + 1, (72, 48, 42))
        p.poly([(base - w - 7, roof + 3), (base, roof - 22), (base + w + 7, roof + 3)], (246, 249, 254), (206, 218, 236))
        p.rect(base - 7, roof + 6, base + 7, roof + 18, (255, 214, 120), (250, 170, 80))
        p.rect(base - 0.7, roof + 6, base + 0.7, roof + 18, (90, 58, 46))
        fir(p, rng, 128 - base, 124, 76, 0.6)
    else:
        for x in (base, 64 - side * rng.uniform(46, 60)):
            fir(p, rng, x, rng.uniform(116, 130), rng.uniform(70, 104), 0.62)
    for _ in range(9):
        p.ellipse(rng.uniform(-8, 136), rng.uniform(112, 136), rng.uniform(16, 32), rng.uniform(5, 9), (250, 252, 255), (214, 224, 240), 0.8)
    p.flush(1.1)
    for _ in range(90):
        r = rng.uniform(0.5, 1.9)
        p.ellipse(rng.uniform(-4, 132), rng.uniform(-4, 132), r, r, (255, 255, 255), None, rng.uniform(0.5, 0.95))
    p.flush(0.2)
    return Mood(-side, (0.6, 0.61, 0.64), (0.5, 0.52, 0.58), (0.24, 0.25, 0.28), (0.4, 0.44, 0.5))


def garden(p: Painter, rng: Rng) -> Mood:
    """Hedges and flowers; a rose arch or a fence in some."""
    side, layout = either(rng), int(rng.integers(3))
    p.gradient((-8, vary((172, 214, 226), rng, 8)), (30, (196, 224, 176)), (80, (128, 178, 88)), (136, (84, 142, 62)))
    for _ in range(34):
        y = rng.uniform(10, 76)
        p.ellipse(rng.uniform(-10, 138), y, rng.uniform(9, 20), rng.uniform(8, 15), vary((98, 158, 78), rng, 18), vary((66, 124, 62), rng, 8), 0.8)
    p.flush(2.6)
    blooms: list[Colour] = [(236, 84, 124), (250, 190, 70), (240, 110, 70), (244, 240, 240), (176, 112, 214), (228, 60, 70)]
    if layout == 1:
        for r in (58, 50):
            t = np.linspace(np.pi, 2 * np.pi, 30)
            p.line(np.stack([64 + r * np.cos(t), 60 + r * np.sin(t)], 1), 6, (62, 114, 58))
        for x in (10, 118):
            p.rect(x - 5, 58, x + 5, 138, (62, 114, 58))
        for _ in range(46):
            a = rng.uniform(np.pi, 2 * np.pi)
            r = rng.uniform(46, 62)
            q = rng.uniform(2, 3.6)
            p.ellipse(64 + r * np.cos(a), 60 + r * np.sin(a), q, q, vary((238, 110, 146), rng, 16), (200, 60, 100))
    elif layout == 2:
        for x in np.arange(-8, 138, 11.5):
            p.poly([(x, 72), (x + 3.6, 67), (x + 7.2, 72), (x + 7.2, 120), (x, 120)], (250, 250, 244), (208, 214, 206))
        p.rect(-10, 82, 138, 86, (238, 240, 232))
    else:
        x = 64 + side * 50
        p.line([(x, 40), (x + 2, 100)], 5, (112, 80, 58), 1.0, 7)
        for _ in range(16):
            p.ellipse(x + rng.normal(0, 11), rng.normal(22, 12), rng.uniform(7, 12), rng.uniform(6, 10), vary((92, 158, 72), rng, 18), (54, 110, 54), 0.9)
    p.flush(1.7)
    for _ in range(30):
        y = rng.uniform(74, 128)
        p.ellipse(rng.uniform(-8, 136), y + 4, rng.uniform(6, 12), rng.uniform(5, 10), vary((70, 136, 60), rng, 18), (44, 98, 48), 0.9)
    for _ in range(54):
        x, y = rng.uniform(-6, 134), rng.uniform(72, 132)
        q, tone = rng.uniform(1.6, 3.6), vary(blooms[int(rng.integers(6))], rng, 14)
        p.ellipse(x, y, q, q * 0.9, tone, blend(tone, (120, 30, 60), 0.25))
    p.flush(1.0)
    for _ in range(18):
        x, y = sides(rng, 40), rng.uniform(92, 132)
        tone, q = vary(blooms[int(rng.integers(6))], rng, 10), rng.uniform(1.3, 2.2)
        for a in np.linspace(0, 2 * np.pi, 5, endpoint=False) + rng.uniform(0, 1):
            p.ellipse(x + q * 1.2 * np.cos(a), y + q * 1.2 * np.sin(a), q, q, tone)
        p.ellipse(x, y, q * 0.7, q * 0.7, (250, 214, 90))
    for _ in range(9):
        p.ring(rng.uniform(0, 128), rng.uniform(0, 70), rng.uniform(2.5, 6), 0.7, (250, 252, 220), 0.5)
    p.flush(0.3)
    return Mood(side, (0.7, 0.67, 0.58), (0.46, 0.5, 0.44), (0.12, 0.17, 0.08), (0.44, 0.48, 0.34))
