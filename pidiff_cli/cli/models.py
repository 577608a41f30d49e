"""`pidiff models`: list, verify and pull the weights of bases."""

from __future__ import annotations

from typing import Annotated

import typer

from pidiff_cli import hub
from pidiff_cli.basemodels import BASES, base_spec
from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import MissingWeightError

app = typer.Typer(help="See the weights of bases.", no_args_is_help=True, rich_markup_mode=None)

BaseArgument = Annotated[str, typer.Argument(metavar="BASE", help=", ".join(BASES))]


@app.command("list")
def list_command(context: typer.Context) -> None:
    """Every base, whether it is ready, its licence."""
    session = session_of(context)
    rows = [
        {
            "name": spec.name,
            "ready": hub.is_ready(spec.name, session.home),
            "title": spec.title,
            "size": spec.size,
            "licence": spec.licence,
        }
        for spec in BASES.values()
    ]
    for row in rows:
        state = "ready" if row["ready"] else "not here"
        session.output.note(f"{row['name']}  {state}, {row['title']}, {row['licence']}")
    session.output.result([r["name"] for r in rows if r["ready"]], {"models": rows})


@app.command("verify")
def verify_command(context: typer.Context, base: BaseArgument = "mini") -> None:
    """Look whether a base's weights are whole."""
    session = session_of(context)
    found = hub.verify(base, session.home)
    if found:
        raise MissingWeightError(
            f"The weights of {base} are not whole: " + " ".join(found),
            "Install it again: pip install --force-reinstall pidiff-cli",
        )
    folder = hub.base_parts(base, session.home).diffusers.parent
    session.output.note(f"The weights of {base} are whole.")
    session.output.result([folder], {"model": base, "folder": folder, "problems": found})


@app.command("pull")
def pull_command(context: typer.Context, base: BaseArgument) -> None:
    """Fetch a base's weights (not in this version)."""
    session = session_of(context)
    if base_spec(base).embedded:
        session.output.note(f"{base} is part of the program; there is nothing to fetch.")
        return
    raise MissingWeightError(
        f"This version of pidiff cannot fetch {base} yet.", "Use --base mini until then."
    )
