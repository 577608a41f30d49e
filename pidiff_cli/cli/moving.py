"""`pidiff profile rename`, `copy` and `delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from pidiff_cli.cli import streams
from pidiff_cli.cli.options import ProfileArgument
from pidiff_cli.cli.session import Session, session_of
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile, any_folder, locked_folder, moving, settle
from pidiff_cli.profile.locked import is_locked

NewName = Annotated[str, typer.Argument(metavar="NEW", help="the name that it gets")]
YesOption = Annotated[bool, typer.Option("--yes", help="do not ask")]


def rename_command(
    context: typer.Context,
    profile: ProfileArgument,
    new: NewName,
    new_id: Annotated[
        bool, typer.Option("--new-id", help="pictures drawn before lead to it no more")
    ] = False,
) -> None:
    """Give a profile another name. Pictures go on knowing it, by its id."""
    session = session_of(context)
    opened = opened_or_locked(session, profile)
    moved = moving.rename(opened, session.home, new, new_id)
    if is_locked(moved.folder):
        session.output.note(f"{new} is locked still. Open it: pidiff profile unlock {new}")
    else:
        session.output.note(f'{new}: pidiff generate {new} "as an astronaut"')
    session.output.result([moved.folder], {"profile": str(moved.folder)})


def copy_command(context: typer.Context, profile: ProfileArgument, new: NewName) -> None:
    """A second profile of the same person, to tune otherwise.

    It gets an id of its own: pictures of the first one go on leading to that.
    """
    session = session_of(context)
    settle(profile, session.home)
    copied = moving.copy(Profile.open(profile, session.home), session.home, new)
    session.output.note(f"{new}: {copied.size_mb(photos=True):.1f} MB.")
    session.output.result([copied.folder], {"profile": str(copied.folder)})


def delete_command(
    context: typer.Context, profile: ProfileArgument, yes: YesOption = False
) -> None:
    """Remove a profile with all that it holds, locked or not. Its pictures stay.

    With the profile goes what tells whose pictures they are; forget --all finds and removes
    them, too.
    """
    from pidiff_cli import keeping

    session = session_of(context)
    opened = opened_or_closed(session, profile)
    name = opened.folder.name
    ask(f"Remove {name} and all that it holds?", yes, f"{name} stays as it is.")
    keeping.delete(opened.folder, home=session.home)
    session.output.note(
        f"{name} is gone. Pictures, exports and evaluations that were made of it stay where they "
        "are: they are yours to remove."
    )
    session.output.result((), {"profile": str(opened.folder), "deleted": True})


def opened_or_locked(session: Session, profile: str) -> Profile:
    """A profile that needs not be read: a locked one, too. Raises InputError: there is none."""
    settle(profile, session.home)
    folder = locked_folder(profile, session.home)
    return Profile(folder) if folder else Profile.open(profile, session.home)


def opened_or_closed(session: Session, profile: str) -> Profile:
    """A profile that is to go: a locked or damaged one, too. Raises InputError: there is none."""
    settle(profile, session.home)
    return Profile(any_folder(profile, session.home))


def ask(question: str, yes: bool, kept: str) -> None:
    """Go on only where a person says yes.

    Args:
        yes: it was said already. kept: what holds where the answer is no.

    Raises:
        UsageError: nobody can be asked. InputError: the answer is no.
    """
    if yes:
        return
    if not streams.can_ask():
        raise UsageError("That cannot be undone.", "Say that you mean it: --yes")
    if not typer.confirm(question, err=True):
        raise InputError(kept)
