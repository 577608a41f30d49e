"""The commands by name, each file imported when its command is asked for.

`pidiff --help` prints the lines of this table and imports none of them; a test compares it with
the docstrings.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer

from pidiff_cli.cli.help import HelpCommand, HelpGroup

#: Name → what `pidiff --help` says of it; "" hides it. The file has its name but for FILES.
COMMANDS = {
    "prepare": "Find and align the faces in photos.",
    "invert": "Read the faces of a profile into numbers (W+ codes) that edits and mixes change.",
    "tune": "Learn one person from photos.",
    "tune-many": "Learn many people, each from photos of their own.",
    "generate": "Draw pictures of a person; one path a line.",
    "words": "What mini can draw, in words; or what it would make of a prompt.",
    "stylemix": "Mix the coarse, medium and fine layers of two people.",
    "evaluate": "Measure a profile, or pictures that any program made: likeness, copying, text.",
    "again": "Draw a picture again from its own record.",
    "verify": "Tell whether pictures say that a model drew them, and if they were changed.",
    "gallery": "Write one HTML page that shows pictures with their records.",
    "ui": "Open a page on this machine to learn, draw and mix people.",
    "profile": "See and keep profiles.",
    "keys": "See and change the key that signs pictures.",
    "models": "See, fetch and check weights.",
    "recipes": "Settings that go together.",
    "doctor": "Tell what this machine can do, what is missing, and what is next.",
    "demo": "Run the whole job on pictures that come along.",
    "pretrain": "",
}
FILES = {"profile": "profiles", "tune-many": "tune_many"}


class _Loaded(MutableMapping[str, Any]):
    """Commands that are made when somebody asks for one."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            if name not in COMMANDS:
                raise KeyError(name)
            self._made[name] = _load(name)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandGroup(HelpGroup):
    """The program's commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loaded()

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list under `pidiff --help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, told in COMMANDS.items() if told])


def _load(name: str) -> Any:
    """The command, or the group of commands, of one file."""
    module = import_module(f"pidiff_cli.cli.{FILES.get(name, name)}")
    if hasattr(module, "app"):
        module.app.info.cls = HelpGroup
        for one in module.app.registered_commands:
            one.cls = HelpCommand
        group = typer.main.get_group(module.app)
        group.name = name
        return group
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command(name, cls=HelpCommand, hidden=not COMMANDS[name])(module.command)
    return typer.main.get_command(alone)
