"""`pidiff gallery`: one HTML page of pictures and the records inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import session_of


def command(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER|PROFILE", show_default=False,
            help="a folder and those below it, or whose pictures [default: pics]",
            parser=user_path, autocompletion=complete.profiles,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE.html", help="the page [default: gallery.html in the folder]",
            parser=user_path,
        ),
    ] = None,
    inside: Annotated[
        Path | None,
        typer.Option(
            "--in", metavar="DIR", help="where a profile's pictures are [default: pics]",
            parser=user_path,
        ),
    ] = None,
    likeness: Annotated[
        bool,
        typer.Option(
            "--likeness", help="measure how alike they are, where that is not known, of profiles "
            "that are here",
        ),
    ] = False,
) -> None:  # fmt: skip
    """Write one HTML page that shows pictures with their records.

    It needs no server and no network: sort and filter by prompt, person, seed, likeness or date,
    see a picture large with the command that draws it again. Run anew it is brought up to date.
    """
    from pidiff_cli import api

    session = session_of(context)
    result = api.gallery(source, out=out, inside=inside, measure=likeness, **session.where())
    session.output.result([result.page], result)
