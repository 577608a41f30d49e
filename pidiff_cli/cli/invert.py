"""`pidiff invert`: aligned faces → W+ codes."""

from __future__ import annotations

from typing import Annotated

import typer

from pidiff_cli.cli.options import ProfileArgument, option
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import InvertConfig


def command(
    context: typer.Context,
    profile: ProfileArgument,
    refine: Annotated[int | None, option(InvertConfig, "refine")] = None,
    base: Annotated[str, option(InvertConfig, "base", metavar="BASE")] = "mini",
    seed: Annotated[int | None, option(InvertConfig, "seed")] = None,
) -> None:
    """Read the faces of a profile into numbers (W+ codes) that edits and mixes change.

    `tune` does so by itself. A strip shows the faces drawn from their codes, below the photos.
    """
    from pidiff_cli import api

    session = session_of(context)
    result = api.invert(profile, base=base, refine=refine, seed=seed, **session.where())
    session.output.result([result.preview or result.profile], result)
