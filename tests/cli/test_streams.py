"""Closed and full standard streams: what was asked for is done, and the exit code says so."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pidiff_cli.cli import streams
from pidiff_cli.cli.output import Output

posix = pytest.mark.skipif(not Path("/dev/full").exists(), reason="streams of Linux")
LOST = "The results could not be written to stdout (No space left on device); what was made is kept"


def shell(command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command line of bash; PIDIFF stands for the program."""
    program = f"'{sys.executable}' -m pidiff_cli"
    return subprocess.run(
        ["bash", "-c", command.replace("PIDIFF", program)], capture_output=True,
        env={**os.environ, **more}, encoding="utf-8", timeout=60,
    )  # fmt: skip


@posix
@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        ("PIDIFF recipes list 2>&-", 0, "mini-cpu", ""),
        ("PIDIFF recipes list <&-", 0, "mini-cpu", ""),
        ("PIDIFF recipes list 2>/dev/full", 0, "mini-cpu", ""),
        ("PIDIFF recipes list >&-", 0, "", ""),
        ("PIDIFF recipes list >&- 2>&- <&-", 0, "", ""),
        ("PIDIFF recipes list >/dev/full", 3, "", LOST),
        ("PIDIFF --json recipes list >/dev/full", 3, "", LOST),
        ("PIDIFF --help >/dev/full", 3, "", LOST),
        ("PIDIFF --version >/dev/full 2>/dev/full", 3, "", ""),
        ("PIDIFF recipes show nothing 2>&-", 2, "", ""),
        ("PIDIFF recipes show nothing 2>/dev/full", 2, "", ""),
        ("PIDIFF --json recipes show nothing >/dev/full", 2, "", "There is no recipe 'nothing'."),
        ("PIDIFF recipes list 2>&1 >&- | true; exit ${PIPESTATUS[0]}", 0, "", ""),
    ],
)
def test_closed_and_full_streams(command: str, code: int, out: str, err: str) -> None:
    done = shell(command)
    assert done.returncode == code
    assert (out in done.stdout and err in done.stderr) or (out, err) == ("", "")
    assert bool(done.stderr) == bool(err) and "Traceback" not in done.stderr


@posix
def test_what_is_opened_next_does_not_take_the_place_of_stderr(tmp_path: Path) -> None:
    """What a library writes to number 2 would end in that file."""
    code = (
        "import os, sys\nfrom pidiff_cli.cli import streams\nstreams.open_all()\n"
        f"file = open({str(tmp_path / 'picture')!r}, 'wb')\n"
        "os.write(2, b'words of a library')\nsys.exit(file.fileno() > 2 and 7)"
    )
    done = subprocess.run(["bash", "-c", f"'{sys.executable}' -c \"$0\" 2>&- >&- <&-", code])
    assert done.returncode == 7
    assert (tmp_path / "picture").read_bytes() == b""


class Full(io.RawIOBase):
    """A file that takes nothing."""

    def __init__(self, number: int) -> None:
        self.number = number

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise OSError(self.number, os.strerror(self.number))


def make_stream(number: int, results: bool) -> streams.Stream:
    made = streams.Stream(io.BufferedWriter(Full(number)), encoding="utf-8", line_buffering=True)
    made.for_results = results
    return made


def test_a_stream_that_fails_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "silence", lambda stream: None)
    stream = make_stream(errno.ENOSPC, True)
    stream.write("a\n")
    stream.flush()
    assert stream.failed is not None and stream.failed.errno == errno.ENOSPC
    with pytest.raises(BrokenPipeError):
        make_stream(errno.EPIPE, True).write("a\n")
    words = make_stream(errno.EPIPE, False)
    words.write("a\n")
    assert words.failed is None


@pytest.mark.parametrize("missing", [None, make_stream(errno.EIO, False)])
def test_words_to_nobody(monkeypatch: pytest.MonkeyPatch, missing: object) -> None:
    monkeypatch.setattr(sys, "stderr", missing)
    output = Output()
    output.note("something")
    output.warn("something")
    assert not output.on_terminal


def test_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert not streams.can_ask() and streams.read_bytes().read() == b""


def test_json_is_utf8(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    name = b"Jos\xe9.png".decode("utf-8", "surrogateescape")
    Output(json=True).result((), {"path": Path(name), "prompt": "café"})
    Output(json=True).json_line({"path": name})
    out = capfdbinary.readouterr().out
    text = out.decode("utf-8")
    assert "café" in text and json.loads(text.splitlines()[-1])["path"] == name


def test_a_table_is_a_result_and_not_one_under_json(capsys: pytest.CaptureFixture[str]) -> None:
    for output in (Output(), Output(quiet=True)):
        output.table(("name", "size"), [("alice", 3)])
        captured = capsys.readouterr()
        assert captured.out == "name   size\nalice  3\n" and captured.err == ""
    Output(json=True).table(("name",), [("alice",)])
    assert capsys.readouterr() == ("", "")
