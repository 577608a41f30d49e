"""Words beside the commands: the version, help, TAB; homes and paths as people write them."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli import __version__, api, files
from pidiff_cli.cli.app import run
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.weights import caches


def test_the_version(pidiff) -> None:
    for words in (["--version"], ["-V"], ["version"]):
        assert pidiff(*words).out == f"pidiff {__version__}\n"
    for words in (["--json", "--version"], ["--version", "--json"], ["--json", "version"]):
        assert pidiff(*words).json == {"version": __version__}


def test_help_as_a_word(pidiff) -> None:
    assert pidiff("help").out == pidiff("--help").out
    assert pidiff("help", "tune").out == pidiff("tune", "--help").out
    assert pidiff("help", "profile", "show").out == pidiff("profile", "show", "--help").out
    assert pidiff("help", "nothing").code == 2


def test_help_promises_nobody_beside(pidiff) -> None:
    """Several people in one picture do not work yet."""
    assert "alice+bob" not in pidiff("generate", "--help").out
    assert "--noun" in pidiff("generate", "--help").out


def test_a_library_that_ends_the_program(monkeypatch, capfd) -> None:
    from pidiff_cli.cli import app as program

    for code, wanted in ((0, 0), (None, 0), (4, 4), ("words", 1)):

        def end(*_: Any, code: Any = code, **__: Any) -> None:
            raise SystemExit(code)

        monkeypatch.setattr(program, "app", end)
        assert run([]) == wanted
    out, err = capfd.readouterr()
    assert out == "" and err == "words\n"


@pytest.fixture
def tab(home: Path, monkeypatch, capfd):
    """What TAB offers after a line."""
    for name in ("alice", "alfons", "bob"):
        Profile.create(home, name, "woman")
    (home / "models").mkdir()
    (home / "models" / "paths.json").write_text('{"dream.ckpt": "/x/dream.ckpt"}', encoding="utf-8")
    monkeypatch.setenv("PIDIFF_HOME", str(home))

    def press(line: str) -> tuple[list[str], str]:
        monkeypatch.setenv("_PIDIFF_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", f"pidiff {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" "))))
        assert run(["pidiff"]) == 0
        out, err = capfd.readouterr()
        return out.split(), err

    return press


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gen", ["generate"]),
        ("generate al", ["alfons", "alice"]),
        ("tune b", ["bob"]),
        ("evaluate ", ["alfons", "alice", "bob"]),
        ("profile show al", ["alfons", "alice"]),
        ("profile export alice --format koh", ["kohya"]),
        ("stylemix alice b", ["bob"]),
        ("generate alice x --style-from bob", ["bob:coarse", "bob:fine", "bob:medium"]),
        ("generate alice x --edit hair_le", ["hair_length="]),
        ("generate alice x --scheduler euler", ["euler", "euler_a"]),
        ("generate alice x --noun wo", ["woman"]),
        ("tune alice --recipe mini", ["mini-cpu"]),
        ("tune alice --base ", ["auto", "dream.ckpt", "mini", "sd15", "sdxl"]),
        ("recipes show fa", ["fast"]),
        ("models pull sfa", ["sface", "sface-int8"]),
        ("models verify min", ["mini"]),
        ("--device c", ["cpu", "cuda"]),
    ],
)
def test_tab(tab, line: str, offered: list[str]) -> None:
    found, err = tab(line)
    assert sorted(found) == offered and err == ""


def test_tab_without_a_home_is_silent(tab, monkeypatch) -> None:
    monkeypatch.setenv("PIDIFF_HOME", "~nouser/x")
    assert tab("generate al") == ([], "")


def test_a_crash_behind_tab_is_silent(monkeypatch, capfd) -> None:
    from pidiff_cli.cli import app as program

    def crash(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(program, "app", crash)
    monkeypatch.setenv("_PIDIFF_COMPLETE", "complete_bash")
    assert run([]) == 1 and capfd.readouterr() == ("", "")


def test_tab_imports_nothing_heavy(home: Path) -> None:
    code = (
        "import sys\nfrom pidiff_cli.cli.app import run\nrun([])\n"
        "print(*sorted({'torch', 'numpy', 'rich', 'diffusers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8",
        env={**os.environ, "_PIDIFF_COMPLETE": "complete_bash", "COMP_CWORD": "3",
             "COMP_WORDS": "pidiff models pull sfa", "PIDIFF_HOME": str(home)},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "" and "sface" in done.stdout


@pytest.fixture
def homeless(monkeypatch) -> None:
    """As in a container with a user that it does not know."""

    def unknown(*_: object) -> None:
        raise KeyError

    for key in ("HOME", "PIDIFF_HOME", "XDG_DATA_HOME", "HF_HOME", "TORCH_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_without_a_home(homeless, capfd) -> None:
    for words in (["profile", "list"], ["--json", "doctor"], ["generate", "alice", "x"]):
        assert run(words) == 3
        assert "PIDIFF_HOME" in capfd.readouterr().err
    with pytest.raises(InputError, match="There is no home folder"):
        api.generate("alice", "as a chef")
    with pytest.raises(InputError, match="There is no home folder ~"):
        files.expanded("~/x")


def test_without_a_home_but_told_where(homeless, monkeypatch, tmp_path, capfd) -> None:
    monkeypatch.setenv("PIDIFF_HOME", str(tmp_path))
    assert run(["--json", "profile", "list"]) == 0
    told = {"profiles": [], "faulty": [], "locked": []}
    assert json.loads(capfd.readouterr().out) == told
    assert caches.cached_snapshot("owner/name") is None  # nobody's cache
    assert caches.torch_checkpoint("x.pth") is None


@pytest.mark.parametrize("words", [
    ("--home=~nouser", "profile", "list"),
    ("generate", "alice", "x", "--out=~nouser/x"),
    ("tune", "~nouser/photos", "--name", "eve"),
    ("again", "~nouser/a.png"),
    ("generate", "alice", "@~nouser/wishes.txt"),
    ("tune", "alice", "--recipe", "~nouser/a.yaml"),
    ("tune", "alice", "--base", "~nouser/a.safetensors"),
    ("profile", "export", "alice", "--out=~nouser/x"),
    ("profile", "import", "~nouser/x"),
    ("models", "pull", "sd15", "--from=~nouser/x"),
    ("generate", "~nouser/alice", "x"),
])  # fmt: skip
def test_a_home_of_nobody(pidiff, home, words) -> None:
    Profile.create(home, "alice", "woman")
    ran = pidiff(*words)
    assert ran.code == 3 and "There is no home folder ~nouser here" in ran.err
    assert "PIDIFF_HOME" in ran.err


def test_a_tilde_is_followed_everywhere(pidiff, stages, photos, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert pidiff("tune", "~/photos", "--name", "alice").code == 0
    (tmp_path / "wishes.txt").write_text("as a chef\n", encoding="utf-8")
    ran = pidiff("generate", "alice", "@~/wishes.txt", "--out=~/drawn")
    assert ran.code == 0 and ran.out.startswith(str(tmp_path / "drawn")), ran.err
    assert (
        pidiff("evaluate", "alice", "--out=~/told")
        .out.strip()
        .endswith(str(tmp_path / "told" / "alice.html"))
    )
    mixed = pidiff("stylemix", "alice", "alice", "--out=~/mixed")
    assert mixed.out == f"{tmp_path / 'mixed' / 'sheet.png'}\n"
    kept = pidiff("profile", "export", "alice", "--no-photos", "--out=~/kept.pidiff")
    assert kept.code == 0 and (tmp_path / "kept.pidiff").is_file()
    assert pidiff("profile", "import", "~/kept.pidiff", "--name", "eve").code == 0
    assert not list(Path.cwd().glob("~*"))


def test_an_export_asks_before_it_replaces(pidiff, stages, photos, tmp_path, monkeypatch) -> None:
    import typer

    from pidiff_cli.cli import streams

    assert pidiff("tune", photos, "--name", "alice").code == 0
    file = tmp_path / "kept.pidiff"
    words = ("profile", "export", "alice", "--no-photos", "--out", file)
    assert pidiff(*words).code == 0
    file.chmod(0o600)
    before = file.stat().st_mtime_ns
    ran = pidiff(*words)
    assert ran.code == 3 and "--force" in ran.err and file.stat().st_mtime_ns == before
    asked: list[str] = []
    monkeypatch.setattr(streams, "can_ask", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda text, **_: bool(asked.append(text)))
    ran = pidiff(*words)
    assert ran.code == 3 and "stays as it is" in ran.err and file.stat().st_mtime_ns == before
    monkeypatch.setattr(typer, "confirm", lambda text, **_: True)
    assert pidiff(*words).code == 0 and file.stat().st_mtime_ns != before
    assert len(asked) == 1 and "Replace it?" in asked[0]
