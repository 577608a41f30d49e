"""Published pickles to the files that pidiff reads; which function does which."""

from __future__ import annotations

import importlib
from pathlib import Path

from pidiff_cli.errors import MissingWeightError

_WHERE = {
    "e4e": ("pidiff_cli.core.wplus.published", "convert_e4e"),
    "generator": ("pidiff_cli.core.wplus.published", "convert_generator"),
    "wplus_adapter": ("pidiff_cli.core.identity.published", "convert_wplus_adapter"),
    "landmarks": ("pidiff_cli.core.faces.published", "convert_landmarks"),
    "detector": ("pidiff_cli.core.faces.published", "convert_detector"),
    "arcface": ("pidiff_cli.core.faces.published", "convert_arcface"),
    "parser": ("pidiff_cli.core.faces.published", "convert_parser"),
}


def convert(kind: str, path: Path, folder: Path) -> None:
    """Convert one published file into `folder`; each file there is written whole.

    Raises:
        InputError: damaged, with code in it, or another kind of file.
    """
    module, name = _WHERE[kind]
    try:
        function = getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise MissingWeightError(f"This version of pidiff cannot read {path.name} yet.") from error
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    function(path, folder)
