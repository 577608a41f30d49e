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
    """Read a profile's faces into W+ codes.

    A strip shows the faces redrawn from their codes beside the photos.
    """
    from pidiff_cli import api

    session = session_of(context)
    result = api.invert(profile, base=base, refine=refine, seed=seed, **session.where())
    session.output.result([result.preview or result.profile], result)
