"""What reads them on the command line."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path


def command(root: Path, *words: str) -> str:
    """A command line in this process; AssertionError: an internal error, or a raw control sign."""
    from pidiff_cli.cli import app as program

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = program.run(["--home", str(root), *words])
    text = out.getvalue() + err.getvalue()
    if code == 1 or "went wrong" in text:
        raise AssertionError(f"{words[:2]}: {text[-300:]}")
    if any(sign in text for sign in "\x1b\x07\x9b\u202e"):
        raise AssertionError(f"{words[:2]}: a control sign was printed")
    return text


def cli_show(root: Path) -> object:
    return command(root, "profile", "show", "alice"), command(root, "--json", "profile", "list")


def cli_verify(root: Path) -> object:
    return command(root, "profile", "list"), command(root, "profile", "verify", "alice")


def cli_import(root: Path) -> object:
    return command(root, "profile", "import", str(root / "x.pidiff"), "--name", "eve", "--force")


def cli_picture(root: Path) -> object:
    return command(root, "verify", str(root / "x.png"))


def cli_recipe(root: Path) -> object:
    return command(root, "tune", "alice", "--recipe", str(root / "x.yaml"), "--dry-run")


def cli_again(root: Path) -> object:
    """Up to the drawing itself."""
    from pidiff_cli.errors import InputError
    from pidiff_cli.stages.generate import run as generate

    def drawn(*args: object, **more: object) -> object:
        raise InputError("It would be drawn now.")

    real, generate.run = generate.run, drawn
    try:
        return command(root, "again", str(root / "x.png"), "--out", str(root / "out"))
    finally:
        generate.run = real
