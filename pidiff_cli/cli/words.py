"""`pidiff words`: what the embedded base can draw, and what it would make of a prompt."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pidiff_cli.cli.session import session_of


def command(
    context: typer.Context,
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROMPT]", help='say what is drawn of this one: "as a viking, smiling"'
        ),
    ] = None,
) -> None:
    """What mini can draw, in words; or what it would make of a prompt."""
    from pidiff_cli.stages import words as stage

    output = session_of(context).output
    if prompt is None:
        result = stage.known_words()
        output.result(_listed(result), result)
        return
    reading = stage.read(prompt)
    lines = [f"draws    {', '.join(reading.drawn) or 'a person, nothing else of it'}"]
    lines += [f"edits    {' '.join(reading.edits)}"] * bool(reading.edits)
    lines += [f"not      {text}" for text in (*reading.unknown, *reading.notes)]
    output.result(lines, reading)


def _listed(known: Any) -> list[str]:
    """Kinds with their phrases below, then looks and edits."""
    lines = [known.about]
    for name, phrases in known.groups.items():
        lines += ["", name.upper(), *_wrapped(", ".join(phrases))]
    lines += ["", "LOOKS, drawn by edits of the person (needs no more than the words)"]
    lines += _wrapped(", ".join(known.looks))
    lines += ["", "EDITS, --edit NAME=X, X about -5 to 5"]
    width = max(len(name) for name in known.edits)
    lines += [f"  {name.ljust(width)}  {does}" for name, does in known.edits.items()]
    lines += ["", 'Together: pidiff generate alice "as a chef in a garden, smiling, oil painting"']
    return lines


def _wrapped(text: str) -> list[str]:
    """Lines of phrases, none of them broken."""
    import textwrap

    whole = text.replace(" ", "\0").replace(",\0", ", ")
    lines = textwrap.wrap(whole, 76, initial_indent="  ", subsequent_indent="  ")
    return [line.replace("\0", " ") for line in lines]
