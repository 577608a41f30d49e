"""`pidiff profile use-checkpoint`: another kept step of the tuning draws."""

from __future__ import annotations

from typing import Annotated

import typer

from pidiff_cli.cli.options import ProfileArgument
from pidiff_cli.cli.reading import number
from pidiff_cli.cli.session import session_of
from pidiff_cli.profile import Profile


def use_command(
    context: typer.Context,
    profile: ProfileArgument,
    step: Annotated[
        int,
        typer.Argument(metavar="STEP", help="see: profile show", parser=number(int, "the step")),
    ],
    only: Annotated[
        bool, typer.Option("--only", help="remove the other steps that are kept")
    ] = False,
) -> None:
    """Draw by another step of the tuning from now on, one of those that were kept.

    The step that drew before stays among them, so the same command with it goes back. Report and
    likeness stay those of the best step.
    """
    from pidiff_cli import keeping

    session = session_of(context)
    steps = keeping.use_checkpoint(profile, step, only=only, home=session.home)
    opened = Profile.open(profile, session.home)
    others = ", ".join(str(one.step) for one in steps if not one.own)
    beside = f"Kept beside it: {others}." if others else "No other is kept."
    session.output.note(f"{opened.name} draws by step {step}. {beside}")
    told = {"profile": str(opened.folder), "checkpoint": step, "checkpoints": steps}
    session.output.result([opened.folder], told)
