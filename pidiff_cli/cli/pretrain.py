"""`pidiff pretrain`: train a general identity branch (for developers)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.options import option
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import PretrainConfig
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.weights import locate


def command(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="identity")],
    base: Annotated[str | None, option(PretrainConfig, "base")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="pictures of people, or .tar shards of them, with captions",
            parser=user_path,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="where the branch is written", parser=user_path),
    ] = None,
    steps: Annotated[int | None, option(PretrainConfig, "steps")] = None,
    batch: Annotated[int | None, option(PretrainConfig, "batch")] = None,
    size: Annotated[int | None, option(PretrainConfig, "size")] = None,
    buckets: Annotated[bool, option(PretrainConfig, "buckets", "--buckets")] = False,
    learning_rate: Annotated[float | None, option(PretrainConfig, "learning_rate")] = None,
    checkpoint_every: Annotated[int | None, option(PretrainConfig, "checkpoint_every")] = None,
    seed: Annotated[int | None, option(PretrainConfig, "seed")] = None,
    restart: Annotated[bool, option(PretrainConfig, "restart", "--restart")] = False,
) -> None:
    """Train a general `identity` branch for --base.

    It is resumable: the same command goes on. On many devices or machines: accelerate launch -m
    pidiff_cli pretrain identity ...
    """
    if what == "mini":
        raise UsageError(
            "mini is trained from a checkout of the repository, not by the installed program.",
            "In the checkout: python -m mini.train, or: make mini",
        )
    if what != "identity":
        raise UsageError(
            f"{what} is not trained here.", "pidiff pretrain identity --base sdxl --data FOLDER"
        )
    session = session_of(context)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that accelerate has started
    try:
        if data is None:
            raise UsageError("There are no pictures to learn from.", "Add --data FOLDER")
        if not data.is_dir():
            raise InputError(f"There is no folder {data}.", "Give one of pictures: --data FOLDER")
        config = session.config(
            PretrainConfig, base=base, data=data, out=out, steps=steps, batch=batch, size=size,
            buckets=buckets, learning_rate=learning_rate, checkpoint_every=checkpoint_every,
            seed=seed, restart=restart,
        )  # fmt: skip
        locate.base_parts(config.base, session.home)  # says so where it is not here
    except PidiffError as error:
        if first:
            raise
        raise typer.Exit(error.exit_code) from error  # the first one tells it
    if first:
        session.output.loading()
    from pidiff_cli.stages.pretrain import run as pretrain
    from pidiff_cli.stages.progress import Progress

    session.after_interrupt = "The same command goes on from the last checkpoint." if first else ""
    result = pretrain.run(config, session.output.progress() if first else Progress())
    if result is not None:  # of the first
        session.output.result([result.identity], result)
