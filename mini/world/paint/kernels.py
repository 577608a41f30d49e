"""Per-pixel loops, compiled once and cached by numba. All arrays float32 unless said."""

from __future__ import annotations

# mypy: ignore-errors
import numpy as np
from numba import njit


@njit(cache=True, fastmath=True)
def blend_mask(rgb, alpha, mask, x0, y0, c0, c1, gx, gy, g0, opacity, clip):
    """Blend a colour gradient through a uint8 mask placed at (x0, y0), un-premultiplied."""
    h, w = mask.shape
    for j in range(h):
        for i in range(w):
            v = mask[j, i]
            if v == 0:
                continue
            m = v * (opacity / np.float32(255.0))
            y, x = y0 + j, x0 + i
            t = gx * (x + np.float32(0.5)) + gy * (y + np.float32(0.5)) + g0
            t = min(max(t, np.float32(0.0)), np.float32(1.0))
            a = alpha[y, x]
            weight = m
            if not clip:
                new = m + a * (np.float32(1.0) - m)
                alpha[y, x] = new
                weight = m / max(new, np.float32(1e-6))
            elif a <= 0:
                continue
            for c in range(3):
                colour = c0[c] + (c1[c] - c0[c]) * t
                rgb[y, x, c] += (colour - rgb[y, x, c]) * weight


@njit(cache=True, fastmath=True)
def erase_mask(alpha, mask, x0, y0):
    """alpha *= 1 - mask / 255 where the mask lies."""
    h, w = mask.shape
    for j in range(h):
        for i in range(w):
            alpha[y0 + j, x0 + i] *= np.float32(1.0) - mask[j, i] / np.float32(255.0)


@njit(cache=True, fastmath=True)
def add_bumps(height, bumps):
    """Add Gaussians to height (h, w) in place; rows: cx, cy, 1/sx, 1/sy, amplitude, cos, sin."""
    h, w = height.shape
    for k in range(bumps.shape[0]):
        cx, cy, ix, iy, amp, c, s = bumps[k]
        reach = np.float32(3.0) / min(ix, iy)
        y0, y1 = max(0, int(cy - reach)), min(h, int(cy + reach) + 2)
        x0, x1 = max(0, int(cx - reach)), min(w, int(cx + reach) + 2)
        for y in range(y0, y1):
            dy = y - cy
            for x in range(x0, x1):
                dx = x - cx
                u, v = (dx * c + dy * s) * ix, (dy * c - dx * s) * iy
                q = u * u + v * v
                if q < 9:
                    height[y, x] += amp * np.exp(-np.float32(0.5) * q)


@njit(cache=True, fastmath=True)
def normals(height, cavity, per_px, out):
    """Half-size height (h, w) -> out (h, w, 3): nx, ny (unit normal's x, y) and cavity."""
    h, w = height.shape
    for y in range(h):
        ya, yb = max(y - 1, 0), min(y + 1, h - 1)
        for x in range(w):
            xa, xb = max(x - 1, 0), min(x + 1, w - 1)
            gx = (height[y, xb] - height[y, xa]) * np.float32(0.5) * per_px
            gy = (height[yb, x] - height[ya, x]) * np.float32(0.5) * per_px
            inv = np.float32(1.0) / np.sqrt(gx * gx + gy * gy + np.float32(1.0))
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = -gx * inv, -gy * inv, cavity[y, x]


