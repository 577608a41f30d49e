"""An exported profile as an age file, and back; what any age tool reads."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile import age
from pidiff_cli.profile.packing import Hashed

#: Bytes that may go through memory, where a passphrase is the key.
BY_PASSPHRASE = 512 << 20


def write_encrypted(plain: Path, target: Path, keys: age.Keys) -> None:
    """Encrypt a file, and read it back before it counts.

    Args:
        target: the caller puts it in its place.
        keys: a passphrase, or recipients: the age format knows no file for both.

    Raises:
        InputError: too large for a passphrase, or both were given.
    """
    if keys.passphrase and keys.recipients:
        raise InputError(
            "An age file opens by a passphrase or by keys, not by both.", "Leave one of them out."
        )
    if keys.passphrase:
        _check_size(plain)
        data = plain.read_bytes()
        target.write_bytes(sealed := age.seal(data, keys.passphrase))
        same = age.unseal(sealed, keys.passphrase) == data
    else:
        same = _for_keys(plain, target, keys.recipients)
    if not same:
        raise InputError(f"Read back, {target.name} is not what was encrypted.")


def _for_keys(plain: Path, target: Path, recipients: tuple[str, ...]) -> bool:
    own = age.new_identity()  # reads it back and is forgotten
    with plain.open("rb") as source, target.open("wb") as file:
        age.encrypt(source, file, (age.public_of(own), *recipients))
    back = Hashed()
    with target.open("rb") as file:
        age.decrypt(file, back, (own,))
    with plain.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest() == back.digest


def decrypted(path: Path, plain: Path, keys: age.Keys) -> None:
    """Decrypt a file to a new one, 0600.

    Raises:
        InputError: the passphrase or keys are others, it is damaged, or the disk refuses.
    """

    def write(target: Path) -> None:
        with path.open("rb") as source, target.open("wb") as file:
            _decrypt(path, source, file, keys)

    try:
        files.fill_file(plain, write)
    except OSError as error:
        raise files.explain(error, plain) from error


def _decrypt(path: Path, source: Any, file: Any, keys: age.Keys) -> None:
    if keys.identities:
        age.decrypt(source, file, keys.identities)
        return
    _check_size(path)
    file.write(age.unseal(source.read(), keys.passphrase))


def _check_size(path: Path) -> None:
    if path.stat().st_size > BY_PASSPHRASE:
        raise InputError(
            f"{path.stat().st_size / 1e6:.0f} MB are too many for a passphrase "
            f"({BY_PASSPHRASE / 1e6:.0f} MB at most).",
            "Keys have no such limit: age-keygen -o key.txt, then --recipient age1…",
        )
