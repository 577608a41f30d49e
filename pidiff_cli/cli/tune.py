"""`pidiff tune`: the identity branch of one person, from photos or from a profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.options import option
from pidiff_cli.cli.prepare import ForceOption, NoPhotosOption, NounOption
from pidiff_cli.cli.session import Session, session_of
from pidiff_cli.config import TuneConfig
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile

SourcesArgument = Annotated[
    list[str], typer.Argument(metavar="PHOTOS|PROFILE", help="photos or folders, or a profile")
]


def command(
    context: typer.Context,
    sources: SourcesArgument,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="name of the profile made of the photos")
    ] = None,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="recipe, or the path of a YAML file")
    ] = "auto",
    base: Annotated[
        str, typer.Option(metavar="BASE", help="auto, mini, sd15, sdxl, a path or a hub id")
    ] = "auto",
    steps: Annotated[int | None, option(TuneConfig, "steps", default="the recipe's")] = None,
    resume: Annotated[bool, typer.Option(help="go on from the last checkpoint")] = True,
    restart: Annotated[bool, option(TuneConfig, "restart", "--restart")] = False,
    retune: Annotated[bool, option(TuneConfig, "retune", "--retune")] = False,
    preview_every: Annotated[
        int | None, option(TuneConfig, "preview_every", default="the recipe's")
    ] = None,
    batch: Annotated[int | None, option(TuneConfig, "batch", default="the recipe's")] = None,
    rank: Annotated[int | None, option(TuneConfig, "rank", default="the recipe's")] = None,
    learning_rate: Annotated[
        float | None, option(TuneConfig, "learning_rate", default="the recipe's")
    ] = None,
    optimizer: Annotated[str | None, option(TuneConfig, "optimizer", metavar="NAME")] = None,
    seed: Annotated[int | None, option(TuneConfig, "seed")] = None,
    memory: Annotated[float | None, option(TuneConfig, "memory", metavar="GB")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what it would take, and stop")
    ] = False,
    noun: NounOption = None,
    force: ForceOption = False,
    no_photos: NoPhotosOption = False,
) -> None:
    """Learn one person from photos.

    Prepares and inverts the photos where needed, then fine-tunes the identity branch. The same
    command again goes on after an interruption, and does nothing when all is done.
    """
    from pidiff_cli.cli.compose import (
        chosen_base,
        inverted,
        may_tune,
        planned,
        prepared,
        tuned,
    )

    session = session_of(context)
    existing = find_profile(session, sources, name)
    chosen = chosen_base(session, base, existing)
    given = {
        "steps": steps, "preview_every": preview_every, "batch": batch, "rank": rank,
        "learning_rate": learning_rate, "optimizer": optimizer, "seed": seed, "memory": memory,
    }  # fmt: skip
    if dry_run:
        session.output.result([], planned(session, existing, chosen, recipe, **given))
        return
    if existing is None:
        photos = [Path(item).expanduser() for item in sources]
        keep = {"noun": noun, "keep_photos": not no_photos}
        made = prepared(session, photos, name or "", force, **keep)
        existing = Profile.open(made.profile, session.home)
    again = {"resume": resume, "restart": restart or not resume, "retune": retune}
    may_tune(session, existing, chosen, recipe, **given, **again)
    inverted(session, existing, chosen)
    result = tuned(session, existing, chosen, recipe, **given, **again)
    session.output.result([result.profile], result)
    session.output.note(f'Try: pidiff generate {existing.name} "as an astronaut"')
    if result.report:
        session.output.note(f"Report: {result.report}")


def find_profile(session: Session, sources: list[str], name: str | None) -> Profile | None:
    """The profile that the arguments name, or None when they are photos.

    Raises:
        InputError: neither a profile nor photos are there.
        UsageError: photos without `--name`.
    """
    paths = [Path(item).expanduser() for item in sources]
    if len(sources) == 1 and name is None:
        is_named = (session.home / "profiles" / sources[0] / "profile.json").is_file()
        if is_named or (paths[0] / "profile.json").is_file():
            return Profile.open(sources[0], session.home)
        if not paths[0].exists() and "/" not in sources[0] and "." not in sources[0]:
            return Profile.open(sources[0], session.home)  # says that there is none
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise InputError(f"There is no {', '.join(missing)}.", "Check the path of the photos.")
    if name is None:
        raise UsageError("The photos need a name.", "Add one, for example: --name alice")
    return None
