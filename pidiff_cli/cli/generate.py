"""`pidiff generate`: pictures of a profile's person."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from pidiff_cli.cli import complete, options, streams
from pidiff_cli.cli.draw_table import draw_table, parse_edits
from pidiff_cli.cli.lines import whole
from pidiff_cli.cli.options import (
    NoFilterOption,
    NoMarkOption,
    OutOption,
    edit_names,
    marks,
    option,
    unfiltered,
)
from pidiff_cli.cli.reading import number, user_path
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import expanded

if TYPE_CHECKING:
    from pidiff_cli.cli.output import Output
    from pidiff_cli.stages.results import Picture, PromptNote

ProfileArgument = Annotated[str | None, options.ProfileArgument.__metadata__[0]]
PromptArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PROMPT",
        help='"as an astronaut"; @FILE holds a prompt a line; - reads them one at a time',
    ),
]


EDITS_HELP = f"change the person's looks, age=+4; may be repeated; on mini {edit_names()}"


def command(
    context: typer.Context,
    profile: ProfileArgument = None,
    prompt: PromptArgument = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=user_path,
            help="a table to draw: a row of pictures each, its columns named as these options; the "
            "column name is the profile",
        ),
    ] = None,
    count: Annotated[int | None, option(GenerateConfig, "count", "-n", "--count")] = None,
    seed: Annotated[str | None, option(GenerateConfig, "seed")] = None,
    out: OutOption = None,
    identity_scale: Annotated[
        float | None, option(GenerateConfig, "identity_scale", by_recipe=True)
    ] = None,
    start: Annotated[float | None, option(GenerateConfig, "start", by_recipe=True)] = None,
    keep_background: Annotated[float | None, option(GenerateConfig, "hold", by_recipe=True)] = None,
    hold: Annotated[
        float | None, typer.Option("--hold", hidden=True, parser=number(float, "hold"))
    ] = None,
    guidance: Annotated[float | None, option(GenerateConfig, "guidance", by_recipe=True)] = None,
    prompt_pull: Annotated[
        float | None, option(GenerateConfig, "prompt_pull", by_recipe=True)
    ] = None,
    steps: Annotated[int | None, option(GenerateConfig, "steps", by_recipe=True)] = None,
    size: Annotated[int | None, option(GenerateConfig, "size", by_recipe=True)] = None,
    noun: Annotated[str | None, option(GenerateConfig, "noun", metavar="NOUN")] = None,
    negative: Annotated[str | None, option(GenerateConfig, "negative")] = None,
    scheduler: Annotated[
        str | None, option(GenerateConfig, "scheduler", metavar="NAME", default="the base's own")
    ] = None,
    best: Annotated[int | None, option(GenerateConfig, "best", metavar="K")] = None,
    min_likeness: Annotated[float | None, option(GenerateConfig, "min_likeness")] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option("--edit", metavar="NAME=X", help=EDITS_HELP, autocompletion=complete.edits),
    ] = None,
    checkpoint: Annotated[
        int | None, option(GenerateConfig, "checkpoint", default="the one that it draws by")
    ] = None,
    style_from: Annotated[
        str | None, option(GenerateConfig, "style_from", metavar="PROFILE:GROUP")
    ] = None,
    literal: Annotated[bool, option(GenerateConfig, "literal", "--literal")] = False,
    gallery: Annotated[
        bool, typer.Option("--gallery", help="write the page gallery.html beside the pictures")
    ] = False,
    no_mark: NoMarkOption = False,
    no_filter: NoFilterOption = False,
) -> None:
    """Draw pictures of a person; one path a line.

    --csv FILE draws a table: columns are options (name, prompt, n, seed, edit and others), a row
    each; it is checked whole before anything is loaded.

    --best K keeps the K most alike of -n (of 4 K, when -n is left out), --min-likeness X those
    that reach X; why the others fell is told on stderr.
    """
    from pidiff_cli import api

    session = session_of(context)
    if csv is not None:
        given = {
            "prompt": prompt, "name": profile, "count": count, "seed": seed, "out": out,
            "identity_scale": identity_scale, "start": start, "guidance": guidance,
            "keep_background": hold if keep_background is None else keep_background,
            "prompt_pull": prompt_pull, "steps": steps, "size": size, "noun": noun,
            "negative": negative, "scheduler": scheduler, "best": best,
            "min_likeness": min_likeness, "edit": edit, "checkpoint": checkpoint,
            "style_from": style_from,
            "literal": literal or None, "mark": marks(no_mark),
            "nudity_filter": unfiltered(no_filter),
        }  # fmt: skip
        draw_table(session, csv, given, gallery)
        return
    profile, prompt = both_given(profile, prompt)
    from_stdin = prompt == "-"
    coming = read_prompts(streams.read_bytes()) if from_stdin else iter(given_prompts(prompt))
    first = next(coming)  # nothing is loaded for an empty stdin
    edits = parse_edits(edit or ())
    output = session.output
    stream = Stream(output, one_a_prompt=from_stdin)
    result = api.generate(
        profile, chain((first,), coming) if from_stdin else (first, *coming),
        best=best, count=count, gallery=gallery, on_picture=stream.take, on_prompt=stream.close,
        on_written=stream.written, on_notes=stream.note, identity_scale=identity_scale,
        guidance=guidance, prompt_pull=prompt_pull, steps=steps, size=size, scheduler=scheduler,
        start=start, negative=negative, noun=noun,
        hold=hold if keep_background is None else keep_background, seed=seed, out=out,
        min_likeness=min_likeness, checkpoint=checkpoint, style_from=style_from, edits=edits,
        literal=literal,
        mark=marks(no_mark), nudity_filter=unfiltered(no_filter), **session.where(),
    )  # fmt: skip
    if result.gallery:
        output.note(f"Look at them: {whole(result.gallery)}")
    if output.json and not from_stdin:
        output.result((), result)


def both_given(profile: str | None, prompt: str | None) -> tuple[str, str]:
    """The two arguments. Raises UsageError where one is missing."""
    for value, name in ((profile, "PROFILE"), (prompt, "PROMPT")):
        if value is None:
            raise UsageError(
                f"Missing argument '{name}'.", 'See: pidiff generate --help; or: NAME "as a chef"'
            )
    return str(profile), str(prompt)


class Stream:
    """Prints pictures as soon as they are there, so that a pipe can go on with them.

    Lines: one path a picture. Under --json with prompts from stdin: one document a prompt; with
    one prompt on the command line nothing, its document comes when all is done.
    """

    def __init__(self, output: Output, one_a_prompt: bool) -> None:
        self._output = output
        self._one_a_prompt = one_a_prompt
        self._waiting: list[Picture] = []
        self._notes: list[PromptNote] = []

    def note(self, notes: tuple[PromptNote, ...]) -> None:
        """What was told of the prompt whose pictures come next."""
        self._notes += notes

    def take(self, picture: Picture) -> None:
        """One more picture is written, its likeness known."""
        if self._output.json and self._one_a_prompt:
            self._waiting.append(picture)

    def written(self, path: Path) -> None:
        """One more picture is written."""
        if not self._output.json:
            self._output.result([path], {})

    def close(self) -> None:
        """The pictures of a prompt are all there: print what is waiting."""
        if self._waiting:
            self._output.json_line({"images": self._waiting, "notes": self._notes})
        self._waiting, self._notes = [], []


def given_prompts(prompt: str) -> tuple[str, ...]:
    """The prompts of the command line: one, or those of ``@FILE``.

    Raises:
        InputError: the file cannot be read, is not UTF-8, or holds no prompt.
    """
    if not prompt.startswith("@"):
        return (prompt,)
    if not prompt[1:]:
        raise UsageError("@ is followed by no file.", "Give a text file, @prompts.txt")
    try:
        with expanded(prompt[1:]).open("rb") as file:
            return tuple(read_prompts(file, prompt[1:]))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"Cannot read the prompts in {prompt[1:]}: {reason}.",
            "Give a text file, @prompts.txt",
        ) from error


def read_prompts(source: BinaryIO, name: str = "stdin") -> Iterator[str]:
    """One prompt a line, as they come; empty lines are passed over.

    Raises:
        InputError: a line is not UTF-8, or there is no prompt.
    """
    found = False
    for count, line in enumerate(iter(source.readline, b""), start=1):
        try:
            text = line.decode("utf-8-sig" if count == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise InputError(
                f"Line {count} of the prompts is not UTF-8.",
                "Convert the file, for example: iconv -f latin1 -t utf-8",
            ) from error
        if text:
            found = True
            yield text
    if not found:
        verb = "came in on" if name == "stdin" else "is in"
        raise InputError(f"No prompt {verb} {name}.", "Send one a line.")
