"""`pidiff evaluate`: how alike, how true to the prompt, and what the identity costs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.failures import GATE
from pidiff_cli.cli.options import option
from pidiff_cli.cli.output import Output
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import Session, session_of
from pidiff_cli.config import EvaluateConfig
from pidiff_cli.errors import UsageError
from pidiff_cli.files import expanded
from pidiff_cli.stages.judge.gates import parse_gates

WIDTH = 79  # columns of a sentence
_PHOTOS = "of several people: NAME=DIR, repeated"


def command(
    context: typer.Context,
    profiles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROFILE]", show_default=False,
            help="a profile's name, or the path of its folder; with --compare several of them, or "
            "folders of pictures",
            autocompletion=complete.profiles,
        ),
    ] = None,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(
            "--pictures", metavar="DIR", help="judge these instead, whoever made them",
            parser=user_path,
        ),
    ] = None,
    photos: Annotated[
        list[str] | None,
        typer.Option("--photos", metavar="DIR", help=f"what they were learnt from; {_PHOTOS}"),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(
            "--held-out", metavar="DIR", help=f"other photos of the person; {_PHOTOS}"
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="folders or profiles beside each other")
    ] = False,
    by_step: Annotated[
        bool, typer.Option("--by-step", help="compare the steps in a trainer's file names")
    ] = False,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            "--gate", metavar="EXPR",
            help='such as "likeness>=0.45"; a missed one ends with exit code 6; may be repeated',
        ),
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt", metavar="PROMPT",
            help="what to draw; may be repeated [default: six]; with --pictures the prompt of "
            "those that tell none",
        ),
    ] = None,
    count: Annotated[int | None, option(EvaluateConfig, "count", "-n", "--count")] = None,
    seed: Annotated[int | None, option(EvaluateConfig, "seed")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="folder for the report [default: evaluation]",
            parser=user_path,
        ),
    ] = None,
    identity_scale: Annotated[
        float | None, option(EvaluateConfig, "identity_scale", by_recipe=True)
    ] = None,
    steps: Annotated[int | None, option(EvaluateConfig, "steps", by_recipe=True)] = None,
) -> None:  # fmt: skip
    """Measure a profile, or pictures that any program made: likeness, copying, text.

    Of a profile every prompt is drawn with the identity and without, at the same seeds. With
    --pictures FOLDER --photos LEARNT nothing is drawn and no profile is needed. The report is one
    HTML file; the table is on stdout before its path, and as JSON beside the report.
    """
    session, given = session_of(context), profiles or []
    parse_gates(gate or ())
    if pictures or compare or by_step:
        drawing = {"--identity-scale": identity_scale, "--steps": steps}
        _refuse(drawing, "says how a profile is drawn: it does not go with --pictures or --compare")
        if prompt and len(prompt) > 1:
            raise UsageError("Pictures that are there have one --prompt for those that tell none.")
        sets, profile = _sets(given, pictures or [], compare)
        _judge(
            session, sets, profile=profile, photos=named(photos), held_out=named(held_out),
            gates=gate or (), by_step=by_step, prompt=prompt[0] if prompt else None, out=out,
            count=count, seed=seed,
        )  # fmt: skip
        return
    _refuse({"--photos": photos, "--held-out": held_out}, "needs --pictures or --compare")
    if len(given) != 1:
        hint = f"Beside each other: pidiff evaluate --compare {' '.join(given)}"
        alone = "Name a profile, or pictures: --pictures FOLDER --photos LEARNT"
        raise UsageError("One profile is measured at a time." if given else "What is to be "
                         "measured is missing.", hint if given else alone)  # fmt: skip
    _measure(
        session, given[0], prompt or (), gates=gate or (), count=count, seed=seed, out=out,
        identity_scale=identity_scale, steps=steps,
    )  # fmt: skip


def _measure(session: Session, profile: str, prompts: Iterable[str], **settings: Any) -> None:
    """A profile by itself."""
    from pidiff_cli import api

    result = api.evaluate(profile, prompts, **settings, **session.where())
    from pidiff_cli.stages.report.page import table_rows

    session.output.close()
    session.output.table(("measure", "value", "beside"), table_rows(result.measures))
    session.output.result([result.report], result)
    _end(session.output, result.gates)


def _judge(session: Session, sets: list[str | Path], **settings: Any) -> None:
    """Pictures that are there, or several profiles."""
    from pidiff_cli import api

    result = api.judge_pictures(sets, **settings, **session.where())
    from pidiff_cli.stages.judge.table import people_rows, rows_of_one, rows_of_several

    output = session.output
    output.close()
    one = len(result.sets) == 1
    output.table(*(rows_of_one(result.sets[0]) if one else rows_of_several(result.sets)))
    if len(result.people) > 1 and any(len(told["people"]) > 1 for told in result.sets):
        output.table(*people_rows(result.sets))
    for number, sentence in enumerate(result.verdict):
        for line in wrap(sentence, WIDTH, break_on_hyphens=False):
            output.note(line, "" if number else "bold")
    output.result([result.report], result)
    _end(output, result.gates)


def _end(output: Output, gates: Iterable[dict[str, Any]]) -> None:
    """Say how the gates went; exit code 6 for a missed one."""
    missed = False
    for gone in gates:
        missed = missed or not gone["passed"]
        if gone["passed"]:
            output.note(gone["told"])
        else:
            output.say(gone["told"], "red")
    if missed:
        raise typer.Exit(GATE)


def _sets(
    given: list[str], pictures: list[Path], compare: bool
) -> tuple[list[str | Path], str | None]:
    """What is judged, and the profile whose photos it is judged against."""
    if compare:
        sets: list[str | Path] = [*given, *pictures]
        if len(sets) < 2:
            raise UsageError(
                "It takes two to compare.", "pidiff evaluate --compare A B --photos DIR"
            )
        return sets, None
    if len(given) > 1:
        raise UsageError("Several: --compare.", f"pidiff evaluate --compare {' '.join(given)}")
    if not pictures:
        raise UsageError("--by-step needs --pictures.", "--pictures FOLDER --photos LEARNT")
    return [*pictures], given[0] if given else None


def named(given: list[str] | None) -> dict[str, list[Path]]:
    """`NAME=DIR` by name, and `DIR` without one. Raises UsageError: several, some without."""
    found: dict[str, list[Path]] = {}
    for text in given or []:
        name, equals, rest = text.partition("=")
        if not equals or expanded(text).exists():
            name, rest = "", text
        elif not name or not rest:
            raise UsageError(f"{text!r} names no person and folder.", "--photos alice=DIR")
        found.setdefault(name, []).append(expanded(rest))
    if "" in found and len(found) > 1:
        raise UsageError(
            "Some photos have a person's name and some have none.",
            "--photos alice=DIR --photos bob=DIR",
        )
    return found


def _refuse(given: dict[str, Any], why: str) -> None:
    """UsageError for options that mean nothing here."""
    for name, value in given.items():
        if value is not None and value != []:
            raise UsageError(f"{name} {why}.", "See: pidiff evaluate --help")
