"""`pidiff evaluate`: how alike, how true to the prompt, and what the identity costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.options import ProfileArgument, option
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import EvaluateConfig


def command(
    context: typer.Context,
    profile: ProfileArgument,
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt", metavar="PROMPT", help="what to draw; may be repeated [default: six]"
        ),
    ] = None,
    count: Annotated[int | None, option(EvaluateConfig, "count", "-n", "--count")] = None,
    seed: Annotated[int | None, option(EvaluateConfig, "seed")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="folder for the report [default: evaluation]"),
    ] = None,
    identity_scale: Annotated[
        float | None, option(EvaluateConfig, "identity_scale", default="the recipe's")
    ] = None,
    steps: Annotated[int | None, option(EvaluateConfig, "steps", default="the recipe's")] = None,
) -> None:
    """Measure a profile: likeness, text alignment, background, attention, copy-paste.

    Every prompt is drawn with the identity and without, at the same seeds. The report is one HTML
    file; the table is on stderr, and as JSON beside the report.
    """
    from pidiff_cli import api

    session = session_of(context)
    result = api.evaluate(
        profile, prompt or (), count=count, seed=seed, out=out, identity_scale=identity_scale,
        steps=steps, **session.where(),
    )  # fmt: skip
    output = session.output
    from pidiff_cli.stages.report.page import table_rows

    output.close()
    output.table(("measure", "value", "beside"), table_rows(result.measures))
    output.result([result.report], result)
