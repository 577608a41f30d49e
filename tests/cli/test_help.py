"""`--help`: groups, examples that can be typed, mini's own values, words that anybody knows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
import typer

from docs.make_cli_reference import commands, help_text, reference
from pidiff_cli.cli import app, options
from pidiff_cli.cli.examples import EXAMPLES
from pidiff_cli.cli.headings import HEADINGS, LAST
from pidiff_cli.cli.session import Session
from pidiff_cli.config import GenerateConfig, TuneConfig
from pidiff_cli.recipe import load_recipe, settings_for

ROOT: Any = typer.main.get_command(app.app)
#: Words that only those know who wrote it, or that stand for nothing a person could look up.
PRIVATE = re.compile(
    r"branch|\binvert(s|ed|ing)\b|latent|encoder\b|aligned|masked|optimizer steps|identity enters"
    r"|the recipe's|second part|Q, K|attention|W\+ space|denois",
    re.IGNORECASE,
)


def _all(group: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    yield " ".join(path), group
    for name in getattr(group, "commands", ()):
        yield from _all(group.commands[name], (*path, name))


EVERY = dict(_all())


@pytest.fixture(autouse=True)
def _of_a_page_s_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")  # as the reference sets it, and no test after these


def test_the_reference_has_every_command() -> None:
    assert [name for name in commands() if name] == [
        name for name, command in EVERY.items() if name and not command.hidden
    ]


@pytest.mark.parametrize("name", EVERY)
def test_two_examples_and_every_option_in_a_group(name: str) -> None:
    text = help_text(name)
    assert len(EXAMPLES[name]) >= 2
    for line, told in EXAMPLES[name]:
        assert f"\n  {line}\n      {told}" in text and len(line) <= 76 and len(told) <= 74
    named = [flag for flags in HEADINGS.get(name, {}).values() for flag in flags]
    context = typer.Context(EVERY[name], info_name="pidiff")
    spelled = {
        max(one.opts, key=len)
        for one in EVERY[name].get_params(context)
        if one.param_type_name == "option" and not one.hidden
    }
    if name == "":  # added for the program, not by us
        spelled |= {"--install-completion", "--show-completion"}
    assert sorted(named) == sorted(spelled - {"--help"})
    assert f"\n{LAST}:\n  -h, --help" in text and "\nOptions:" not in text


@pytest.mark.parametrize("name", [name for name in EVERY if not EVERY[name].hidden])
def test_no_private_word_and_no_word_broken(name: str) -> None:
    text = help_text(name)
    assert not PRIVATE.findall(text)
    assert not re.search(r"\w-\n", text)


def parsed(line: str) -> str:
    """The command that a line calls, after the program's parser; it makes every value, and runs
    nothing. Raises what a wrong line is answered with."""
    words = app._globals_first(shlex.split(line)[1:])
    command: Any = ROOT
    context = command.make_context("pidiff", words, obj=Session())
    while getattr(command, "commands", None) and (rest := context._protected_args + context.args):
        command = command.commands[rest[0]]
        context = command.make_context(rest[0], rest[1:], context)
    return str(context.command_path)


@pytest.mark.parametrize("line", [line for some in EXAMPLES.values() for line, _ in some])
def test_an_example_can_be_typed(line: str) -> None:
    assert parsed(line) == " ".join(["pidiff", *_path_of(line)])


def _path_of(line: str) -> list[str]:
    """The command's words in a line."""
    words = shlex.split(line)[1:]
    return words[:2] if " ".join(words[:2]) in EVERY else words[:1]


def test_what_mini_takes_is_what_its_recipe_says() -> None:
    recipe = load_recipe("mini-cpu")
    for config, section in ((TuneConfig, "tune"), (GenerateConfig, "generate")):
        values = {item.name: item.default for item in fields(config)}
        values |= settings_for(recipe, section)
        for name, value in values.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                assert float(options.mini_value(config, name)) == value, name
    assert "[1 to 100000; mini: 150]" in help_text("tune")
    assert "mini: 2.5]" in " ".join(help_text("generate").split())


def test_the_reference_says_where_things_are_kept() -> None:
    text = reference()
    for word in ("XDG_DATA_HOME", "Library/Application Support", "LOCALAPPDATA", "PIDIFF_HOME"):
        assert word in text
