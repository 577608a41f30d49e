"""`pidiff profile lock` and `unlock`."""

from __future__ import annotations

import typer

from pidiff_cli.cli import passphrase as given
from pidiff_cli.cli.options import ProfileArgument
from pidiff_cli.cli.session import session_of
from pidiff_cli.profile import Profile, settle


def lock_command(
    context: typer.Context,
    profile: ProfileArgument,
    passphrase_file: given.PassphraseOption = None,
    recipient: given.RecipientOption = None,
) -> None:
    """Encrypt a profile where it lies; its name is all that can still be seen.

    All of it becomes one file in the age format. Pictures, exports and evaluations that
    were made of it stay as they are. A lost passphrase is lost.
    """
    from pidiff_cli import keeping

    session = session_of(context)
    settle(profile, session.home)
    opened = Profile.open(profile, session.home)
    name = opened.name
    keys = given.to_lock(passphrase_file, recipient, name)
    session.output.warn(given.lost(keys))
    keeping.lock(
        opened.folder, passphrase=keys.passphrase, recipients=keys.recipients, home=session.home
    )
    session.output.note(f"{name} is locked. Open it again: pidiff profile unlock {name}")
    session.output.result([opened.folder], {"profile": str(opened.folder), "locked": True})


def unlock_command(
    context: typer.Context,
    profile: ProfileArgument,
    passphrase_file: given.PassphraseOption = None,
    identity: given.IdentityOption = None,
) -> None:
    """Decrypt a locked profile; it is as it was.

    A wrong passphrase changes nothing.
    """
    from pidiff_cli import keeping
    from pidiff_cli.profile.locking import needs_passphrase

    session = session_of(context)
    folder = keeping.find_locked(profile, session.home)
    by_passphrase = needs_passphrase(folder)
    keys = given.to_open(passphrase_file, identity, folder.name, by_passphrase)
    folder = keeping.unlock(
        folder, passphrase=keys.passphrase, identities=keys.identities, home=session.home
    )
    session.output.note(f'{folder.name}: pidiff generate {folder.name} "as an astronaut"')
    session.output.result([folder], {"profile": str(folder), "locked": False})
