"""`pidiff verify`: what pictures carry, and whether they were changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import PidiffError

CHANGED = 6  # exit code: a picture was changed, or its manifest taken away


def command(
    context: typer.Context,
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="PICTURE", help="pictures of any program", parser=user_path),
    ],
) -> None:
    """Tell whether pictures say that a model drew them, and if they were changed.

    Reads C2PA manifests, IPTC's source type, pidiff's record and watermark, settings of other
    programs. Exit code 0; 6 where a picture was changed since it was signed or its manifest was
    taken away; 3 where one cannot be read. Nothing is asked of the network.
    """
    from pidiff_cli.stages import verify as stage

    session = session_of(context)
    output, found, unread = session.output, [], []
    for path, result in zip(pictures, stage.run(pictures, session.home)):
        if isinstance(result, PidiffError):
            unread.append({"path": str(path), "error": result.message})
            output.warn(result.message)
            continue
        found.append(result)
        output.tell(f"{result.path}  {result.verdict}", bold=True)
        for line in result.says:
            output.tell(f"  {line}")
    output.result((), {"pictures": found, "unread": unread})
    if any(one.verdict in stage.WRONG for one in found):
        raise typer.Exit(CHANGED)
    if unread:
        raise typer.Exit(3)
