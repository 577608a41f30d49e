"""`pidiff stylemix`: coarse, medium and fine layers of two people."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.options import (
    NoFilterOption,
    NoMarkOption,
    OutOption,
    marks,
    option,
    unfiltered,
)
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import StylemixConfig
from pidiff_cli.errors import UsageError


def _person(metavar: str, told: str) -> Any:
    return typer.Argument(metavar=metavar, help=told, autocompletion=complete.profiles)


_AMOUNT = "a, b, or how much of B from 0 to 1"


def command(
    context: typer.Context,
    a: Annotated[str, _person("A", "first profile")],
    b: Annotated[str, _person("B", "second profile")],
    coarse: Annotated[
        str, typer.Option(metavar="A|B|X", help=f"pose, head and hair shape: {_AMOUNT}")
    ] = "a",
    medium: Annotated[
        str, typer.Option(metavar="A|B|X", help=f"features, expression: {_AMOUNT}")
    ] = "a",
    fine: Annotated[str, typer.Option(metavar="A|B|X", help=f"colours, light: {_AMOUNT}")] = "b",
    between: Annotated[int | None, option(StylemixConfig, "between")] = None,
    out: OutOption = None,
    prompt: Annotated[str | None, option(StylemixConfig, "prompt")] = None,
    count: Annotated[int | None, option(StylemixConfig, "count", "-n", "--count")] = None,
    seed: Annotated[str | None, option(StylemixConfig, "seed")] = None,
    name: Annotated[str | None, option(StylemixConfig, "name", metavar="NAME")] = None,
    force: Annotated[bool, option(StylemixConfig, "force", "--force")] = False,
    identity_scale: Annotated[
        float | None, option(StylemixConfig, "identity_scale", by_recipe=True)
    ] = None,
    no_mark: NoMarkOption = False,
    no_filter: NoFilterOption = False,
) -> None:
    """Mix the coarse, medium and fine layers of two people.

    The mixes are laid out on a contact sheet; with --prompt they are drawn as pictures too.
    """
    from pidiff_cli import api

    session = session_of(context)
    if prompt is not None and not prompt.strip():
        raise UsageError("The prompt is empty.")
    result = api.stylemix(
        a, b, coarse=amount(coarse), medium=amount(medium), fine=amount(fine), between=between,
        out=out, prompt=prompt, count=count, seed=seed, name=name, force=force,
        identity_scale=identity_scale, mark=marks(no_mark), nudity_filter=unfiltered(no_filter),
        **session.where(),
    )  # fmt: skip
    lines = [result.sheet, *(item.path for item in result.images)]
    session.output.result([*lines, *filter(None, [result.profile])], result)


def amount(text: str) -> float:
    """How much of B `a`, `b` or a number means. Raises UsageError for anything else."""
    words = {"a": 0.0, "b": 1.0}
    try:
        return words[text.lower()] if text.lower() in words else float(text)
    except ValueError:
        raise UsageError(f"{text!r} is no amount.", f"It can be {_AMOUNT}.") from None
