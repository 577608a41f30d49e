"""`pidiff again`: draw a picture again from the record inside it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from pidiff_cli.cli.options import OutOption
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import InputError, UsageError

_FIXED = {"home", "device", "offline", "out", "prompts", "edits"}


def command(
    context: typer.Context,
    image: Annotated[Path, typer.Argument(metavar="IMAGE.png", help="a picture made by pidiff")],
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="change a setting; may be repeated"),
    ] = None,
    out: OutOption = None,
) -> None:
    """Draw a picture again from its own record."""
    from pidiff_cli.profile import Profile

    session = session_of(context)
    session.output.loading()
    from pidiff_cli.core.images import read_record
    from pidiff_cli.stages import generate

    settings = settings_of(read_record(image), image) | parse_changes(change or [])
    for name in str(settings.get("name", "")).split("+"):
        Profile.open(name, session.home)
    result = generate.run(
        session.config(GenerateConfig, **settings, out=out), session.output.progress()
    )
    session.output.result([item.path for item in result.images], result)


def settings_of(record: dict[str, Any], image: Path) -> dict[str, Any]:
    """GenerateConfig values that a picture's record holds.

    The record's `settings` are GenerateConfig fields; `prompt`, `seed` and `profile` stand beside.
    Raises InputError for a picture without a record.
    """
    settings = record.get("settings")
    if "stylemix" in record or "b" in record:
        raise InputError(f"{image} was made by stylemix.", "Mix again: pidiff stylemix A B")
    if not isinstance(settings, dict) or not record.get("prompt"):
        raise InputError(f"{image} holds no record of how it was made.")
    known = {item.name for item in fields(GenerateConfig)} - _FIXED
    chosen = {key: value for key, value in settings.items() if key in known}
    chosen["edits"] = tuple((name, float(x)) for name, x in settings.get("edits", ()))
    chosen |= {"prompts": (record["prompt"],), "seed": record["seed"], "count": 1, "best": 0}
    return chosen


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """Typed GenerateConfig values of `key=value` texts. Raises UsageError that lists all faults."""
    kinds: dict[str, Any] = {item.name: type(item.default) for item in fields(GenerateConfig)}
    changes: dict[str, Any] = {}
    faults = []
    for text in texts:
        key, _, value = text.partition("=")
        key = key.strip().replace("-", "_")
        if key == "prompt":
            changes["prompts"] = (value,)
        elif key in _FIXED or kinds.get(key) not in (int, float, str):
            faults.append(f"{key or text} cannot be set.")
        else:
            try:
                changes[key] = kinds[key](value)
            except ValueError:
                faults.append(f"{key} is {value!r}; a number is expected.")
    if faults:
        raise UsageError(" ".join(faults), "See the names: pidiff generate --help")
    return changes
