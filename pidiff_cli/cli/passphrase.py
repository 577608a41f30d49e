"""The passphrase and keys of a command: from a file, stdin, the environment, or a terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli import streams
from pidiff_cli.cli.reading import user_path
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import age

VARIABLE = "PIDIFF_PASSPHRASE"
_LONGEST = 4096  # bytes of a passphrase

PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help=f"its first line is the passphrase; - is stdin [default: {VARIABLE}, else asked]",
        parser=user_path,
    ),
]
RecipientOption = Annotated[
    list[str] | None,
    typer.Option(
        "--recipient",
        metavar="KEY",
        help="age's public key (age1…) that opens it, without a passphrase; may be repeated",
    ),
]
IdentityOption = Annotated[
    Path | None,
    typer.Option(
        "--identity",
        metavar="FILE",
        help="age's secret key, as age-keygen writes it, in place of a passphrase",
        parser=user_path,
    ),
]


def to_lock(file: Path | None, recipients: list[str] | None, what: str) -> age.Keys:
    """What something is locked with; a passphrase is asked for twice.

    Raises:
        UsageError: nobody can be asked. InputError: no such key, or the passphrases differ.
    """
    age.check_recipients(recipients or ())
    if recipients and file is None:
        return age.Keys(recipients=tuple(recipients))
    return age.Keys(_passphrase(file, f"Passphrase for {what}", True), tuple(recipients or ()))


def to_open(file: Path | None, identity: Path | None, what: str, by_passphrase: bool) -> age.Keys:
    """What something is opened with.

    Args:
        by_passphrase: whether it opens by one; else by a secret key alone.

    Raises:
        UsageError: nobody can be asked, the key is missing, or both were given.
    """
    if file is not None and identity is not None:
        raise UsageError("A passphrase, or a secret key: one of them opens it.")
    if identity is not None:
        return age.Keys(identities=age.read_identities(identity))
    if not by_passphrase:
        raise UsageError(
            f"{what} was locked for a key, not by a passphrase.",
            "Give the secret key: --identity FILE",
        )
    return age.Keys(_passphrase(file, f"Passphrase of {what}", False))


def lost(keys: age.Keys) -> str:
    """What is told before something is locked."""
    if keys.passphrase:
        return "A lost passphrase is lost: nobody can open it without, and no copy is kept of it."
    return "A lost key is lost: nobody can open it without the secret key."


def _passphrase(file: Path | None, question: str, new: bool) -> str:
    if file is not None:
        found = _first_line(file)
    elif VARIABLE in os.environ:
        found = os.environ[VARIABLE]
    elif streams.can_ask():
        found = typer.prompt(question, hide_input=True, confirmation_prompt=new, err=True)
    else:
        raise UsageError(
            "Nobody can be asked for the passphrase.",
            f"Give it in a file: --passphrase-file FILE (- is stdin), or in {VARIABLE}",
        )
    if not found:
        raise InputError("The passphrase is empty.", "Several words are easy to keep in mind.")
    return str(found)


def _first_line(file: Path) -> str:
    try:
        with streams.read_bytes() if str(file) == "-" else file.open("rb") as opened:
            line = opened.readline(_LONGEST + 1)
        if len(line) > _LONGEST:
            raise InputError(f"The first line of {file} is no passphrase: it is too long.")
        return line.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"No passphrase can be read from {file}.", "Its first line is taken, as UTF-8."
        ) from error
