"""Whom a new profile shows: asked once on a terminal, or said by --consent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli import complete, streams
from pidiff_cli.cli.options import ProfileArgument, option
from pidiff_cli.cli.session import Session, session_of
from pidiff_cli.config import PrepareConfig
from pidiff_cli.errors import UsageError
from pidiff_cli.files import expanded
from pidiff_cli.profile import Profile, profile_folder
from pidiff_cli.profile.consent import ASKED, consent_kind, told_consent
from pidiff_cli.values import shown

ConsentOption = Annotated[str | None, option(PrepareConfig, "consent", metavar="WHO")]
_QUESTION = """Whose face is this?
  1  mine
  2  an adult's who agreed that I make pictures of them
  3  a drawn or made-up person's
Somebody else's: Ctrl-C. The answer and its date are kept in the profile."""


def ask_consent(
    session: Session,
    sources: Sequence[str | Path],
    name: str | None,
    given: str | None,
    force: bool,
) -> str | None:
    """What was said of a profile that these photos make now; asked where somebody sits there.

    Nothing is asked of a profile that knows, nor where there is none to be made.
    """
    if given or not name or not streams.can_ask():
        return given
    if not all(expanded(source).exists() for source in sources):
        return given  # the command will say so
    folder = profile_folder(session.home, name)
    if (folder / "profile.json").is_file() and not force and Profile(folder).manifest.consent:
        return given
    for line in _QUESTION.splitlines():
        session.output.say(line)
    while True:
        answer = typer.prompt("1, 2 or 3", err=True).strip()
        if answer in ("1", "2", "3"):
            return ASKED[int(answer) - 1]
        if answer in ASKED:
            return str(answer)


def consent_command(
    context: typer.Context,
    profile: ProfileArgument,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="WHO",
            help="self (it is me), agreed (an adult who agreed), synthetic (drawn or made up)",
            autocompletion=complete.of(ASKED),
        ),
    ],
) -> None:
    """Note whether the person of a profile agreed: self, agreed or synthetic."""
    from pidiff_cli.stages.consent import keep

    session = session_of(context)
    if kind not in ASKED:
        raise UsageError(f"WHO is {shown(kind)}; it can be {', '.join(ASKED)}.")
    opened = Profile.open(profile, session.home)
    with opened.lock():
        keep(opened, kind)
    manifest = opened.manifest
    session.output.note(f"{opened.name}: {told_consent(manifest)}.")
    document = {"consent": consent_kind(manifest), "consented": manifest.consented}
    session.output.result([opened.folder], {"profile": str(opened.folder), **document})
