"""`pidiff profile forget`: the photos, or with `--all` everything, pictures among it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pidiff_cli.cli import moving as asking
from pidiff_cli.cli.options import ProfileArgument
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import Session, session_of
from pidiff_cli.errors import UsageError
from pidiff_cli.profile import TUNED_PARTS, Profile, kept_steps, list_profiles, settle
from pidiff_cli.profile.finding import id_of
from pidiff_cli.profile.locked import locked_by_id

if TYPE_CHECKING:
    from pidiff_cli.stages.belongings import Belonging

SHOWN = 20  # files named before it is asked


def forget_command(
    context: typer.Context,
    profile: ProfileArgument,
    everything: Annotated[
        bool, typer.Option("--all", help="the whole profile, and what was made of it")
    ] = False,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(
            "--pictures",
            metavar="DIR",
            help="with --all: where pictures, pages and exports of the person are looked for; may "
            "be repeated [default: pics, evaluation, and files here]",
            parser=user_path,
        ),
    ] = None,
    keep_pictures: Annotated[
        bool, typer.Option("--keep-pictures", help="with --all: the profile alone")
    ] = False,
    yes: asking.YesOption = False,
) -> None:
    """Remove the photos and keep what was learnt; with --all, everything.

    With the photos go their names and hashes, per-photo codes, reports and checkpoints. What
    stays draws the person, and still is biometric.
    """
    from pidiff_cli import keeping

    session = session_of(context)
    if not everything and (pictures or keep_pictures):
        raise UsageError("Pictures are removed with --all only.", f"Add it: forget {profile} --all")
    if pictures and keep_pictures:
        raise UsageError("--pictures says where to remove them, --keep-pictures that they stay.")
    if everything:
        opened = asking.opened_or_closed(session, profile)
        remove_all(session, opened, pictures or [], keep_pictures, yes)
        return
    settle(profile, session.home)
    opened = Profile.open(profile, session.home)
    others = [str(one.step) for one in kept_steps(opened) if not one.own]
    steps = f" and its other kept steps ({', '.join(others)})" if others else ""
    what = f"Remove the photos of {opened.name}{steps}?"
    asking.ask(what, yes, f"{opened.name} keeps its photos.")
    keeping.forget(opened.folder, home=session.home)
    session.output.note(f"{opened.name} holds no photo and no per-photo code any more.")
    if others:
        session.output.note(f"Other steps that were kept are gone with them: {', '.join(others)}.")
    session.output.note(_what_stays(opened))
    session.output.result([opened.folder], {"profile": str(opened.folder)})


def remove_all(
    session: Session, profile: Profile, folders: list[Path], keep: bool, yes: bool
) -> None:
    """Remove a profile and what was made of it, as far as a person means it.

    Raises:
        UsageError: nobody can be asked. InputError: the answer is no, or something did not go: the
            same again goes on.
    """
    from pidiff_cli import keeping
    from pidiff_cli.profile.locked import is_locked
    from pidiff_cli.stages.belongings import counted

    name, locked, key = profile.folder.name, is_locked(profile.folder), id_of(profile)
    look = key and not keep
    found = keeping.belongings(profile.folder, folders, home=session.home) if look else []
    if not keep and not key:
        session.output.warn(
            f"{name} is locked: which pictures are of it can only be told when it is unlocked."
            if locked
            else f"{name} cannot be read, and so not be told which pictures are of it: they stay."
        )
    _tell(session, found)
    if twins := _twins(profile, key, session.home) if look else []:
        session.output.warn(
            f"{' and '.join(twins)} came from the same export: what was made of one of them cannot "
            "be told from what was made of the other. Leave it where it is: --keep-pictures"
        )
    asking.ask(f"Remove {name} and all that it holds?", yes, f"{name} stays as it is.")
    if found and not yes and not typer.confirm(f"And {counted(found)} of it?", err=True):
        found = []
    keeping.delete(profile.folder, found, home=session.home)
    with_it = f", and {counted(found)} of it" if found else ""
    session.output.note(f"{name} is gone{with_it}. {_what_may_be_left(folders)}")
    session.output.result(
        (), {"profile": str(profile.folder), "deleted": True, "removed": [b.path for b in found]}
    )


def _twins(profile: Profile, key: str, home: Path) -> list[str]:
    """Other profiles of the home with the same id, locked ones among them."""
    others = [one for one in list_profiles(home) if one.folder.name != profile.folder.name]
    open_ = [one.folder.name for one in others if id_of(one) == key]
    return [*open_, *(folder.name for folder in locked_by_id(key, home))]


def _tell(session: Session, found: list[Belonging]) -> None:
    for one in found[:SHOWN]:
        session.output.note(f"{one.kind}  {one.path}")
    if len(found) > SHOWN:
        session.output.note(f"and {len(found) - SHOWN} more")


def _what_may_be_left(folders: list[Path]) -> str:
    where = "" if folders else " elsewhere"
    return (
        f"What may be left is yours to remove: your photos, files{where or ' in other folders'}, "
        "pictures that another program saved anew, exports that are encrypted or for other "
        "programs."
    )


def _what_stays(profile: Profile) -> str:
    """What `forget` leaves of a person, in words."""
    kept = [TUNED_PARTS[part][1] for part in profile.parts]
    kept = [*(["the mean W+ code"] if profile.has_code() else []), *kept]
    everything = f"All of it: pidiff profile forget {profile.name} --all"
    if not kept:
        return f"Its name, noun and id stay. {everything}"
    return (
        f"What stays draws the person, and still is biometric: {', '.join(kept)}; also its name, "
        f"noun and the id by which pictures find it. {everything}"
    )
