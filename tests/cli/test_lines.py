"""A terminal of 80 or 120 columns: no word broken, one time left, pictures counted as pictures."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pidiff_cli.cli.bars import Bars
from pidiff_cli.cli.lines import broken, plain, whole
from pidiff_cli.cli.output import Output
from pidiff_cli.cli.progress import PlainProgress, time_left
from tests.support.opened import run_tune, short_tuning
from tests.support.tiny_person import install, make_profile

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SENTENCE = (
    "         likeness 0.89 on the held-out photo (your own photos agree at 0.92): as alike as "
    "your photos are to one another · step 150 kept"
)
FOLDER = "/home/somebody/a folder with spaces in it/profiles/alice/reports/previews.png"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_are_broken_between_words(width: int) -> None:
    lines = broken(SENTENCE, width)
    assert all(len(line) <= width for line in lines) and len(lines) > 1
    assert " ".join(" ".join(lines).split()) == " ".join(SENTENCE.split())
    assert all(re.match(r" {9}\S", line) for line in lines)


def test_a_path_is_never_broken_and_copies_whole() -> None:
    lines = broken(f"Report: {whole(FOLDER)}", 40)
    assert lines == ["Report:", FOLDER] and plain(whole(FOLDER)) == FOLDER
    assert broken("short", 80) == ["short"]
    assert broken("one\ntwo", 80) == ["one", "two"]


def test_columns_stay_columns() -> None:
    first, second = broken("base       mini ready · commercial use: yes, with nothing to pay", 50)
    assert first.startswith("base       mini") and second == " " * 11 + "nothing to pay"
    wide = broken("日本語 " * 20, 40)  # two columns a letter
    assert all(len(line) <= 20 for line in wide)


def terminal(width: int) -> tuple[Bars, io.StringIO]:
    file = io.StringIO()
    return Bars(Console(file=file, force_terminal=True, width=width, color_system=None)), file


def emitted(file: io.StringIO) -> list[str]:
    """Every line that was ever on the screen, a bar once for each time it was drawn."""
    return [line.rstrip() for line in re.split(r"[\r\n]+", CONTROL.sub("", file.getvalue()))]


@pytest.mark.parametrize("width", [80, 120])
def test_a_tuning_on_a_terminal(
    width: int, tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, disc_base)
    monkeypatch.setattr("pidiff_cli.cli.bars.SHOW_AFTER", 0.0)
    home = tmp_path / "a home with spaces"
    make_profile(home)
    shown, file = terminal(width)
    result = run_tune(short_tuning(home, preview_every=3), shown)
    shown.close()
    lines = emitted(file)
    path = str(result.profile / "reports" / "previews.png")
    assert [line.strip() for line in lines if path in line] == [
        path if len(path) + 32 > width else f"Pictures as it learns: {path}"
    ]
    assert all(len(line) <= width or line.strip() == path for line in lines)
    bars = [line for line in lines if "━" in line]
    steps = [line for line in bars if "steps" in line]
    assert any(re.search(r"\d/6 steps loss [\d.]+ \d+:\d\d left$", line) for line in steps)
    report = [line for line in bars if line.startswith("report")]
    assert all(re.search(r"\d/4 pictures(?: +\d+:\d\d left)?$", line) for line in report)
    assert any(line.endswith("left") for line in report)
    assert "left" not in steps[-1] and "6/6 steps" in steps[-1]  # what stays on the screen
    (told,) = [line for line in lines if re.search(r"6 steps · loss", line)]
    assert len(re.findall(r"\d s\b", told)) == 1  # how long it took, once


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_a_bar_fits_the_screen(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pidiff_cli.cli.bars.SHOW_AFTER", 0.0)
    shown, file = terminal(width)
    shown.start("tune", 100_000)
    shown.remaining(36_000)
    for _ in range(3):
        shown.advance("tune", 10_000, loss=0.0613)
    shown.close()
    assert all(len(line) <= width for line in emitted(file))
    if width >= 80:
        assert any(
            "30000/100000 steps" in line and "10:00:00 left" in line for line in emitted(file)
        )


def test_pictures_are_counted_by_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pidiff_cli.cli.bars.SHOW_AFTER", 0.0)
    shown, file = terminal(80)
    shown.start("generate", 3)
    for _ in range(14 * 3):
        shown.advance("generate", 1 / 14)
    shown.finish("generate", "3 pictures")
    lines = emitted(file)
    assert any(" 0/3 pictures" in line for line in lines)
    assert any(" 3/3 pictures" in line for line in lines) and not any(
        "42" in line for line in lines
    )


def test_a_time_that_was_told_is_of_that_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`demo` runs several commands on one screen."""
    monkeypatch.setattr("pidiff_cli.cli.bars.SHOW_AFTER", 0.0)
    shown, file = terminal(80)
    shown.start("report", 2)
    shown.remaining(3600)
    shown.advance("report", 1)
    shown.finish("report", "")
    shown.start("generate", 4)
    shown.advance("generate", 1)
    shown.close()
    lines = emitted(file)
    assert any("report" in line and "1:00:00 left" in line for line in lines)
    assert not any("generate" in line and "1:00:00" in line for line in lines)


def test_work_that_begins_anew_counts_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pidiff_cli.cli.bars.SHOW_AFTER", 0.0)
    shown, file = terminal(80)
    for _ in range(2):
        shown.start("prepare", 4)
        shown.advance("prepare", 3)
    shown.advance("prepare", 1)
    shown.close()
    last = [line for line in emitted(file) if "photos" in line][-1]
    assert "4/4 photos" in last and not any("7/4" in line for line in emitted(file))


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    output = Output()
    progress = output.progress()
    assert isinstance(progress, PlainProgress)
    progress.start("report", 10)
    monkeypatch.setattr("pidiff_cli.cli.progress.PLAIN_EVERY", 0.0)
    progress.remaining(65.2)
    progress.advance("report", 4.5)
    progress.preview(Path(FOLDER))
    progress.preview(Path(FOLDER))
    output.note(SENTENCE.strip())
    lines = stream.getvalue().splitlines()
    assert lines[0] == "report   4/10 pictures  about 1:05 left"
    assert [line.strip() for line in lines[1:3]] == ["Pictures as it learns:", FOLDER]
    assert all(len(line) <= 80 for line in lines) and "\x1b" not in stream.getvalue()


def test_a_file_gets_whole_lines(capsys: Any) -> None:
    output = Output()
    output.note(SENTENCE.strip())
    output.note(f"Report: {whole(FOLDER)}")
    assert capsys.readouterr().err.splitlines() == [SENTENCE.strip(), f"Report: {FOLDER}"]


def test_times() -> None:
    assert [time_left(s) for s in (-3, 9.6, 725, 3725)] == ["0:00", "0:10", "12:05", "1:02:05"]