@njit(cache=True, fastmath=True)
def shade_over(acc, cover, labels, rgb, alpha, surface, shadow, x0, y0, light, mat, label, kind):
    """Light one layer and put it over the premultiplied figure; first drop its shadow below.

    acc (S, S, 3), cover (S, S), labels (S, S) u8 | rgb, alpha (S, S) | surface (h, w, 3) and
    shadow (h, w) of the box at (x0, y0) | light (6, 3): key dir, key, ambient, ground, half, plum
    | mat (8): wrap r g b, gloss, power, cavity, shadow strength, brightness of the diffuse part.
    kind: 0 flat, 1 plain (power highlight), 2 hair (band), 3 skin.
    """
    one, half = np.float32(1.0), np.float32(0.5)
    for j in range(surface.shape[0]):
        y = y0 + j
        for i in range(surface.shape[1]):
            x = x0 + i
            a = alpha[y, x]
            c = cover[y, x]
            s = shadow[j, i] * mat[6]
            if c > 0 and s > np.float32(0.004) and a < 1:
                for k in range(3):
                    acc[y, x, k] *= one - s * (one - light[5, k])
            if a <= np.float32(0.002):
                continue
            r, g, b = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]
            if kind != 0:
                nx, ny = surface[j, i, 0], surface[j, i, 1]
                nz = np.sqrt(max(one - nx * nx - ny * ny, np.float32(0.0)))
                nl = nx * light[0, 0] + ny * light[0, 1] + nz * light[0, 2]
                up = half - half * ny
                cav = max(one - mat[5] * max(surface[j, i, 2], np.float32(0.0)), half)
                nh = max(nx * light[4, 0] + ny * light[4, 1] + nz * light[4, 2], np.float32(0.0))
                if kind == 2:
                    q = (nl - np.float32(0.80)) * np.float32(7.7)
                    spec = mat[3] * np.exp(-q * q)
                elif kind == 3:
                    deep = one - (np.float32(0.3) * r + np.float32(0.59) * g + np.float32(0.11) * b)
                    spec = mat[3] * (half + deep) * nh ** mat[4]
                else:
                    spec = mat[3] * nh ** mat[4]
                tint = np.float32(0.55) if kind == 2 else np.float32(0.12)
                for k in range(3):
                    v = r if k == 0 else (g if k == 1 else b)
                    wrap = mat[k]
                    d = max((nl + wrap) / (one + wrap), np.float32(0.0))
                    lit = light[2, k] * (np.float32(0.72) + np.float32(0.34) * up)
                    lit += light[3, k] * (one - up) + light[1, k] * d * mat[7]
                    shine = spec * light[1, k] * (one - tint + tint * v * np.float32(2.0))
                    v = v * lit * cav + shine * cav
                    if k == 0:
                        r = v
                    elif k == 1:
                        g = v
                    else:
                        b = v
            acc[y, x, 0] = acc[y, x, 0] * (one - a) + r * a
            acc[y, x, 1] = acc[y, x, 1] * (one - a) + g * a
            acc[y, x, 2] = acc[y, x, 2] * (one - a) + b * a
            cover[y, x] = c + a - c * a
            if a > half:
                labels[y, x] = label


@njit(cache=True, fastmath=True)
def finish(acc, cover, back, soft, rim, halo, rx, ry, rim_rgb, vignette, curve, out):
    """Figure over backdrop with rim light and halo, then vignette, lift and saturation.

    acc (S, S, 3) premultiplied, cover, soft (inflated cover: nx, ny, edge in rim (S, S, 3)),
    curve (257,): the lift as a table over [0, 1].
    """
    size = cover.shape[0]
    one = np.float32(1.0)
    centre = np.float32(size * 0.5)
    for y in range(size):
        for x in range(size):
            a = cover[y, x]
            dx, dy = (x - centre) / centre, (y - centre) / centre
            q = np.float32(0.5) * (dx * dx + dy * dy)
            v = one - vignette * q * np.sqrt(np.sqrt(q))
            facing = max(rim[y, x, 0] * rx + rim[y, x, 1] * ry, np.float32(0.0))
            edge = facing * rim[y, x, 2] * a
            dark = one - halo * soft[y, x] * (one - a)
            lum = np.float32(0.0)
            for k in range(3):
                c = acc[y, x, k] + rim_rgb[k] * edge * (np.float32(0.35) + acc[y, x, k])
                c = (c + back[y, x, k] * dark * (one - a)) * v
                t = min(max(c, np.float32(0.0)), one) * np.float32(255.0)
                n = int(t)
                c = curve[n] + (curve[n + 1] - curve[n]) * (t - n)
                out[y, x, k] = c
                lum += c * np.float32(0.3333)
            for k in range(3):
                c = lum + (out[y, x, k] - lum) * np.float32(1.07)
                out[y, x, k] = min(max(c, np.float32(0.0)), one)
