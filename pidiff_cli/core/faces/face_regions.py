"""Colours of a face at known places, and where hair and beard are: CIELAB, shares of the face.

Everything but skin, hair and irises is told against the skin of the same picture, so a picture's
light and white balance drop out of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pidiff_cli.core.faces.lab_face import LabFace
from pidiff_cli.core.faces.mesh_measures import CHIN, TOP

_BROWS = ((105, 52), (66, 65), (63, 53), (334, 282), (296, 295), (293, 283))
_LIPS = ((14, 17), (87, 84), (317, 314), (0, 13))
_IRISES = (468, 473)
_MOUSTACHE, _CHIN = (165, 391, 92, 322, 167, 393), (199, 208, 428, 201, 421)
_JAW = (136, 365, 172, 397, 150, 379)
_EYE_CORNERS = (226, 446, 35, 265)
INKED = 25.0  # units of lightness under the skin that count as one brow's ink


def region_measures(points: np.ndarray, aligned: np.ndarray, head: np.ndarray) -> dict[str, float]:
    """What colours and regions say of a face; names in a fixed order, NaN where nothing is seen.

    Args:
        points: a mesh (478, 3) in the pixels of the square. aligned: its face, uint8 (S, S, 3).
        head: (S, S) in [0, 1], 1 on face, hair and neck.
    """
    face = LabFace(points, aligned, head)
    top = float((face.at[TOP] - face.eyes) @ face.up) / face.unit
    hair_zone = face.head & ~face.oval & (face.high > 0.15)
    hair = _hair(face, hair_zone, top)
    found = _named("skin", face.skin, "Lab") | _named("hair", hair, "Lab")
    found |= _parts(face) | _brows(face)
    found |= _bare(face) | _silhouette(face, top) | _long(face, hair)
    grain = face.grain[hair_zone]
    found["hair_grain"] = float(grain.std()) if len(grain) > 60 else np.nan
    found["hair_area"] = float(hair_zone.sum()) / face.unit**2
    return found


def _hair(face: LabFace, zone: np.ndarray, top: float) -> np.ndarray:
    crown = face.lab[zone & (face.high > top + 0.05)]
    values = crown if len(crown) > 40 else face.lab[zone]
    return np.median(values, axis=0) if len(values) > 30 else np.full(3, np.nan)


def _parts(face: LabFace) -> dict[str, float]:
    """Brows, lips, irises and where a beard would be."""
    brow = face.seen([(face.at[a] + face.at[b]) / 2 for a, b in _BROWS], 0.018) - face.skin
    lip = face.seen([(face.at[a] + face.at[b]) / 2 for a, b in _LIPS], 0.02) - face.skin
    iris = face.seen([face.at[i] for i in _IRISES], 0.03)
    moustache = face.seen([face.at[i] for i in _MOUSTACHE], 0.022) - face.skin
    chin = face.seen([face.at[i] for i in _CHIN], 0.03) - face.skin
    inside = [face.at[i] + 0.12 * (face.at[1] - face.at[i]) for i in _JAW]
    jaw = face.seen(inside, 0.035) - face.skin
    return (
        _named("brow", brow, "L b") | _named("lip", lip, "La ") | _named("iris", iris, " ab")
        | _named("moustache", moustache, "L b") | _named("chin", chin, "L b")
        | _named("jaw", jaw, "L b")
    )  # fmt: skip


def _brows(face: LabFace) -> dict[str, float]:
    """How much of a line across each brow is dark, and how dark it is all along."""
    share, ink = [], []
    for a, b in _BROWS:
        middle, reach = (face.at[a] + face.at[b]) / 2, 0.07 * face.unit * face.up
        line = face.line(middle + reach, middle - reach)
        dark, light = np.sort(line)[:3].mean(), np.percentile(line, 85)
        share.append((line < (dark + light) / 2).mean())
        ink.append(np.clip((light - line) / INKED, 0, 2).mean())
    return {"brow_share": float(np.median(share)), "brow_ink": float(np.median(ink))}


def _bare(face: LabFace) -> dict[str, float]:
    """Lightness against the skin where a fringe would lie, and lines of age."""
    tops = {"fringe_top": (10,), "fringe_low": (10, 151), "temple_dark": (103, 332)}
    found = {}
    for name, at in tops.items():
        places = [face.at[i] for i in at]
        places = [np.mean(places, axis=0)] if name == "fringe_low" else places
        found[name] = float((face.seen(places, 0.03) - face.skin)[0])
    found["forehead_lines"] = _grain(face, (151, 9, 108, 337), 0.06)
    found["eye_lines"] = _grain(face, _EYE_CORNERS, 0.05)
    return found


def _grain(face: LabFace, at: Sequence[int], radius: float) -> float:
    found = [face.disc(face.grain, face.at[i], radius) for i in at]
    return float(np.median([values.std() if len(values) else 0.0 for values in found]))


def _silhouette(face: LabFace, top: float) -> dict[str, float]:
    """How far the head goes above the mesh, and how wide it is at six heights."""
    chin = float((face.at[CHIN] - face.eyes) @ face.up) / face.unit  # below: negative
    middle = face.high[face.head & (np.abs(face.side) < 0.15)]
    found = {"over_top": float(middle.max()) - top if len(middle) else np.nan}
    heights = {"crown": top + 0.12, "brow": 0.6 * top, "eye": 0.0, "mouth": 0.6 * chin}
    for name, height in (heights | {"chin": 0.95 * chin}).items():
        row = face.side[face.head & (np.abs(face.high - height) < 0.02)]
        found[f"wide_{name}"] = float(np.ptp(row)) if len(row) > 5 else 0.0
    return found


def _long(face: LabFace, hair: np.ndarray) -> dict[str, float]:
    """The area beside and below the face that is coloured like the hair, not like the skin."""
    chin = float((face.at[CHIN] - face.eyes) @ face.up) / face.unit
    off = face.head & ~face.oval
    zones = {"hair_low": off & (face.high < chin / 2),
             "hair_beside": off & (face.high < 0.1) & (face.high > chin / 2)}  # fmt: skip
    found = {}
    for name, zone in zones.items():
        values = face.lab[zone]
        like_hair = np.linalg.norm(values - hair, axis=1) < np.linalg.norm(
            values - face.skin, axis=1
        )
        found[name] = float(like_hair.sum()) / face.unit**2
    return found


def _named(name: str, colour: np.ndarray, channels: str) -> dict[str, float]:
    """A CIELAB colour as named numbers; a blank among the channels leaves one out."""
    pairs = zip(channels, colour, strict=True)
    return {f"{name}_{channel}": float(value) for channel, value in pairs if channel != " "}
