"""The Python API of what is kept of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

import pidiff_cli
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.profile import Profile, age
from tests.support.profile_file import make_alice
from tests.support.quick_passphrase import make_quick


@pytest.fixture
def alice(home: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """With passphrases that cost nothing."""
    make_quick(monkeypatch)
    return make_alice(home)


@pytest.mark.parametrize("how", ["passphrase", "key", "file"])
def test_locked_and_opened(alice: Profile, home: Path, tmp_path: Path, how: str) -> None:
    before, secret = alice.manifest, age.new_identity()
    (tmp_path / "key.txt").write_text(f"# a key\n{secret}\n")
    if how == "passphrase":
        pidiff_cli.lock("alice", passphrase="six words", home=home)
        opened = pidiff_cli.unlock("alice", passphrase="six words", home=home)
    else:
        pidiff_cli.lock("alice", recipients=age.public_of(secret), home=home)
        with pytest.raises(UsageError, match="for a key"):
            pidiff_cli.unlock("alice", passphrase="six words", home=home)
        with pytest.raises(InputError, match="is locked"):
            pidiff_cli.forget("alice", home=home)
        key = secret if how == "key" else tmp_path / "key.txt"
        opened = pidiff_cli.unlock("alice", identities=[key], home=home)
    assert opened == alice.folder and Profile(opened).manifest == before


def test_what_is_missing_or_too_much_is_a_sentence(alice: Profile, home: Path) -> None:
    with pytest.raises(UsageError, match="Nothing is given"):
        pidiff_cli.lock("alice", home=home)
    with pytest.raises(InputError, match="not locked"):
        pidiff_cli.unlock("alice", passphrase="x", home=home)
    pidiff_cli.lock("alice", passphrase="x", home=home)
    for given in ({}, {"passphrase": "x", "identities": age.new_identity()}):
        with pytest.raises(UsageError):
            pidiff_cli.unlock("alice", home=home, **given)
    with pytest.raises(PidiffError, match="not the passphrase"):
        pidiff_cli.unlock("alice", passphrase="y", home=home)
    with pytest.raises(InputError):
        pidiff_cli.belongings("alice", home=home)


def test_photos_go_then_all_with_what_was_made(
    alice: Profile, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.profile_file import export

    monkeypatch.chdir(tmp_path)
    (tmp_path / "pics").mkdir()
    file = export(alice, tmp_path / "pics" / "alice.pidiff")
    pidiff_cli.forget("alice", home=home)
    assert alice.manifest.photos == () and alice.parts
    found = pidiff_cli.belongings("alice", home=home)
    assert [(one.kind, one.path.name) for one in found] == [("export", "alice.pidiff")]
    assert found[0] == pidiff_cli.Belonging(Path("pics/alice.pidiff"), "export")
    pidiff_cli.delete("alice", found, home=home)
    assert not file.exists() and not alice.folder.exists()


def test_a_locked_one_can_be_deleted(alice: Profile, home: Path) -> None:
    pidiff_cli.lock("alice", passphrase="x", home=home)
    pidiff_cli.delete("alice", home=home)
    assert not alice.folder.exists()
