"""Write docs/cli.md from the program's own --help. Run: python docs/make_cli_reference.py"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

TARGET = Path(__file__).parent / "cli.md"
COMMANDS = (
    "",
    "prepare",
    "invert",
    "tune",
    "generate",
    "words",
    "stylemix",
    "evaluate",
    "again",
    "verify",
    "profile",
    "profile list",
    "profile show",
    "profile consent",
    "profile verify",
    "profile export",
    "profile import",
    "profile forget",
    "keys",
    "keys show",
    "keys new",
    "keys use",
    "models",
    "models list",
    "models verify",
    "models pull",
    "recipes",
    "recipes list",
    "recipes show",
    "doctor",
    "demo",
)


def help_text(command: str) -> str:
    """What `pidiff COMMAND --help` prints."""
    from pidiff_cli.cli.app import run

    os.environ["COLUMNS"] = "90"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        run([*command.split(), "--help"])
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def reference() -> str:
    """The whole page."""
    parts = ["# Command-line reference", "", "Written by `docs/make_cli_reference.py`."]
    for command in COMMANDS:
        title = f"pidiff {command}".strip()
        parts += ["", f"## {title}", "", "```text", help_text(command), "```"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
