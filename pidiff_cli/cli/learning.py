"""The options of how a person is learnt, which `tune` and `tune-many` share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.options import option
from pidiff_cli.config import TuneConfig


def learning(
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="recipe, or the path of a YAML file  [default: auto]",
            autocompletion=complete.recipes,
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="BASE",
            help="auto, mini, sd15, sdxl, a path or a hub id  [default: auto]",
            autocompletion=complete.bases,
        ),
    ] = None,
    wplus: Annotated[str | None, option(TuneConfig, "wplus", metavar="WHEN")] = None,
    steps: Annotated[int | None, option(TuneConfig, "steps", by_recipe=True)] = None,
    preview_every: Annotated[
        int | None, option(TuneConfig, "preview_every", by_recipe=True)
    ] = None,
    keep_checkpoints: Annotated[
        int | None, option(TuneConfig, "keep_checkpoints", by_recipe=True)
    ] = None,
    batch: Annotated[int | None, option(TuneConfig, "batch", by_recipe=True)] = None,
    rank: Annotated[int | None, option(TuneConfig, "rank", by_recipe=True)] = None,
    lora_rank: Annotated[int | None, option(TuneConfig, "lora_rank", by_recipe=True)] = None,
    learning_rate: Annotated[
        float | None, option(TuneConfig, "learning_rate", by_recipe=True)
    ] = None,
    optimizer: Annotated[str | None, option(TuneConfig, "optimizer", metavar="NAME")] = None,
    seed: Annotated[int | None, option(TuneConfig, "seed")] = None,
    memory: Annotated[float | None, option(TuneConfig, "memory", metavar="GB")] = None,
) -> dict[str, Any]:
    """Those that were given, as arguments of `api.tune`."""
    return {name: value for name, value in locals().items() if value is not None}
