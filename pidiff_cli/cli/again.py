"""`pidiff again`: draw a picture again from the record inside it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.options import NoFilterOption, NoMarkOption, OutOption, marks
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import RANDOM, GenerateConfig
from pidiff_cli.errors import UsageError
from pidiff_cli.values import OWN, shown

_FIXED = {"home", "device", "offline", "out", "prompts", "edits", "mark", "nudity_filter"}


def command(
    context: typer.Context,
    image: Annotated[
        Path,
        typer.Argument(metavar="IMAGE.png", help="a picture made by pidiff", parser=user_path),
    ],
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="change a setting; may be repeated"),
    ] = None,
    out: OutOption = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="PROFILE",
            help="whom to draw, or where that profile is now [default: found by its id]",
            autocompletion=complete.profiles,
        ),
    ] = None,
    no_mark: NoMarkOption = False,
    no_filter: NoFilterOption = False,
) -> None:
    """Draw a picture again from its own record."""
    from pidiff_cli import api

    session = session_of(context)
    changes = parse_changes(change or [])
    if no_mark:
        changes["mark"] = marks(no_mark)
    if no_filter:
        changes["nudity_filter"] = False
    result = api.again(image, changes, out=out, profile=profile, **session.where())
    session.output.result([item.path for item in result.images], result)


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """Typed GenerateConfig values of `key=value` texts. Raises UsageError that lists all faults."""
    kinds: dict[str, Any] = {item.name: type(item.default) for item in fields(GenerateConfig)}
    changes: dict[str, Any] = {}
    faults = []
    for text in texts:
        key, _, value = text.partition("=")
        key = key.strip().replace("-", "_")
        key = {"keep_background": "hold"}.get(key, key)
        if key == "prompt":
            changes["prompts"] = (value,)
        elif key == "seed" and value == RANDOM:
            changes["seed"] = RANDOM
        elif key == "checkpoint" and value == "own":
            changes["checkpoint"] = OWN
        elif key in _FIXED or kinds.get(key) not in (int, float, str):
            faults.append(f"{key or text} cannot be set.")
        else:
            try:
                changes[key] = kinds[key](value)
            except ValueError:
                words = "a whole number" if kinds[key] is int else "a number"
                faults.append(f"{key} is {shown(value)}; {words} is expected.")
    if faults:
        raise UsageError(" ".join(faults), "See the names: pidiff generate --help")
    return changes
