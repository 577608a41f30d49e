"""Published pickles to the files that pidiff reads; which function does which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pidiff_cli.files import make_folder


def convert(kind: str, path: Path, folder: Path) -> None:
    """Convert one published file into `folder`; each file there is written whole.

    Raises:
        InputError: damaged, with code in it, or another kind of file.
    """
    function = converter(kind)
    make_folder(folder)
    function(path, folder)


def converter(kind: str) -> Callable[[Path, Path], None]:
    """The function for a kind; imported only now, because all of them need torch."""
    if kind in ("e4e", "generator"):
        from pidiff_cli.core.wplus import published as wplus

        return wplus.convert_e4e if kind == "e4e" else wplus.convert_generator
    if kind == "wplus_adapter":
        from pidiff_cli.core.identity.published import convert_wplus_adapter

        return convert_wplus_adapter
    from pidiff_cli.core.faces import published as faces

    return {
        "landmarks": faces.convert_landmarks,
        "detector": faces.convert_detector,
        "arcface": faces.convert_arcface,
        "parser": faces.convert_parser,
    }[kind]
