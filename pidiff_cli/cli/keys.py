"""`pidiff keys`: the key that signs a home's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import session_of

if TYPE_CHECKING:
    from pidiff_cli.marks.keys import Credential

app = typer.Typer(
    help="See and change the key that signs pictures.", no_args_is_help=True, rich_markup_mode=None
)
_ORIGINS = {
    "home": "made by pidiff for this home",
    "own": "a certificate of yours, kept in this home",
    "environment": "of PIDIFF_CERTIFICATE and PIDIFF_CERTIFICATE_KEY",
}
_Pem = "a PEM file with the certificates, the signer's first"


@app.command("show")
def show_command(context: typer.Context) -> None:
    """Which key signs pictures, and until when its certificate is valid.

    One key links all pictures of a home: whoever has two can tell that one home signed them.
    """
    from pidiff_cli.marks.keys import known_credential

    session = session_of(context)
    found = known_credential(session.home)
    if found is None:
        session.output.note("No key yet: the first picture makes one, or pidiff keys new.")
        session.output.result((), {"key": None})
        return
    _tell(context, found)


@app.command("new")
def new_command(context: typer.Context) -> None:
    """Make another key in place of the one that is there.

    Pictures that it signed stay as they are, and can be checked as before; nothing in later ones
    links to them.
    """
    from pidiff_cli.marks.keys import new_key

    _tell(context, new_key(session_of(context).home))


@app.command("use")
def use_command(
    context: typer.Context,
    certificates: Annotated[Path, typer.Argument(metavar="CHAIN.pem", help=_Pem, parser=user_path)],
    private: Annotated[
        Path, typer.Argument(metavar="KEY.pem", help="its private key, PKCS 8", parser=user_path)
    ],
) -> None:
    """Sign with a certificate of yours; both files are copied into the home.

    Without a copy, for one run: PIDIFF_CERTIFICATE and PIDIFF_CERTIFICATE_KEY.
    """
    from pidiff_cli.marks.keys import use_key

    _tell(context, use_key(session_of(context).home, certificates, private))


def _tell(context: typer.Context, found: Credential) -> None:
    output, signer = session_of(context).output, found.certificates[0]
    until = signer.not_valid_after_utc.date().isoformat()
    document: dict[str, Any] = {
        "origin": found.origin, "algorithm": found.algorithm, "fingerprint": found.fingerprint,
        "subject": signer.subject.rfc4514_string(), "issuer": signer.issuer.rfc4514_string(),
        "valid_until": until,
    }  # fmt: skip
    output.tell(document["subject"], bold=True)
    output.tell(f"origin       {_ORIGINS.get(found.origin, found.origin)}")
    output.tell(f"signs with   {found.algorithm}, valid until {until}")
    output.tell(f"fingerprint  {found.fingerprint}")
    output.result((), {"key": document})
