"""How `--help` looks: options in groups under headings, examples at the end. Plain text: rich's
panels would cost more than all the rest of it."""

from __future__ import annotations

import re
from typing import Any

from typer import Context
from typer.core import TyperCommand, TyperGroup

GLOBAL = "With every command: --home, --device, --json, -q, -v, --offline (see pidiff -h)"
_HYPHEN, _INSIDE = "\x1f", re.compile(r"(?<=\S)-(?=\S)|(?<=-)-|(?<![^\s\[(])-(?=[-\w])")
_Formatter: Any = Context.formatter_class


class Formatter(_Formatter):
    """Breaks no word at its hyphen."""

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(_INSIDE.sub(_HYPHEN, text))

    def write_dl(self, rows: Any, *given: Any, **more: Any) -> None:
        """Names and what is said of them."""
        kept = [(_INSIDE.sub(_HYPHEN, name), _INSIDE.sub(_HYPHEN, told)) for name, told in rows]
        super().write_dl(kept, *given, **more)

    def getvalue(self) -> str:
        """All of it."""
        return str(super().getvalue()).replace(_HYPHEN, "-")


class HelpContext(Context):
    """Of every command."""

    formatter_class = Formatter


class HelpCommand(TyperCommand):
    """A command whose help has groups and examples."""

    context_class = HelpContext

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then the options by their headings."""
        write_options(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The examples."""
        formatter.write_paragraph()
        formatter.write_text(GLOBAL)
        write_examples(ctx, formatter)


class HelpGroup(TyperGroup):
    """The same of commands with commands of their own."""

    context_class = HelpContext

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Options by their headings, then the commands."""
        write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The examples."""
        write_examples(ctx, formatter)


def path_of(ctx: Any) -> str:
    """ "profile export" of `pidiff profile export`; "" of `pidiff`."""
    return " ".join(ctx.command_path.split()[1:])


def write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """Arguments and the groups of options that `headings` names; the others under the last."""
    from pidiff_cli.cli.headings import HEADINGS, LAST

    arguments, options = [], {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            name, told = record
            arguments.append((name.split(" <")[0], told))
        else:
            options[max(parameter.opts, key=len)] = record
    groups = [("Arguments", arguments)]
    for heading, names in HEADINGS.get(path_of(ctx), {}).items():
        groups.append((heading, [options.pop(name) for name in names if name in options]))
    groups.append((LAST, [*options.values()]))
    for heading, rows in groups:
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)


def write_examples(ctx: Any, formatter: Any) -> None:
    """Command lines to type, each with what it does."""
    from pidiff_cli.cli.examples import EXAMPLES

    examples = EXAMPLES.get(path_of(ctx), ())
    if not examples:
        return
    with formatter.section("Examples"):
        for line, told in examples:
            indent = " " * formatter.current_indent
            formatter.write(f"{indent}{line}\n{indent}    {told}\n")
