"""Locking, unlocking and encrypted exports, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.profile import Profile, age
from tests.support.profile_file import make_alice
from tests.support.quick_passphrase import make_quick

SECRET = age.new_identity()
PUBLIC = age.public_of(SECRET)


@pytest.fixture
def alice(home: Path) -> Profile:
    """As in the tests of archives."""
    return make_alice(home)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file as age-keygen writes it."""
    path = tmp_path / "key.txt"
    path.write_text(f"# created: today\n# public key: {PUBLIC}\n{SECRET}\n")
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase without its cost: a key stands for each."""
    make_quick(monkeypatch)


COMMANDS = (
    ("profile", "show"), ("profile", "verify"), ("profile", "export"), ("profile", "forget"),
    ("profile", "lock"), ("generate", "?", "as a chef"), ("tune",), ("invert",), ("evaluate",),
    ("stylemix", "?", "?"), ("gallery",), ("profile", "copy", "?", "twin"),
    ("profile", "rename", "?", "anna", "--new-id"),
)  # fmt: skip


def test_every_command_says_the_sentence(
    pidiff: Callable[..., Any], alice: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = pidiff("profile", "lock", "alice", "--recipient", PUBLIC)
    assert ran.code == 0 and "lost key is lost" in ran.err
    for words in COMMANDS:
        line = [word.replace("?", "alice") for word in words]
        ran = pidiff(*line, *(["alice"] if "?" not in words else []))
        assert ran.code == 3, (words, ran.err)
        assert ran.err.endswith("alice is locked.\nOpen it: pidiff profile unlock alice\n"), words
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(b"no matter")
    for line in (("prepare", photos), ("tune", photos)):
        assert "alice is locked." in pidiff(*line, "--name", "alice", "--force").err, line
    ran = pidiff("profile", "list")
    assert ran.out.split() == ["name", "noun", "base", "size", "likeness", "alice", "locked"]
    assert json.loads(pidiff("--json", "profile", "list").out) == {
        "profiles": [], "faulty": [], "locked": ["alice"],
    }  # fmt: skip
    assert "person" not in ran.out
    assert sorted(p.name for p in alice.folder.iterdir()) == ["locked.age", "locked.id"]


def test_a_key_opens_it_again(pidiff: Callable[..., Any], alice: Profile, key: Path) -> None:
    before = alice.manifest
    assert pidiff("profile", "lock", "alice", "--recipient", PUBLIC).code == 0
    ran = pidiff("profile", "unlock", "alice")
    assert ran.code == 2 and "locked for a key" in ran.err
    ran = pidiff("profile", "rename", "alice", "anna")
    assert ran.code == 0 and "Open it: pidiff profile unlock anna" in ran.err
    assert pidiff("profile", "unlock", "anna", "--identity", key).code == 0
    anna = Profile.open("anna", alice.folder.parent.parent)
    assert anna.manifest.files == before.files and anna.manifest.id == before.id
    assert anna.name == "anna" and pidiff("profile", "verify", "anna").code == 0
    assert "not locked" in pidiff("profile", "unlock", "anna", "--identity", key).err


def test_a_passphrase_comes_from_a_file_stdin_or_the_environment(
    pidiff: Callable[..., Any], alice: Profile, quick: None, tmp_path: Path,
    feed: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    file = tmp_path / "words"
    file.write_text("six words\nand no more\n")
    ran = pidiff("profile", "lock", "alice")
    assert ran.code == 2 and "Nobody can be asked" in ran.err
    ran = pidiff("profile", "lock", "alice", "--passphrase-file", file)
    assert ran.code == 0 and "lost passphrase is lost" in ran.err
    feed(b"seven words\n")
    ran = pidiff("profile", "unlock", "alice", "--passphrase-file", "-")
    assert (ran.code, ran.err.split("\n")[0]) == (3, "That is not the passphrase.")
    feed(b"six words\r\n")
    assert pidiff("profile", "unlock", "alice", "--passphrase-file", "-").code == 0
    monkeypatch.setenv("PIDIFF_PASSPHRASE", "")
    assert "is empty" in pidiff("profile", "lock", "alice").err
    monkeypatch.setenv("PIDIFF_PASSPHRASE", "six words")
    assert pidiff("profile", "lock", "alice").code == 0


def test_a_terminal_asks_twice_without_echo(
    pidiff: Callable[..., Any], alice: Profile, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    from pidiff_cli.cli import streams

    asked = []

    def prompt(text: str, **how: Any) -> str:
        asked.append((text, how["hide_input"], how["confirmation_prompt"]))
        return "words"

    monkeypatch.setattr(streams, "can_ask", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    assert pidiff("profile", "lock", "alice").code == 0
    assert pidiff("profile", "unlock", "alice").code == 0
    assert asked == [
        ("Passphrase for alice", True, True), ("Passphrase of alice", True, False),
    ]  # fmt: skip


def test_a_locked_one_can_be_deleted(pidiff: Callable[..., Any], alice: Profile) -> None:
    assert pidiff("profile", "lock", "alice", "--recipient", PUBLIC).code == 0
    ran = pidiff("profile", "forget", "alice", "--all", "--yes")
    assert ran.code == 0 and "can only be told when it is unlocked" in ran.err
    assert not alice.folder.exists()


@pytest.mark.parametrize("how", ["key", "passphrase"])
def test_an_encrypted_export_comes_in_again(
    pidiff: Callable[..., Any], alice: Profile, quick: None, tmp_path: Path, key: Path, how: str
) -> None:
    words = tmp_path / "words"
    words.write_text("some words")
    to, by = ["--recipient", PUBLIC], ["--identity", key]
    if how == "passphrase":
        to = by = ["--passphrase-file", words]
    out = tmp_path / "out"
    out.mkdir()
    ran = pidiff("profile", "export", "alice", "--encrypt", "--out", out, *to)
    assert ran.code == 0, ran.err
    file = out / "alice.pidiff.age"
    assert ran.out == f"{file}\n" and b"profile.json" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600 and list(out.iterdir()) == [file]
    ran = pidiff("profile", "import", file, "--name", "bob", *by)
    assert ran.code == 0, ran.err
    assert pidiff("profile", "verify", "bob").code == 0
    assert not list((alice.folder.parent).glob(".leaving/*"))


def test_what_is_locked_is_not_replaced(
    pidiff: Callable[..., Any], alice: Profile, tmp_path: Path
) -> None:
    file = tmp_path / "alice.pidiff"
    assert pidiff("profile", "export", "alice", "--out", file).code == 0
    assert pidiff("profile", "lock", "alice", "--recipient", PUBLIC).code == 0
    for more in ((), ("--force",)):
        ran = pidiff("profile", "import", file, *more)
        assert ran.code == 3 and ran.err.startswith("alice is locked.\nOpen it:"), ran.err


def test_other_options_are_refused(
    pidiff: Callable[..., Any], alice: Profile, tmp_path: Path, key: Path
) -> None:
    file, words = tmp_path / "alice.pidiff", tmp_path / "words"
    words.write_text("some words")
    assert pidiff("profile", "export", "alice", "--out", file).code == 0
    for line in (
        ("profile", "import", file, "--name", "bob", "--consent", "self"),
        ("profile", "import", file, "--name", "bob", "--identity", key),
        ("profile", "import", file, "--name", "bob", "--passphrase-file", words),
        ("profile", "export", "alice", "--recipient", PUBLIC),
        ("profile", "export", "alice", "--encrypt", "--format", "peft", "--recipient", PUBLIC),
        ("profile", "forget", "alice", "--keep-pictures"),
    ):
        assert pidiff(*line).code == 2, line
    ran = pidiff("profile", "lock", "alice", "--recipient", "age1nokey")
    assert ran.code == 3 and ran.err.startswith("age1nokey is no public key")
