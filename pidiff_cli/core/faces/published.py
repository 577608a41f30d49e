"""The published face networks, converted once to safetensors in the folder of faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import nn

from pidiff_cli.core.faces.chosen import CHOICE_FILE, FILES, RAW, WORDS, write_choice
from pidiff_cli.core.wplus import pickles
from pidiff_cli.core.wplus.published import write_tensors


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


def settle_faces(folder: Path) -> None:
    """Convert whatever published pickles lie in `folder`, then write `faces.json`.

    The pickles stay where they are; they are not read again.
    """
    for name, pattern in RAW.items():
        for path in sorted(folder.glob(pattern)):
            CONVERT[name](path, folder)
    write_choice(folder)


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
    from pidiff_cli.core.wplus.arcface import ArcFace

    return ArcFace()


def _parser() -> nn.Module:
    from pidiff_cli.core.faces.parsenet import ParseNet

    return ParseNet()
