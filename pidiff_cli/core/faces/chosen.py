"""Which face networks a folder holds, and which of them are used.

mini's folder (in the package) has small nets of its own and never a `faces.json`. The folder of
the real bases holds published networks. The first of each kind that is there is used, unless
`faces.json` chooses another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli._atomic import write_file
from pidiff_cli.errors import InputError, MissingWeightError, UsageError

CHOICE_FILE = "faces.json"
#: What each network's file is called in the folder (a glob where versions differ).
FILES = {
    "2dfan4": "2dfan4.safetensors",
    "sfd": "s3fd.safetensors",
    "yunet": "face_detection_yunet*.onnx",
    "scrfd": "scrfd*.onnx",
    "sface": "face_recognition_sface*.onnx",
    "arcface": "arcface_ir_se50.safetensors",
    "parser": "parser.safetensors",
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
    "arcface": "arcface", "parser": "parser",
}  # fmt: skip
#: The networks of each kind, the preferred first. "mini" and "hull" need no file here.
KINDS = {
    "landmarks": ("2dfan4", "mini"),
    "detector": ("sfd", "yunet", "scrfd", "mini"),
    "likeness": ("sface", "arcface", "mini"),
    "mask": ("parser", "hull"),
}
CHANNELS = ("rgb", "bgr")
# Never taken unless faces.json says so: the package's own nets know drawings best.
_ONLY_ASKED = ("landmarks", "detector", "likeness")


@dataclass(frozen=True)
class Chosen:
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

    def file(self, name: str) -> Path:
        """Where a network lies. Raises MissingWeightError with the command that fetches it."""
        return find_file(self.folder, name)


def choose(folder: Path) -> Chosen:
    """What a folder holds and which of it is used.

    A network that `faces.json` or the defaults name and that is not there is an error only when
    it is asked for.

    Raises:
        InputError: `faces.json` cannot be understood.
    """
    wishes = _read(folder)
    here = holds(folder)
    if not wishes and not here and (folder / "landmarks.json").is_file():
        return Chosen(folder, real=False)
    picked = {kind: wishes.get(kind, _first(kind, here)) for kind in KINDS}
    return Chosen(folder, True, **picked, channels=wishes.get("arcface_channels", "rgb"))


def holds(folder: Path) -> tuple[str, ...]:
    """The names of the published networks that lie in a folder."""
    return tuple(
        name
        for name, pattern in FILES.items()
        if any(folder.glob(pattern)) or (name in RAW and any(folder.glob(RAW[name])))
    )


def find_file(folder: Path, name: str) -> Path:
    """Where a published network lies; a pickle of it is converted once, nothing in it run.

    Raises:
        MissingWeightError: it is not there; names the command to type.
        InputError: a pickle that is damaged, of another network, or with code in it.
    """
    found = sorted(folder.glob(FILES[name]))
    if not found and name in RAW and (raw := sorted(folder.glob(RAW[name]))):
        from pidiff_cli.core.faces.published import CONVERT

        CONVERT[name](raw[-1], folder)
        found = [folder / FILES[name]]
    if found:
        return found[-1]
    word = "faces" if name in ("2dfan4", "sfd", "yunet", "sface") else WORDS.get(name, "")
    hint = f"Fetch it once: pidiff models pull {word}" if word else f"Put it there: {FILES[name]}"
    raise MissingWeightError(f"The face network {name} is not in {folder}.", hint)


def write_choice(folder: Path, **wishes: str) -> None:
    """Write `faces.json`: what is here, what is used, and what was chosen.

    What was not chosen goes on following what the folder holds; a choice whose network is gone
    is dropped.

    Args:
        wishes: landmarks, detector, likeness, mask, arcface_channels.

    Raises:
        UsageError: no such kind or network. MissingWeightError: it is not in the folder.
    """
    here = holds(folder)
    for kind, name in wishes.items():
        known = CHANNELS if kind == "arcface_channels" else KINDS.get(kind, ())
        if name not in known:
            listed = ", ".join(known) or ", ".join(KINDS)
            raise UsageError(f"{kind} cannot be {name!r}.", f"It can be: {listed}")
        if name in FILES:
            find_file(folder, name)
    kept = {k: v for k, v in _read(folder).items() if v not in FILES or v in here}
    chosen = kept | wishes
    used = {kind: chosen.get(kind, _first(kind, here)) for kind in KINDS}
    told = {"schema": 1, "here": list(here), "used": used, "chosen": chosen}
    write_file(folder / CHOICE_FILE, (json.dumps(told, indent=1) + "\n").encode())


def _first(kind: str, here: tuple[str, ...]) -> str:
    """The preferred network that is there; the most preferred of all when none is."""
    names = KINDS[kind]
    fits = [n for n in names if n in here or (n not in FILES and kind not in _ONLY_ASKED)]
    return fits[0] if fits else names[0]


def _read(folder: Path) -> dict[str, str]:
    """What `faces.json` chooses, kind -> network."""
    path = folder / CHOICE_FILE
    if not path.is_file():
        return {}
    try:
        chosen = dict(json.loads(path.read_text(encoding="utf-8")).get("chosen", {}))
        for kind, name in chosen.items():
            if name not in (CHANNELS if kind == "arcface_channels" else KINDS[kind]):
                raise ValueError(f"{kind} is unknown: {name!r}")
        return chosen
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be understood: {error}.", "Remove it: what is there is then used."
        ) from error
