"""Command-line options made from the fields of the configurations."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.reading import number, user_path
from pidiff_cli.config import CommonConfig
from pidiff_cli.weights.known import known_of

_METAVARS = {int: "N", float: "X", str: "TEXT"}


def option(
    config: type[CommonConfig], name: str, *flags: str, metavar: str = "", default: str = ""
) -> Any:
    """A typer option that takes its help, unit, range and choices from a configuration's field.

    Args:
        flags: the option's spellings; the field's name when none is given.
        metavar: what stands for the value in the help.
        default: what the help says of the default; the field's own when empty.
    """
    item = next(item for item in fields(config) if item.name == name)
    flags = flags or ("--" + (item.metadata["option"] or name.replace("_", "-")),)
    if isinstance(item.default, bool):
        return typer.Option(*flags, help=item.metadata["help"], show_default=False)
    spelling = flags[-1].lstrip("-")
    metavar = metavar or item.metadata["unit"].upper() or _METAVARS.get(type(item.default), "TEXT")
    choices = tuple(filter(None, item.metadata["choices"]))
    return typer.Option(
        *flags, help=_help(item, default), metavar=metavar.split()[0], show_default=False,
        parser=_reader(item, spelling),
        autocompletion=complete.of(choices) if choices else complete.FIELDS.get(name),
    )  # fmt: skip


def _reader(item: Any, spelling: str) -> Any:
    """How a field's words are read; None leaves text as it is."""
    if "Path" in str(item.type):
        return user_path
    kind = type(item.default)
    return number(kind, spelling, item.metadata["words"]) if kind in (int, float) else None


def _help(item: Any, default: str) -> str:
    extras = []
    if item.metadata["choices"]:
        extras.append(", ".join(filter(None, item.metadata["choices"])))
    low, high = item.metadata["low"], item.metadata["high"]
    if low is not None and high is not None and high < 1e6:
        extras.append(f"{low} to {high}")
    if default or item.default not in ("", (), None):
        extras.append(f"default: {default or item.default}")
    return item.metadata["help"] + (f" [{'; '.join(extras)}]" if extras else "")


ProfileArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROFILE",
        help="a profile's name, or the path of its folder",
        autocompletion=complete.profiles,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="folder for the pictures [default: pics]", parser=user_path
    ),
]


NoMarkOption = Annotated[
    bool,
    typer.Option(
        "--no-mark",
        help="write no C2PA manifest and no watermark: nothing but a record tells then that a "
        "model drew the picture, and the EU AI Act (Art. 50) asks for machine-readable marks",
    ),
]


NoFilterOption = Annotated[
    bool,
    typer.Option(
        "--no-filter", help="on real bases: do not look for nudity in pictures before writing them"
    ),
]


def unfiltered(no_filter: bool) -> bool | None:
    """The setting ``nudity_filter`` that an option stands for; None leaves the default."""
    return False if no_filter else None


def marks(no_mark: bool) -> str | None:
    """The setting ``mark`` that an option stands for; None leaves the default."""
    return "none" if no_mark else None


def edit_names() -> str:
    """The edits that show on mini, in words."""
    known = known_of("mini")
    return ", ".join(edit.name for edit in known.edits) if known else ""
