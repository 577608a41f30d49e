"""`pidiff ui`: the page, for those who would rather not type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.reading import number, user_path
from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import UsageError

MOST = 65535  # ports


def command(
    context: typer.Context,
    port: Annotated[
        int,
        typer.Option(
            metavar="N", help="port to listen on; 0 is a free one", parser=number(int, "port")
        ),
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="only say the address")] = False,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="folder for the pictures", parser=user_path),
    ] = Path("pics"),
) -> None:
    """Open a page on this machine to learn, draw and mix people.

    It listens on this machine's own address only, fetches nothing, and is open to whoever has
    the address with its token. Ctrl-C ends it; what was being learnt goes on from there.
    """
    from pidiff_cli.ui.server import serve

    session = session_of(context)
    if not 0 <= port <= MOST:
        raise UsageError(f"--port is {port}; it must be 0 to {MOST}.", "0 takes a free one.")

    def tell(address: str) -> None:
        session.output.result([address], {"address": address, "pictures": out.absolute()})
        session.output.note("Open it in a browser. Ctrl-C ends it.")

    serve(session.home, out, session.device, port, not no_browser, tell)
