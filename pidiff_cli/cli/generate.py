"""`pidiff generate`: pictures of a profile's person."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pidiff_cli.cli.options import OutOption, option
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import InputError, UsageError

PromptArgument = Annotated[
    str, typer.Argument(metavar="PROMPT", help='"as an astronaut"; - reads a prompt a line')
]


def command(
    context: typer.Context,
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="a profile, or several: alice+bob")
    ],
    prompt: PromptArgument,
    count: Annotated[int | None, option(GenerateConfig, "count", "-n", "--count")] = None,
    seed: Annotated[int | None, option(GenerateConfig, "seed")] = None,
    out: OutOption = None,
    identity_scale: Annotated[
        float | None, option(GenerateConfig, "identity_scale", default="the recipe's")
    ] = None,
    start: Annotated[float | None, option(GenerateConfig, "start")] = None,
    guidance: Annotated[
        float | None, option(GenerateConfig, "guidance", default="the recipe's")
    ] = None,
    steps: Annotated[int | None, option(GenerateConfig, "steps", default="the recipe's")] = None,
    size: Annotated[int | None, option(GenerateConfig, "size", default="the recipe's")] = None,
    negative: Annotated[str | None, option(GenerateConfig, "negative")] = None,
    best: Annotated[int | None, option(GenerateConfig, "best")] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option("--edit", metavar="NAME=X", help="W+ edit, smile=+1.5; may be repeated"),
    ] = None,
    style_from: Annotated[
        str | None, option(GenerateConfig, "style_from", metavar="PROFILE:GROUP")
    ] = None,
) -> None:
    """Draw pictures of a person; one path a line."""
    from pidiff_cli.cli.drawing import generate_settings
    from pidiff_cli.stages import generate

    session = session_of(context)
    from_stdin = prompt == "-"
    prompts = read_prompts() if from_stdin else (prompt,)
    settings = generate_settings(
        session,
        profile,
        identity_scale=identity_scale,
        guidance=guidance,
        steps=steps,
        size=size,
    )
    settings |= {"count": count, "seed": seed, "out": out, "start": start, "negative": negative}
    settings |= {"best": best, "style_from": style_from, "edits": parse_edits(edit or ())}
    config = session.config(GenerateConfig, name=profile, prompts=prompts, **settings)
    result = generate.run(config, session.output.progress())
    if from_stdin and session.output.json:
        for text in dict.fromkeys(item.prompt for item in result.images):
            documents = [item for item in result.images if item.prompt == text]
            session.output.json_line({"images": documents})
    else:
        session.output.result([item.path for item in result.images], result)


def read_prompts() -> tuple[str, ...]:
    """One prompt a line from stdin; empty lines are passed over.

    Raises:
        InputError: stdin is not UTF-8, or holds no prompt.
    """
    prompts = []
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise InputError(
                f"Line {number} of the prompts is not UTF-8.",
                "Convert the file, for example: iconv -f latin1 -t utf-8",
            ) from error
        if text:
            prompts.append(text)
    if not prompts:
        raise InputError("No prompt came in on stdin.", "Send one a line.")
    return tuple(prompts)


def parse_edits(texts: list[str] | tuple[()]) -> tuple[tuple[str, float], ...]:
    """(name, strength) of each `name=strength`. Raises UsageError for any other form."""
    edits = []
    for text in texts:
        name, _, amount = text.partition("=")
        try:
            edits.append((name.strip(), float(amount)))
        except ValueError:
            name = ""
        if not name.strip():
            raise UsageError(f"{text!r} is no edit.", "Write it so: --edit smile=+1.5")
    return tuple(edits)
