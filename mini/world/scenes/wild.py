"""Wilder backdrops: desert, underwater, mountains at sunset, space."""

from __future__ import annotations

import numpy as np

from mini.world.scenes.brush import (
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


def _cactus(p: Painter, x: float, foot: float, tall: float, side: float) -> None:
    w = tall * 0.15
    dark, lit = (56, 104, 66), (98, 152, 84)
    parts = [
        [(x, foot), (x, foot - tall)],
        [(x, foot - tall * 0.38), (x + side * tall * 0.3, foot - tall * 0.42), (x + side * tall * 0.32, foot - tall * 0.78)],
        [(x, foot - tall * 0.52), (x - side * tall * 0.26, foot - tall * 0.55), (x - side * tall * 0.28, foot - tall * 0.86)],
    ]
    for k, path in enumerate(parts):
        width = w * (1.0 if k == 0 else 0.72)
        p.line(path, width, dark)
        p.ellipse(*path[-1], width / 2, width / 2, dark)
        p.line(np.asarray(path) - [width * 0.16, 0], width * 0.25, lit, 0.9)


def desert(p: Painter, rng: Rng) -> Mood:
    """Red mesas or dunes with cacti."""
    side, dunes = either(rng), rng.random() < 0.4
    horizon = rng.uniform(76, 88)
    p.gradient((-8, vary((92, 160, 212), rng, 10)), (horizon - 20, (214, 224, 214)), (horizon, (250, 226, 186)))
    p.glow(64 + side * 48, 16, 12, (255, 246, 210), 0.9)
    p.glow(64 + side * 48, 16, 34, (255, 230, 170), 0.25)
    for _ in range(3):
        x, y = rng.uniform(0, 128), rng.uniform(10, 40)
        p.ellipse(x, y, rng.uniform(16, 30), 1.6, (252, 248, 240), None, 0.6)
    if dunes:
        for k in range(3):
            p.poly(ridge(rng, horizon - 6 + k * 9, 20, 6, True), vary((236, 184, 116), rng, 8), (206, 140, 78))
            p.flush(1.7 - 0.3 * k)
        for k in range(2):
            x = 64 + (side if k else -side) * rng.uniform(30, 60)
            p.poly([(x, horizon - 14), (x + 40, horizon + 26), (x - 8, horizon + 30)], (176, 112, 64), None, 0.5)
    else:
        for _ in range(5):
            x, w = rng.uniform(-10, 138), rng.uniform(9, 22)
            top = horizon - rng.uniform(22, 52)
            tone = vary((206, 108, 66), rng, 10)
            p.poly([(x - w, top), (x + w, top), (x + w * 1.25, horizon + 4), (x - w * 1.3, horizon + 4)], tone, (172, 84, 58))
            for q in range(3):
                y = top + (horizon - top) * (0.2 + 0.25 * q)
                p.rect(x - w * 1.1, y, x + w * 1.1, y + 2.2, (164, 74, 52), None, 0.5)
            p.rect(x + side * w * 0.2, top, x - side * w, horizon, (120, 54, 48), None, 0.22)
    p.flush(1.6)
    p.poly(ridge(rng, horizon + 6, 4, 9, True), (230, 172, 108), (206, 136, 78))
    for _ in range(10):
        p.ellipse(rng.uniform(-8, 136), rng.uniform(horizon + 8, 136), rng.uniform(8, 22), 1.8, (190, 120, 70), None, 0.5)
    p.flush(1.3)
    for k, x in enumerate((64 + side * rng.uniform(42, 52), 64 - side * rng.uniform(44, 56), sides(rng, 30))):
        _cactus(p, x, rng.uniform(96, 118) - 8 * k, rng.uniform(34, 58) - 9 * k, side)
    for _ in range(7):
        p.ellipse(rng.uniform(-8, 136), rng.uniform(104, 134), rng.uniform(2, 6), rng.uniform(1.5, 3.5), vary((150, 96, 66), rng, 12), (104, 64, 50))
    p.flush(0.9)
    for _ in range(40):
        p.ellipse(rng.uniform(0, 128), rng.uniform(horizon + 12, 132), 0.7, 0.4, vary((160, 100, 62), rng, 30), None, 0.8)
    x, y = sides(rng, 40), rng.uniform(16, 36)
    p.line([(x - 4.5, y - 1), (x - 2, y - 2), (x, y), (x + 2, y - 2), (x + 4.5, y - 1)], 1.0, (70, 56, 56))
    p.flush(0)
    return Mood(side, (0.76, 0.66, 0.5), (0.46, 0.44, 0.44), (0.26, 0.16, 0.08), (0.5, 0.4, 0.26), 0.65)


def underwater(p: Painter, rng: Rng) -> Mood:
    """Light shafts, coral, weed, fish and bubbles."""
    side, kelp = either(rng), rng.random() < 0.4
    p.gradient((-8, vary((112, 222, 230), rng, 8)), (36, (42, 166, 202)), (90, (20, 110, 168)), (136, (14, 70, 122)))
    p.glow(64 + side * 24, -6, 40, (200, 255, 250), 0.35)
    for _ in range(7):
        x, w = rng.uniform(0, 128), rng.uniform(3, 9)
        drift = side * rng.uniform(-34, -10)
        p.poly([(x, -10), (x + w, -10), (x + drift + w * 2.6, 118), (x + drift - w, 118)], (190, 250, 250), None, 0.1)
    p.flush(1.6)
    for k in range(2):
        p.poly(ridge(rng, 104 + 12 * k, 36 - 16 * k, 9, True), blend((26, 120, 168), (18, 66, 104), k), (14, 70, 118), 0.85)
        for _ in range(6):
            x, y = rng.uniform(0, 128), rng.uniform(24, 90)
            p.ellipse(x, y, 4.5, 1.8, (60, 150, 186), None, 0.7)
    p.flush(1.9)
    corals: list[Colour] = [(238, 106, 92), (246, 162, 72), (214, 92, 160), (150, 110, 200), (240, 208, 100)]
    if kelp:
        for _ in range(11):
            x, tall = sides(rng, 36), rng.uniform(50, 112)
            t = np.linspace(0, 1, 14)
            path = np.stack([x + 4 * np.sin(t * 7 + rng.uniform(0, 6)), 136 - tall * t], 1)
            p.line(path, 4.6, vary((54, 136, 84), rng, 18), 1.0, 1)
            for q in range(2, 13, 2):
                p.ellipse(path[q, 0] + either(rng) * 4, path[q, 1], 4.4, 1.7, vary((84, 160, 84), rng, 16), None, 0.9, rng.uniform(-40, 40))
    for _ in range(9):
        x, tone = sides(rng, 46), vary(corals[int(rng.integers(5))], rng, 14)
        for a in np.linspace(-150, -30, 5) + rng.normal(0, 8, 5):
            reach = rng.uniform(10, 26)
            v = np.deg2rad(a)
            p.line([(x, 132), (x + reach * np.cos(v), 130 + reach * np.sin(v))], 4.2, tone, 1.0, 2.2)
            p.ellipse(x + reach * np.cos(v), 130 + reach * np.sin(v), 2, 2, blend(tone, (255, 230, 220), 0.4))
    p.poly(ridge(rng, 132, 7, 9, True), (206, 192, 140), (150, 150, 130))
    p.flush(1.2)
    fishes: list[Colour] = [(250, 150, 50), (250, 214, 80), (230, 90, 90), (120, 200, 240)]
    for _ in range(7):
        x, y, d = sides(rng, 36), rng.uniform(14, 104), either(rng)
        q, tone = rng.uniform(3.4, 6), vary(fishes[int(rng.integers(4))], rng, 10)
        p.ellipse(x, y, q, q * 0.52, tone, blend(tone, (255, 255, 230), 0.4))
        p.poly([(x - d * q * 0.7, y), (x - d * q * 1.6, y - q * 0.55), (x - d * q * 1.6, y + q * 0.55)], tone)
        p.rect(x - q * 0.1, y - q * 0.45, x + q * 0.15, y + q * 0.45, (255, 250, 240), None, 0.7)
        p.ellipse(x + d * q * 0.6, y - q * 0.1, q * 0.13, q * 0.13, (30, 30, 40))
    p.flush(0.7)
    for _ in range(26):
        x, y, r = sides(rng, 50), rng.uniform(0, 128), rng.uniform(0.8, 2.8)
        p.ring(x, y, r, 0.55, (226, 252, 255), 0.85)
        p.ellipse(x - r * 0.35, y - r * 0.35, r * 0.25, r * 0.25, (255, 255, 255), None, 0.9)
    p.flush(0)
    return Mood(side, (0.68, 0.64, 0.57), (0.44, 0.48, 0.50), (0.10, 0.12, 0.12), (0.3, 0.56, 0.6), 0.7)


def mountains(p: Painter, rng: Rng) -> Mood:
    """Ridges against a low sun."""
    side, layout = either(rng), int(rng.integers(2))
    sun_x, sun_y = 64 + side * rng.uniform(38, 50), rng.uniform(50, 70)
    top = vary((84, 62, 130), rng, 10) if layout else vary((110, 72, 132), rng, 10)
    p.gradient((-8, top), (26, (186, 96, 128)), (56, (246, 152, 100)), (82, (255, 212, 136)))
    p.glow(sun_x, sun_y, 40, (255, 180, 90), 0.36)
    for _ in range(11):
        y = rng.uniform(2, 52)
        tone = blend((252, 176, 130), (150, 84, 140), rng.random())
        p.ellipse(rng.uniform(-10, 138), y, rng.uniform(14, 38), rng.uniform(1, 2.8), tone, None, 0.6)
    p.flush(1.5)
    p.ellipse(sun_x, sun_y, 8.5, 8.5, (255, 246, 206), (255, 226, 150))
    p.flush(0.7)
    tones: list[Colour] = [(186, 106, 136), (134, 76, 124), (88, 54, 100), (52, 36, 70)]
    for k, tone in enumerate(tones):
        jag = 44 - 7 * k if layout else 26 - 3 * k
        line = ridge(rng, 84 + 13 * k, jag, 8 + 3 * k, not layout and k < 2)
        p.poly(line, tone, blend(tone, (240, 150, 120), 0.35))
        if layout and k < 2:
            for x, y in line[1:-3]:
                if y < 66 + 12 * k:
                    p.poly([(x, y), (x + 5, y + 9), (x + 1, y + 7), (x - 5, y + 10)], (255, 214, 190), None, 0.75)
        p.flush(1.5 - 0.25 * k)
        p.haze(78 + 13 * k, 104 + 13 * k, (255, 176, 130), 0.16)
    for _ in range(12):
        _dark_pine(p, sides(rng, 40), rng.uniform(124, 138), rng.uniform(22, 46))
    p.flush(0.7)
    for _ in range(4):
        x, y = sides(rng, 44), rng.uniform(12, 48)
        p.line([(x - 3, y - 1.5), (x - 1.2, y - 1.8), (x, y), (x + 1.2, y - 1.8), (x + 3, y - 1.5)], 0.8, (66, 40, 76))
    p.flush(0)
    return Mood(side, (0.8, 0.58, 0.4), (0.46, 0.38, 0.46), (0.1, 0.06, 0.08), (0.9, 0.5, 0.22), 0.3)


def _dark_pine(p: Painter, x: float, foot: float, tall: float) -> None:
    for k in range(4):
        y, w = foot - tall + k * tall / 4.6, tall * (0.09 + 0.06 * k)
        p.poly([(x, y - tall * 0.1), (x + w, y + tall / 3.4), (x - w, y + tall / 3.4)], (44, 30, 56), (28, 20, 40))


def _planet(p: Painter, rng: Rng, x: float, y: float, r: float, tone: Colour, side: float) -> None:
    p.ellipse(x, y, r, r, tone)
    for _ in range(7):
        dy = rng.uniform(-0.8, 0.8) * r
        half = np.sqrt(max(r * r - dy * dy, 0)) * 0.97
        p.ellipse(x, y + dy, half, r * rng.uniform(0.04, 0.1), vary(blend(tone, (255, 240, 220), 0.3), rng, 26), None, 0.55)
    for k in range(6):
        p.ellipse(x - side * r * 0.1 * k, y + r * 0.05 * k, r * 1.01, r * 1.01, (10, 10, 34), None, 0.0)
    p.flush(0.7)
    dark = np.clip(((p.x - x) * -side * 0.8 + (p.y - y) * 0.5) / r + 0.35, 0, 1)
    inside = np.clip((r - np.sqrt((p.x - x) ** 2 + (p.y - y) ** 2)) * 2, 0, 1)
    p.canvas *= (1 - 0.82 * dark * inside)[..., None].astype(np.float32)


def space(p: Painter, rng: Rng) -> Mood:
    """Stars, nebulae and planets; the rim of a world or a moon's ground in some."""
    side, layout = either(rng), int(rng.integers(3))
    p.gradient((-8, (10, 10, 38)), (70, (24, 18, 66)), (136, (14, 12, 44)))
    for tone in ((150, 60, 170), (40, 90, 180), (200, 80, 110)):
        cloud = np.clip(cloud_noise(rng, len(p.canvas), 3), 0, 1)[..., None]
        p.canvas += cloud * np.asarray(tone, np.float32) / 255 * np.float32(0.36)
    for _ in range(150):
        r = rng.uniform(0.25, 0.8)
        tone = ((255, 255, 255), (190, 210, 255), (255, 226, 190))[int(rng.integers(3))]
        p.ellipse(rng.uniform(-6, 134), rng.uniform(-6, 134), r, r, tone, None, rng.uniform(0.4, 1))
    p.flush(0.15)
    tones: list[Colour] = [(236, 150, 90), (70, 150, 230), (210, 110, 140), (120, 200, 180), (230, 200, 140)]
    if layout < 2:
        _planet(p, rng, 64 - side * rng.uniform(46, 56), rng.uniform(14, 34), rng.uniform(16, 24), tones[int(rng.integers(5))], side)
        x, y, r = 64 + side * rng.uniform(44, 58), rng.uniform(70, 98), rng.uniform(20, 32)
        if layout == 1:
            p.ellipse(x, y, r * 1.7, r * 0.4, (236, 214, 180), None, 0.6, side * -16)
            p.flush(0.8)
        _planet(p, rng, x, y, r, tones[int(rng.integers(5))], side)
    else:
        p.glow(64, 190, 96, (90, 170, 255), 0.5)
        p.ellipse(64, 210, 128, 112, (196, 198, 208), (120, 122, 136))
        for _ in range(14):
            x, q = rng.uniform(-4, 132), rng.uniform(3, 9)
            p.ellipse(x, rng.uniform(106, 134), q, q * 0.32, (138, 140, 154), (208, 210, 218), 0.8)
        p.flush(0.9)
        _planet(p, rng, 64 + side * rng.uniform(38, 48), rng.uniform(22, 36), rng.uniform(15, 20), (60, 130, 220), side)
    for _ in range(9):
        x, y, r = rng.uniform(0, 128), rng.uniform(0, 100), rng.uniform(1.2, 3)
        p.line([(x - r, y), (x, y), (x + r, y)], 0.5, (255, 255, 255), 0.8)
        p.line([(x, y - r), (x, y), (x, y + r)], 0.5, (255, 255, 255), 0.8)
    p.flush(0)
    return Mood(side, (0.74, 0.72, 0.7), (0.42, 0.41, 0.52), (0.06, 0.07, 0.14), (0.45, 0.5, 0.8))
