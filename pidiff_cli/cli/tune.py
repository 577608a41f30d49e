"""`pidiff tune`: the identity branch of one person, from photos or from a profile."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.consent import ConsentOption, ask_consent
from pidiff_cli.cli.learning import learning
from pidiff_cli.cli.lines import whole
from pidiff_cli.cli.options import option, taking
from pidiff_cli.cli.prepare import (
    ForceOption,
    LikeOption,
    NoPhotosOption,
    NounOption,
    PersonOption,
)
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import TuneConfig
from pidiff_cli.errors import StoppedBySignal
from pidiff_cli.profile import Profile, kept_steps

SourcesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTOS|PROFILE",
        help="photos or folders, or a profile",
        autocompletion=complete.profiles,
    ),
]


@taking(learning)
def command(
    context: typer.Context,
    sources: SourcesArgument,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="name of the profile made of the photos")
    ] = None,
    resume: Annotated[bool, typer.Option(help="go on from the last checkpoint")] = True,
    restart: Annotated[bool, option(TuneConfig, "restart", "--restart")] = False,
    retune: Annotated[bool, option(TuneConfig, "retune", "--retune")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what it would take, and stop")
    ] = False,
    noun: NounOption = None,
    force: ForceOption = False,
    no_photos: NoPhotosOption = False,
    person: PersonOption = None,
    like: LikeOption = None,
    consent: ConsentOption = None,
    *,
    learning: dict[str, Any],
) -> None:
    """Learn one person from photos.

    Looks which photos serve, then trains until the person is learnt, and measures how alike it
    draws. The same command again goes on after an interruption, and does nothing when all is done.
    """
    from pidiff_cli import api

    session = session_of(context)
    given = {"base": "auto", "recipe": "auto", "wplus": "auto", **learning}
    if dry_run:
        session.output.result([], api.plan(sources, name, **given, **session.where()))
        return
    given |= {"resume": resume, "restart": restart or not resume, "retune": retune}
    given |= {"noun": noun, "keep_photos": not no_photos, "force": force}
    consent = ask_consent(session, sources, name, consent, force)
    given |= {"person": person, "like": like, "consent": consent or ""}
    try:
        result = api.tune(sources, name, **given, **session.where())
    except (KeyboardInterrupt, StoppedBySignal):
        if "tune" in session.output.begun:
            session.after_interrupt = _goes_on(sources, name)
        raise
    session.output.result([result.profile], result)
    session.output.note(f'Try: pidiff generate {result.profile.resolve().name} "as an astronaut"')
    if steps := kept_steps(Profile(result.profile)):
        kept = ", ".join(str(one.step) for one in steps)
        other = next(one.step for one in steps if not one.own)
        session.output.note(f"Steps to compare ({kept}): the same with --checkpoint {other}")
    if result.report:
        session.output.note(f"Report: {whole(result.report)}")


def _goes_on(sources: list[str], name: str | None) -> str:
    """The command that goes on from the last checkpoint; the profile remembers the settings."""
    return f"It goes on from the last checkpoint: pidiff tune {name or sources[0]}"
