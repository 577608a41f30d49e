"""The commands are imported when asked for; what `pidiff --help` says of them is theirs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from pidiff_cli.cli.commands import COMMANDS, CommandGroup


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_help_is_the_command_s_own(name: str) -> None:
    command: Any = CommandGroup(name="pidiff").commands[name]
    assert command.name == name
    if COMMANDS[name]:
        assert command.get_short_help_str(200) == COMMANDS[name] and not command.hidden
    else:
        assert command.hidden


def test_help_imports_no_command() -> None:
    code = (
        "import sys\nfrom pidiff_cli.cli.app import run\nassert run(['--help']) == 0\n"
        "print([m for m in sys.modules if m.startswith('pidiff_cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    names = done.stdout.splitlines()[-1]
    assert done.returncode == 0, done.stderr
    assert "commands" in names and not any(f".{name}'" in names for name in ("tune", "config"))
