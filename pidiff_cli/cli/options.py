"""Command-line options made from the fields of the configurations."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache, wraps
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.reading import number, user_path
from pidiff_cli.config import CommonConfig, TuneConfig
from pidiff_cli.weights.known import known_of

_METAVARS = {int: "N", float: "X", str: "TEXT"}


def option(
    config: type[CommonConfig], name: str, *flags: str, metavar: str = "", default: str = "",
    by_recipe: bool = False,
) -> Any:  # fmt: skip
    """A typer option that takes its help, unit, range and choices from a configuration's field.

    Args:
        flags: the option's spellings; the field's name when none is given.
        metavar: what stands for the value in the help.
        default: what the help says of the default; the field's own when empty.
        by_recipe: a recipe says it: the help gives mini's.
    """
    item = next(item for item in fields(config) if item.name == name)
    default = (
        f"mini: {mini_value(config, name)}" if by_recipe else default and f"default: {default}"
    )
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


def taking(
    shared: Callable[..., dict[str, Any]],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command takes the options of ``shared`` beside its own, and gets what that function makes
    of them as the argument of its name."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own, more = (signature(one, eval_str=True) for one in (command, shared))

        @wraps(command)
        def run(**given: Any) -> None:
            options = {name: given.pop(name) for name in more.parameters}
            command(**given, **{shared.__name__: shared(**options)})

        kept = [one for one in own.parameters.values() if one.name != shared.__name__]
        run.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=[*kept, *more.parameters.values()]
        )
        return run

    return decorate


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
        extras.append(default or f"default: {shown_default(item.default)}")
    return item.metadata["help"] + (f" [{'; '.join(extras)}]" if extras else "")


def shown_default(value: object) -> str:
    """A default as a person would type it: 0 for 0.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def mini_value(config: type[CommonConfig], name: str) -> str:
    """What mini takes for a setting that a recipe may hold: its recipe's value, or the default."""
    section = "tune" if config is TuneConfig else "generate"
    default = next(item.default for item in fields(config) if item.name == name)
    return _mini_recipe().get((section, name), shown_default(default))


@cache
def _mini_recipe() -> dict[tuple[str, str], str]:
    """(section, key) → the text in mini's recipe. Read as lines: a YAML parser costs more time than
    the rest of a command's help; a test compares it with the parsed recipe."""
    from pidiff_cli.recipe import recipes_folder

    found, section = {}, ""
    for line in (recipes_folder() / "mini-cpu.yaml").read_text(encoding="utf-8").splitlines():
        parts = re.match(r"(\s*)(\w+):\s*([^#]*)", line)
        if parts and not parts[1]:
            section = parts[2]
        elif parts:
            value = parts[3].strip()
            number = re.fullmatch(r"-?[\d.]+(e-?\d+)?", value)
            found[section, parts[2]] = f"{float(value):g}" if number else value
    return found


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
