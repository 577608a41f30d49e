"""`pidiff ui`: the page, for those who would rather not type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import session_of


def command(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(metavar="N", help="port to listen on; 0 is a free one", min=0, max=65535)
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

    def tell(address: str) -> None:
        session.output.result([address], {"address": address, "pictures": out.absolute()})
        session.output.note("Open it in a browser. Ctrl-C ends it.")

    serve(session.home, out, session.device, port, not no_browser, tell)
