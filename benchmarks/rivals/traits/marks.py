"""Painting marks on a figure's layers before they are lit.

So a mark lies on the skin or the hair as freckles and strands do: it turns with the head, takes
the light, is covered by what is worn over it, and goes through a style with everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.rivals.traits.people import UPON_SKIN, Mark, Somebody
from benchmarks.rivals.traits.shapes import blobs, scar, strand
from mini.world import render
from mini.world.context import Context
from mini.world.head.features import Features
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.paint.skin import skin_rgb
from mini.world.people import Person
from mini.world.render import Portrait


def draw(who: Somebody, context: Context, size: int = 128) -> Portrait:
    """``render.draw`` of somebody with a mark."""
    if who.mark is None:
        return render.draw(who.person, context, size)
    layers = render.figure_layers

    def marked(p: Person, c: Context, geo: Geometry, f: Features, light: Any) -> list[Layer]:
        made = layers(p, c, geo, f, light)
        paint(made, who, c, geo, f)
        return made

    with patch.object(render, "figure_layers", marked):
        return render.draw(who.person, context, size)


def paint(layers: list[Layer], who: Somebody, c: Context, geo: Geometry, f: Features) -> None:
    """Put a mark onto the layers that it belongs to."""
    mark, p = who.mark, who.person
    assert mark is not None
    if mark.kind == "strand":
        mask = strand(mark, p, c, geo)
        for layer in layers:
            if layer.label == 3 and layer.name != "beard":
                _tint(layer, mask, _dyed(mark, p))
        return
    head = next(layer for layer in layers if layer.name == "head")
    mask = scar(mark, geo) if mark.kind == "scar" else blobs(mark, geo)
    for eye in f.eyes:
        mask.erase(geo.face(eye.opening()), soft=0.3)
    if f.mouth.gap > 0:
        mask.erase(geo.face(f.mouth.ring("upper", "lower"), 1.5), soft=0.2)
    _tint(head, mask, _skin(mark, p))


def _tint(layer: Layer, mask: Layer, recolour: Callable[[Any], Any]) -> None:
    """Where the mask is, a layer's local colours recoloured; its outline stays."""
    if mask.box is None:
        return
    x0, y0, x1, y1 = mask.box
    part = layer.rgb[y0:y1, x0:x1]
    part += (recolour(part) - part) * mask.alpha[y0:y1, x0:x1, None]


def _skin(mark: Mark, p: Person) -> Callable[[Any], Any]:
    """Factors upon the skin, so that what is painted on it shows through."""
    factors = np.asarray(mark.colour, np.float32)
    if mark.colour not in UPON_SKIN:
        factors = factors / skin_rgb(p)
    return lambda rgb: np.minimum(rgb * factors, 1.0)


def _dyed(mark: Mark, p: Person) -> Callable[[Any], Any]:
    """The strand's colour with the light and dark of the hairs below it."""
    usual = np.float32(max(float(np.mean(p.hair_rgb)), 0.05))
    colour = np.asarray(mark.colour, np.float32)

    def recolour(rgb: Any) -> Any:
        tone = np.clip(rgb.mean(-1, keepdims=True) / usual, 0.45, 1.15)
        return colour * (0.35 + 0.65 * tone)

    return recolour
