"""The key of a home: made once, private, replaced, or the user's own."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.marks import keys

pytestmark = pytest.mark.usefixtures("no_certificate")


@pytest.fixture
def no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.CERTIFICATE, raising=False)
    monkeypatch.delenv(keys.PRIVATE, raising=False)


def test_it_is_made_at_the_first_use_and_stays(tmp_path: Path) -> None:
    assert keys.known_credential(tmp_path) is None and not (tmp_path / "keys").exists()
    first = keys.credential(tmp_path)
    assert keys.credential(tmp_path) == first == keys.known_credential(tmp_path)
    assert first.origin == "home" and first.algorithm == "es256"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    keys.credential(tmp_path)
    folder = tmp_path / "keys"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [p.stat().st_mode & 0o777 for p in folder.iterdir()] == [0o600] * 2  # and the lock


def test_several_who_begin_at_once_get_one_key(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys.credential(tmp_path).fingerprint))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len({*found}) == 1


def test_another_key_has_nothing_of_the_first(tmp_path: Path) -> None:
    first, second = keys.credential(tmp_path), keys.new_key(tmp_path)
    assert keys.credential(tmp_path) == second
    assert first.private != second.private
    subjects = {one.subject for key in (first, second) for one in key.certificates}
    assert len(subjects) == 4


def test_the_certificates_name_nobody(tmp_path: Path) -> None:
    text = " ".join(
        f"{one.subject.rfc4514_string()} {one.issuer.rfc4514_string()}"
        for one in keys.credential(tmp_path).certificates
    )
    assert str(tmp_path) not in text and (os.environ.get("USER") or "\0") not in text


def test_a_home_that_takes_no_file_signs_with_a_passing_key(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder would be")
    found = keys.credential(tmp_path)
    assert found.origin == "passing" and keys.credential(tmp_path) != found
    with pytest.raises(InputError):
        keys.new_key(tmp_path)


def user_files(folder: Path) -> tuple[Path, Path]:
    """A chain and its key as two files."""
    folder.mkdir(exist_ok=True)
    made = keys.new_credential("own")
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.chain)
    private.write_bytes(made.private)
    return chain, private


def test_a_users_certificate_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, private = user_files(tmp_path / "mine")
    kept = keys.use_key(tmp_path / "home", chain, private)
    assert keys.credential(tmp_path / "home").fingerprint == kept.fingerprint
    monkeypatch.setenv(keys.CERTIFICATE, str(chain))
    with pytest.raises(InputError, match="Only one"):
        keys.credential(tmp_path / "other")
    monkeypatch.setenv(keys.PRIVATE, str(private))
    found = keys.credential(tmp_path / "other")
    assert found.origin == "environment" and not (tmp_path / "other").exists()


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    chain, private = user_files(tmp_path / "a")
    _, other = user_files(tmp_path / "b")
    with pytest.raises(InputError, match="is not that of the key"):
        keys.use_key(tmp_path, chain, other)
    private.write_text("nothing")
    with pytest.raises(InputError, match="no PEM file"):
        keys.use_key(tmp_path, chain, private)
    with pytest.raises(InputError, match="No such file"):
        keys.use_key(tmp_path, chain, tmp_path / "none.pem")
    assert not (tmp_path / "keys" / keys.KEY_FILE).exists()


def test_an_encrypted_key_is_told(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as pem

    chain, private = user_files(tmp_path / "a")
    key = pem.load_pem_private_key(private.read_bytes(), None)
    private.write_bytes(
        key.private_bytes(
            pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.BestAvailableEncryption(b"secret")
        )
    )
    with pytest.raises(InputError, match="encrypted"):
        keys.use_key(tmp_path, chain, private)


def test_a_damaged_key_file_is_told_with_the_way_out(tmp_path: Path) -> None:
    keys.credential(tmp_path)
    (tmp_path / "keys" / keys.KEY_FILE).write_bytes(b"damaged")
    with pytest.raises(InputError, match="no PEM file") as caught:
        keys.credential(tmp_path)
    assert "pidiff keys new" in caught.value.hint
    keys.new_key(tmp_path)
    assert keys.credential(tmp_path).origin == "home"
