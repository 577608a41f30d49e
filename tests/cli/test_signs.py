"""Signs that move a cursor, colour, hide or turn letters never reach the terminal as they are."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pidiff_cli.cli import bars
from pidiff_cli.cli.failures import Failure
from pidiff_cli.cli.output import Output
from pidiff_cli.stages.pages.render import render
from pidiff_cli.values import visible

EVIL = "a\x1b[2J\x1b]8;;http://e\x07b\x9b31m\u202ec\nd\re\x7f\u2066"
RAW = "\x1b\x07\x9b\u202e\r\x7f\u2066"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> tuple[Terminal, Terminal]:
    """stdout and stderr of a terminal without colours."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    return out, err


def test_they_are_shown_as_escapes() -> None:
    assert visible(EVIL) == (r"a\x1b[2J\x1b]8;;http://e\x07b\x9b31m\u202ec\nd\re\x7f\u2066")
    assert visible("\udc9b") == r"\x9b"
    assert visible("naïve 日本 👩\u200d🚀 – “x”") == "naïve 日本 👩\u200d🚀 – “x”"
    assert visible("a\n\tb\x1b", lines=True) == "a\n\tb\\x1b"


def test_every_way_to_print(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    output = Output(verbose=True)
    output.note(EVIL)
    output.warn(f"[red]:fire:{EVIL}[/red]")
    output.tell(EVIL, bold=True)
    output.table(("a", EVIL), [(EVIL, "b")])
    output.result([EVIL], {})
    output.failure(Failure(EVIL, EVIL, 3, ValueError(EVIL)))
    said = screen[0].getvalue() + screen[1].getvalue()
    assert not set(said) & set(RAW) and r"\x1b[2J" in said
    assert "[red]:fire:" in said and "[/red]" in said  # no markup and no emoji


def test_progress_too() -> None:
    file = io.StringIO()
    shown = bars.Bars(Console(file=file, force_terminal=True, width=100, color_system=None))
    shown.start("tune", 1)
    shown.line(EVIL)
    shown.warn(EVIL)
    shown.finish("tune", EVIL.replace("\n", " "))
    assert not set(file.getvalue()) & (set(RAW) - {"\x1b", "\r"})
    assert "\x1b[2J" not in file.getvalue() and "\x1b]8" not in file.getvalue()


def test_json_holds_them_escaped_and_a_pipe_gets_a_name_as_it_is(
    capfd: pytest.CaptureFixture[str],
) -> None:
    Output(json=True).result([], {"a": EVIL})
    text = capfd.readouterr().out
    assert not set(text) & set(RAW) and json.loads(text) == {"a": EVIL}
    Output().result([Path("a\x1b[31m.png")], {})
    assert capfd.readouterr().out == "a\x1b[31m.png\n"


def test_a_recipe_s_and_a_file_s_words(pidiff, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.yaml"
    path.write_text(f'name: "x"\nbase: "{"b" * 10}\\x1b[31m"\n"k\\x1b[31m": 1\n')
    ran = pidiff("tune", tmp_path, "--name", "alice", "--recipe", path)
    assert ran.code == 3 and "\x1b" not in ran.out + ran.err and r"\x1b[31m" in ran.err


def test_pages() -> None:
    nothing: dict[str, list[int]] = {"pictures": []}
    page = render("gallery.html", data=nothing, title=f"<b>{EVIL}", told="", left=[])
    assert not set(page) & set("\x1b\x07\x9b\u202e\u2066") and "&lt;b&gt;a" in page
