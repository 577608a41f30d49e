"""`pidiff pretrain mini`: train the embedded base from nothing (for developers)."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import UsageError

STEPS: tuple[tuple[str, str], ...] = (
    ("pidiff_cli.mini.world.bank", "draw the bank of portraits"),
    ("pidiff_cli.mini.train.judge", "the judge"),
)


def command(
    context: typer.Context,
    base: Annotated[str, typer.Argument(metavar="BASE", help="mini")],
    go: Annotated[bool, typer.Option("--go", help="run the steps instead of listing them")] = False,
) -> None:
    """List the steps that train mini in order, or run them; every step is resumable."""
    if base != "mini":
        raise UsageError(f"{base} is not trained here.", "pidiff pretrain mini")
    session = session_of(context)
    for module, about in STEPS:
        session.output.note(about)
        if go:
            subprocess.run([sys.executable, "-m", module], check=True)
        else:
            session.output.result([f"python -m {module}"], {"step": module, "about": about})
