"""The server's own socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.places import ROOT


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`pidiff ui` in a process of its own, and its address."""
    words = ["--home", str(tmp_path), "ui", "--no-browser", "--out", str(tmp_path / "pics")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = subprocess.Popen(
        [sys.executable, "-m", "pidiff_cli", *words], cwd=ROOT, env=environ, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert started.stdout is not None
    yield started, started.stdout.readline().strip()
    started.kill()
    started.wait()


def test_it_listens_on_the_loopback_address_only_and_ends_on_ctrl_c(
    running: tuple[subprocess.Popen[str], str],
):
    process, address = running
    assert address.startswith("http://127.0.0.1:") and "/?token=" in address
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert b"pidiff" in answer.read()
    found = psutil.Process(process.pid).net_connections("inet")
    assert found and {one.laddr.ip for one in found} == {"127.0.0.1"}
    assert {one.raddr.ip for one in found if one.raddr} <= {"127.0.0.1"}
    port = int(address.split(":")[2].split("/")[0])
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in (0, 130)
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        pass


def test_a_taken_port_is_a_sentence(tmp_path: Path):
    from pidiff_cli.errors import InputError
    from pidiff_cli.ui.server import serve

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}"):
            serve(tmp_path, tmp_path / "pics", "cpu", port, False, lambda address: None)
