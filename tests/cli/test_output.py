"""How progress looks: bars on a terminal, sparse lines in a pipe, nothing of it on stdout."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from pidiff_cli.cli import bars, progress
from pidiff_cli.cli.failures import explain
from pidiff_cli.cli.output import Output
from pidiff_cli.cli.progress import format_info, labelled
from pidiff_cli.errors import PidiffError


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = SimpleNamespace(time=0.0)
    for module in (bars, progress):
        monkeypatch.setattr(module.time, "monotonic", lambda: now.time)
    return now


@pytest.fixture
def screen():
    """Bars on a terminal of 100 columns, and what they have written."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100, color_system=None)
    return bars.Bars(console), file


def test_the_summary_is_labelled_and_indented(screen):
    shown, file = screen
    shown.start("prepare", 2)
    shown.advance("prepare", 2)
    shown.finish("prepare", "2 photos → 1 kept\nsecond line")
    shown.line("two.jpg  too blurred")
    lines = [line.rstrip() for line in file.getvalue().splitlines() if line.strip()]
    assert lines[-3:] == [
        "prepare  2 photos → 1 kept",
        "         second line",
        "         two.jpg  too blurred",
    ]


def test_quick_work_without_a_summary_says_nothing(screen):
    shown, file = screen
    shown.start("look", 3)
    shown.advance("look", 3)
    shown.finish("look", "")
    assert file.getvalue() == ""


def test_a_line_in_mid_work_carries_the_label_once(screen):
    shown, file = screen
    shown.start("tune", 10)
    shown.line("mini-cpu · 10 steps")
    shown.line("and more")
    shown.finish("tune", "done")
    text = file.getvalue()
    assert "tune     mini-cpu · 10 steps" in text
    assert "\n         and more" in text
    assert "\n         done" in text


def test_results_reach_stdout_while_a_bar_is_shown(screen, capsys):
    shown, file = screen
    shown.wait()
    shown.start("generate", None)
    print("pics/1.png")
    shown.close()
    assert capsys.readouterr().out == "pics/1.png\n"
    assert "pics/1.png" not in file.getvalue()


def test_markup_in_file_names_is_text(screen):
    shown, file = screen
    shown.line("[bold]odd[/bold].jpg")
    assert "[bold]odd[/bold].jpg" in file.getvalue()


def test_sparse_lines_in_a_pipe(capsys, clock):
    progress = Output().progress()
    progress.start("tune", 100)
    for step in range(100):
        clock.time = step * 0.5
        progress.advance("tune", 1, loss=0.0612)
    progress.finish("tune", "100 steps")
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert 4 <= len(lines) <= 6
    assert lines[0] == "tune     21/100 steps  loss 0.0612  about 0:38 left"
    assert lines[-1] == "tune     100 steps"


def test_no_colour_where_none_is_wanted(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert Output().console.no_color


def test_numbers_that_json_does_not_know(capsys):
    Output(json=True).result((), {"a": float("nan"), "b": (1, 2)})
    assert '"a": null' in capsys.readouterr().out


def test_a_file_name_that_is_no_text(capfdbinary):
    Output().result([b"caf\xe9.png".decode("utf-8", "surrogateescape")], {})
    assert capfdbinary.readouterr().out == b"caf\xe9.png\n"


def test_helpers():
    assert labelled("tune", "a\nb") == "tune     a\n         b"
    assert format_info({"loss": 0.06123, "step": 4}) == "loss 0.0612  step 4"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PidiffError("x", exit_code=4), 4),
        (MemoryError(), 5),
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device", "a.png"), 3),
        (RuntimeError("x\ny"), 1),
    ],
)
def test_the_error_table(error, code):
    failure = explain(error)
    assert failure.exit_code == code
    assert "\n" not in failure.message
