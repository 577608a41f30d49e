"""Write docs/cli.md from the program's own --help. Run: python docs/make_cli_reference.py"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "cli.md"
KEPT = """\
Profiles and weights are kept in one folder, the home. It is the first of these that is given:

1. `--home DIR`, before or after the command;
2. `PIDIFF_HOME=DIR` in the environment;
3. the platform's folder for such data: on Linux `$XDG_DATA_HOME/pidiff`, or `~/.local/share/pidiff`
   where that is not set; on macOS `~/Library/Application Support/pidiff`; on Windows
   `%LOCALAPPDATA%\\pidiff`.

`pidiff doctor` shows which one it is. Without a home folder of one's own (a container's user
without `HOME`) the first or the second has to be given."""


def commands() -> list[str]:
    """The words of every command that is not hidden, "" for the program itself."""
    import typer

    from pidiff_cli.cli.app import app

    found = [""]

    def take(group: Any, path: str) -> None:
        for name, command in group.commands.items():
            if not command.hidden:
                found.append(f"{path} {name}".strip())
                if hasattr(command, "commands"):
                    take(command, found[-1])

    take(typer.main.get_command(app), "")
    return found


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
    parts = ["# Command-line reference", "", "Written by `docs/make_cli_reference.py`.", ""]
    parts += [
        "Options and arguments by groups; two command lines and more of each to begin with.",
        "",
    ]
    parts += ["## Where things are kept", "", KEPT]
    for command in commands():
        title = f"pidiff {command}".strip()
        parts += ["", f"## {title}", "", "```text", help_text(command), "```"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
