"""A bank of sixteen drawings with its caches, in the present folder, for the trainers' tests."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mini.train import common
from mini.world import bank

PICTURES = 16


def main_of(name: str) -> Any:
    """The main of a module of mini.train."""
    return importlib.import_module(f"mini.train.{name}").main


@contextmanager
def working_in(folder: Path) -> Iterator[Path]:
    """The trainers' own folders lie under the present one."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)


def make_bank() -> None:
    """Draw it, with a copy of the package's weights in `weights`."""
    shutil.copytree(common.WEIGHTS, "weights")
    shutil.copytree("weights/judge", ".mini/features")
    list(bank.make(common.BANK, bank.Plan(PICTURES), workers=1))
    assert main_of("data.aligned")([])
    assert main_of("autoencoder.latents")(["--weights", "weights"])
    assert main_of("wplus.codes")(["--weights", "weights"])
