"""Which face networks a folder holds, and which of them are used.

mini's folder (in the package) has small nets of its own and never a `faces.json`. The folder of
the real bases holds published networks; the free ones that come with the set-up stand behind it.
The first of each kind that is there is used, unless `faces.json` chooses another.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json
from pidiff_cli.weights import bundled

CHOICE_FILE = "faces.json"
#: What each network's file is called in the folder (a glob where versions differ).
FILES = {
    "2dfan4": "2dfan4.safetensors",
    "sfd": "s3fd.safetensors",
    "yunet": "face_detection_yunet*.onnx",
    "scrfd": "scrfd*.onnx",
    "sface": "face_recognition_sface*[!q].onnx",  # not int8bq, which OpenCV 5's reader refuses
    "sface-int8": "face_recognition_sface*int8bq.onnx",
    "arcface": "arcface_ir_se50.safetensors",
    "parser": "parser.safetensors",
    "mesh": "face_landmarker.task",
}
#: What the same networks are called as published: pickles, converted when first asked for.
RAW = {
    "2dfan4": "2DFAN4*.pth.tar",
    "sfd": "s3fd*.pth",
    "arcface": "model_ir_se50*.pth",
    "parser": "parse_multi_iter*.pth",
}
#: What the same networks are called by `pidiff models pull`; SCRFD it does not fetch.
WORDS = {
    "2dfan4": "landmarks", "sfd": "s3fd", "yunet": "yunet", "sface": "sface",
    "sface-int8": "sface-int8", "arcface": "arcface", "parser": "parser", "mesh": "facemesh",
}  # fmt: skip
#: The networks of each kind, the preferred first. "mini" and "hull" need no file here.
KINDS = {
    "landmarks": ("2dfan4", "mesh", "mini"),
    "detector": ("sfd", "yunet", "scrfd", "mini"),
    "likeness": ("sface", "sface-int8", "arcface", "mini"),
    "mask": ("parser", "hull"),
}
CHANNELS = ("rgb", "bgr")
# Never taken unless faces.json says so: the package's own nets know drawings best.
_ONLY_ASKED = ("landmarks", "detector", "likeness")


@dataclass(frozen=True)
class FaceModelChoice:
    """The networks used from one folder.

    Attributes:
        real: the folder is one of published networks, not mini's own.
        landmarks, detector, likeness, mask: a name of `KINDS`.
        channels: "rgb" or "bgr", what ArcFace is fed.
    """

    folder: Path
    real: bool
    landmarks: str = "mini"
    detector: str = "mini"
    likeness: str = "mini"
    mask: str = "mini"
    channels: str = "rgb"


def choose_face_models(folder: Path) -> FaceModelChoice:
    """What a folder holds and which of it is used.

    A network that `faces.json` or the defaults name and that is not there is an error only when
    it is asked for.

    Raises:
        InputError: `faces.json` cannot be understood.
    """
    wishes = read_wishes(folder)
    if not wishes and not _inside(folder) and (folder / "landmarks.json").is_file():
        return FaceModelChoice(folder, real=False)
    here = holds(folder)
    picked = {kind: wishes.get(kind, preferred(kind, here)) for kind in KINDS}
    return FaceModelChoice(folder, True, **picked, channels=wishes.get("arcface_channels", "rgb"))


def holds(folder: Path) -> tuple[str, ...]:
    """The names of the published networks that lie in a folder, or came with the set-up."""
    here = {*_inside(folder), *_inside(bundled.FOLDER)}
    return tuple(name for name in FILES if name in here)


def _inside(folder: Path) -> tuple[str, ...]:
    return tuple(
        name
        for name, pattern in FILES.items()
        if any(folder.glob(pattern)) or (name in RAW and any(folder.glob(RAW[name])))
    )


def preferred(kind: str, here: tuple[str, ...]) -> str:
    """The preferred network that is there; the most preferred of all when none is."""
    names = [n for n in KINDS[kind] if n != "scrfd" or importlib.util.find_spec("onnxruntime")]
    fits = [n for n in names if n in here or (n not in FILES and kind not in _ONLY_ASKED)]
    return fits[0] if fits else names[0]


class _Choice(Struct):
    chosen: dict[str, str] = {}


def read_wishes(folder: Path) -> dict[str, str]:
    """What `faces.json` chooses, kind -> network."""
    path = folder / CHOICE_FILE
    if not path.is_file():
        return {}
    try:
        chosen: dict[str, str] = read_json(path, _Choice).chosen
        for kind, name in chosen.items():
            if name not in (CHANNELS if kind == "arcface_channels" else KINDS[kind]):
                raise ValueError(f"{kind} is unknown: {name!r}")
        return chosen
    except (Refused, ValueError, KeyError, TypeError) as error:
        reason = error.reason if isinstance(error, Refused) else error
        raise InputError(
            f"{path} cannot be understood: {reason}.", "Remove it: what is there is then used."
        ) from error
