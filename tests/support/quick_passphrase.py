"""Passphrases without their cost, for tests of what is done with them."""

from __future__ import annotations

import pytest

from pidiff_cli.profile import age


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key stands for each passphrase; files look as age's do."""
    known: dict[str, str] = {}

    def key_of(passphrase: str) -> str:
        return known.setdefault(passphrase, age.new_identity())

    def seal(data: bytes, passphrase: str) -> bytes:
        import pyrage

        key = pyrage.x25519.Identity.from_str(key_of(passphrase)).to_public()
        return b"age-encryption.org/v1\n-> scrypt abcd 18\n" + pyrage.encrypt(data, [key])

    def unseal(data: bytes, passphrase: str) -> bytes:
        import pyrage

        key = pyrage.x25519.Identity.from_str(key_of(passphrase))
        try:
            return bytes(pyrage.decrypt(data.split(b"18\n", 1)[1], [key]))
        except pyrage.DecryptError:
            raise age._wrong_passphrase() from None

    monkeypatch.setattr(age, "seal", seal)
    monkeypatch.setattr(age, "unseal", unseal)
