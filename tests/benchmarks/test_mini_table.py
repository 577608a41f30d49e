"""The table of figures prints whatever has been measured so far."""

from __future__ import annotations

import pytest

from benchmarks.machine import machine
from benchmarks.quality import mini_table as table


def test_nothing_measured_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    table.print_table({})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(table.ROWS) + 2
    assert all("not measured" in line for line in lines[2:])


def test_what_is_measured_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    drop = {"plain_right_of_32": 0.9, "after_right_of_32": 0.88}
    table.print_table({"help": {"seconds": 0.21}, "tune": drop})
    out = capsys.readouterr().out
    assert "| pidiff --help | <= 0.3 s | 0.21 s |" in out
    assert "+0.020 (0.900 -> 0.880)" in out


def test_machine_names_the_cores() -> None:
    found = machine()
    assert found["cores"] >= 1 and found["date"].endswith("+00:00")
