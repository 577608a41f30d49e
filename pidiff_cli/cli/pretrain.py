"""`pidiff pretrain mini`: train the embedded base from nothing (for developers)."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import UsageError


def command(
    context: typer.Context,
    base: Annotated[str, typer.Argument(metavar="BASE", help="mini")],
    go: Annotated[bool, typer.Option("--go", help="run the steps instead of listing them")] = False,
) -> None:
    """List the steps that train mini in order, or run them; every step is resumable."""
    from pidiff_cli.mini.steps import STEPS

    if base != "mini":
        raise UsageError(f"{base} is not trained here.", "pidiff pretrain mini")
    session = session_of(context)
    if not go:
        rows = [{"command": step.command, "about": step.about} for step in STEPS]
        session.output.result([f"{r['command']}  # {r['about']}" for r in rows], {"steps": rows})
        return
    for step in STEPS:
        session.output.note(step.about)
        subprocess.run([sys.executable, "-m", step.module, *step.options], check=True)
