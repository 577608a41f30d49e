"""The published face networks, converted once to safetensors in the folder of faces."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from torch import nn

from pidiff_cli.core.faces.choice import (
    CHANNELS,
    CHOICE_FILE,
    FILES,
    KINDS,
    RAW,
    WORDS,
    holds,
    preferred,
    read_wishes,
)
from pidiff_cli.core.tensors import pickles
from pidiff_cli.core.tensors.load import write_tensors
from pidiff_cli.errors import MissingWeightError, UsageError
from pidiff_cli.files import write_file
from pidiff_cli.weights import bundled


def convert_landmarks(path: Path | str, folder: Path) -> None:
    """face-alignment 1.5's `2DFAN4-….pth.tar`, a bare state dict -> `2dfan4.safetensors`.

    Raises (as all of these do):
        MissingWeightError: no such file.
        InputError: damaged, with code in it, or another network; says what it probably is.
    """
    _convert(path, folder, "2dfan4", _fan, "face-alignment's 2DFAN-4")


def convert_detector(path: Path | str, folder: Path) -> None:
    """`s3fd-….pth`, a bare state dict -> `s3fd.safetensors`."""
    _convert(path, folder, "sfd", _s3fd, "the S3FD face detector")


def convert_arcface(path: Path | str, folder: Path) -> None:
    """`model_ir_se50.pth`, a bare state dict -> `arcface_ir_se50.safetensors`."""
    _convert(path, folder, "arcface", _arcface, "the ArcFace embedder IR-SE50")


def convert_parser(path: Path | str, folder: Path) -> None:
    """`parse_multi_iter_90000.pth` (ParseNet, 19 classes) -> `parser.safetensors`."""
    _convert(path, folder, "parser", _parser, "the face parser ParseNet")


#: Who converts a network of `chosen.FILES`.
CONVERT: dict[str, Callable[[Path, Path], None]] = {
    "2dfan4": convert_landmarks,
    "sfd": convert_detector,
    "arcface": convert_arcface,
    "parser": convert_parser,
}


def find_file(folder: Path, name: str) -> Path:
    """Where a published network lies; a pickle of it is converted once, nothing in it run.

    Raises:
        MissingWeightError: it is not there; names the command to type.
        InputError: a pickle that is damaged, of another network, or with code in it.
    """
    found = sorted(folder.glob(FILES[name])) or sorted(bundled.FOLDER.glob(FILES[name]))
    if not found and name in RAW and (raw := sorted(folder.glob(RAW[name]))):
        CONVERT[name](raw[-1], folder)
        found = [folder / FILES[name]]
    if found:
        return found[-1]
    free = name in ("mesh", "sface-int8")
    word = "faces" if name in ("2dfan4", "sfd", "yunet", "sface") else WORDS.get(name, "")
    word = "free-faces" if free else word
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
    kept = {k: v for k, v in read_wishes(folder).items() if v not in FILES or v in here}
    chosen = kept | wishes
    used = {kind: chosen.get(kind, preferred(kind, here)) for kind in KINDS}
    told = {"schema": 1, "here": list(here), "used": used, "chosen": chosen}
    write_file(folder / CHOICE_FILE, (json.dumps(told, indent=1) + "\n").encode())


def _convert(
    path: Path | str, folder: Path, name: str, build: Callable[[], nn.Module], what: str
) -> None:
    path = Path(path)
    whole = pickles.read_pickle(path)
    state = whole.get("state_dict", whole) if isinstance(whole, Mapping) else None
    wanted = pickles.shapes_of(build)
    pull = f"Fetch the right one: pidiff models pull {WORDS[name]}"
    fitted = pickles.fit(pickles.tensors_in(state), wanted, path, what, whole, pull)
    write_tensors(folder / FILES[name], fitted)
    if (folder / CHOICE_FILE).is_file():
        write_choice(folder)


def _fan() -> nn.Module:
    from face_alignment.models import FAN

    return FAN(4)


def _s3fd() -> nn.Module:
    from face_alignment.detection.sfd.net_s3fd import s3fd

    return s3fd()


def _arcface() -> nn.Module:
    from pidiff_cli.core.faces.arcface import ArcFace

    return ArcFace()


def _parser() -> nn.Module:
    from pidiff_cli.core.faces.parsenet import ParseNet

    return ParseNet()
