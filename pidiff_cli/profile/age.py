"""Encryption in the age format (age-encryption.org/v1), by pyrage.

What is encrypted for keys streams, with bounded memory. What is encrypted by a passphrase goes
through memory whole: the library has no other way.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pidiff_cli.errors import InputError

SUFFIX = ".age"
#: log2 of scrypt's cost. 21 takes 2 GiB and some seconds; age writes 18, pyrage 18 to 20.
HIGHEST_WORK = 21
_HEAD = 4096
_PLAIN, _ARMOUR = b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----"
_SCRYPT = re.compile(rb"-> scrypt [\w+/]+ (\d{1,4})\n")


@dataclass(frozen=True)
class Keys:
    """What a person gives to lock and unlock with.

    Attributes:
        passphrase: "" is none.
        recipients: public keys, age1….
        identities: secret keys, AGE-SECRET-KEY-1….
    """

    passphrase: str = ""
    recipients: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()


def new_identity() -> str:
    """A secret key of its own."""
    from pyrage import x25519

    return str(x25519.Identity.generate())


def public_of(identity: str) -> str:
    """The recipient that a secret key reads."""
    return str(_identity(identity).to_public())


def read_identities(path: Path) -> tuple[str, ...]:
    """The secret keys in a file as age-keygen writes it.

    Raises:
        InputError: it cannot be read, or holds no such key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a file of keys.") from error
    return identities_in(text, path.name)


def identities_in(text: str, called: str) -> tuple[str, ...]:
    """The secret keys in what stands in such a file. Raises InputError: it holds none."""
    if text.startswith((_PLAIN.decode().strip(), _ARMOUR.decode())):
        raise InputError(f"{called} is encrypted itself.", "Open it first: age -d FILE > key.txt")
    lines = [line.strip() for line in text.splitlines()]
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        raise InputError(f"{called} holds no secret key.", "Make one: age-keygen -o key.txt")
    for line in found:
        _identity(line)
    return found


def check_recipients(recipients: Sequence[str]) -> None:
    """Raise InputError for what is no public key."""
    for text in recipients:
        _recipient(text)


def kind_of(path: Path) -> str:
    """ "passphrase" or "keys" for an age file, "" for any other.

    Raises:
        InputError: its passphrase would cost more than HIGHEST_WORK; nothing was spent yet.
    """
    try:
        with path.open("rb") as file:
            head = _plain(file.read(_HEAD))
    except OSError:
        return ""
    if not head.startswith(_PLAIN):
        return ""
    found = _SCRYPT.search(head.split(b"\n---", 1)[0] + b"\n")
    if found and int(found[1]) > HIGHEST_WORK:
        raise InputError(
            f"{path.name} is refused: trying one passphrase would cost 2^{int(found[1])} steps, "
            f"more than any file of this program (2^{HIGHEST_WORK}).",
        )
    return "passphrase" if found else "keys"


def _plain(head: bytes) -> bytes:
    """The beginning of a file without its armour."""
    if not head.startswith(_ARMOUR):
        return head
    lines = head.replace(b"\r", b"").split(b"\n")[1:-1]
    text = b"".join(line for line in lines if not line.startswith(b"-"))
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def encrypt(source: Any, target: BinaryIO, recipients: Sequence[str]) -> None:
    """Encrypt a stream, an object with ``read(size)``, for all of the public keys.

    Raises:
        OSError: as the streams do. InputError: no such key.
    """
    import pyrage

    with _failures():
        pyrage.encrypt_io(source, target, [_recipient(text) for text in recipients])


def decrypt(source: BinaryIO, target: Any, identities: Sequence[str]) -> None:
    """Decrypt a stream into ``target.write``; what comes is authentic, and whole where none is
    raised.

    Raises:
        InputError: other keys, or a file that is damaged or cut off. OSError: of the target.
    """
    import pyrage

    with _failures("None of the keys opens it."):
        pyrage.decrypt_io(source, target, [_identity(text) for text in identities])


def seal(data: bytes, passphrase: str) -> bytes:
    """Encrypt bytes by a passphrase; the cost is what takes this machine about a second."""
    import pyrage

    return bytes(pyrage.passphrase.encrypt(data, passphrase))


def unseal(data: bytes, passphrase: str) -> bytes:
    """Decrypt bytes by a passphrase. The caller has looked at `kind_of` the file.

    Raises:
        InputError: another passphrase, or damaged.
    """
    import pyrage

    try:
        return bytes(pyrage.passphrase.decrypt(data, passphrase))
    except pyrage.DecryptError as error:
        wrong = "Decryption failed" in str(error)
        raise _wrong_passphrase() if wrong else _damaged(str(error)) from error


def _wrong_passphrase() -> InputError:
    return InputError("That is not the passphrase.", "Nothing has changed; try again.")


def _damaged(why: str) -> InputError:
    if "xcessive" in why:
        return InputError("Trying its passphrase costs more than this machine can do.")
    return InputError("The encrypted file is damaged or cut off.", "Take another copy of it.")


@contextmanager
def _failures(no_key: str = "") -> Iterator[None]:
    """The library's errors as sentences; a stream's own come through as they are."""
    import pyrage

    try:
        yield
    except (pyrage.DecryptError, pyrage.EncryptError) as error:
        if "No matching keys" in str(error):
            raise InputError(no_key) from error
        raise _damaged(str(error)) from error
    except OSError as error:
        if error.errno is None:  # the library's own word for a damaged stream
            raise _damaged(str(error)) from error
        raise


def _identity(text: str) -> Any:
    from pyrage import IdentityError, x25519

    return _key(x25519.Identity.from_str, IdentityError, text, "secret key, AGE-SECRET-KEY-1…")


def _recipient(text: str) -> Any:
    from pyrage import RecipientError, x25519

    return _key(x25519.Recipient.from_str, RecipientError, text, "public key, age1…")


def _key(read: Callable[[str], Any], failure: type[Exception], text: str, kind: str) -> Any:
    try:
        return read(text)
    except failure as error:
        told = text if text.startswith("age1") else "What was given"
        raise InputError(
            f"{told} is no {kind}.", "Keys come from: age-keygen -o key.txt"
        ) from error
