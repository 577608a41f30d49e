"""What TAB offers: names that lie on the disk or stand in a table. Nothing heavy, no word printed.

The shell asks with every key; what goes wrong here is no completion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

from pidiff_cli.errors import PidiffError

Completer = Callable[[typer.Context, str], list[str]]


def of(words: Iterable[str]) -> Completer:
    """Always the same words."""
    known = list(words)

    def offer(context: typer.Context, incomplete: str) -> list[str]:
        return known

    return offer


def _quiet(offer: Callable[[Path], Iterable[str]]) -> Completer:
    """A completer that looks into the home, and offers nothing where it cannot."""

    def quiet(context: typer.Context, incomplete: str) -> list[str]:
        try:
            return sorted(offer(_home(context)))
        except (PidiffError, OSError, ValueError):
            return []

    return quiet


def _home(context: typer.Context) -> Path:
    from pidiff_cli.weights.locate import home_folder

    given = context.find_root().params.get("home")
    return home_folder(given)


def _profiles(home: Path) -> Iterable[str]:
    from pidiff_cli.profile import list_locked, list_profiles
    from pidiff_cli.values import visible

    names = [*(profile.folder.name for profile in list_profiles(home)), *list_locked(home)]
    return [name for name in names if visible(name) == name]


def _recipes(home: Path) -> Iterable[str]:
    from pidiff_cli.recipe import recipe_names

    return ["auto", *recipe_names()]


def _bases(home: Path) -> Iterable[str]:
    from pidiff_cli.weights.bases import BASES
    from pidiff_cli.weights.locate import known_labels

    return ["auto", *BASES, *known_labels(home)]


def _weights(home: Path) -> Iterable[str]:
    from pidiff_cli.weights.table import EXTRAS, SETS, WEIGHTS

    return {*SETS, *EXTRAS, *WEIGHTS, "mini"}


def _schedulers(home: Path) -> Iterable[str]:
    from pidiff_cli.core.diffusion.schedulers import SCHEDULERS

    return SCHEDULERS


def _edits(home: Path) -> Iterable[str]:
    from pidiff_cli.stages.edits import edit_names
    from pidiff_cli.weights.locate import base_parts

    return [f"{name}=" for name in edit_names(base_parts("mini", home))]


def _styles(home: Path) -> Iterable[str]:
    from pidiff_cli.values import LAYERS

    return [f"{name}:{group}" for name in _profiles(home) for group in LAYERS]


profiles, recipes, bases = _quiet(_profiles), _quiet(_recipes), _quiet(_bases)
weights, schedulers, edits, styles = map(_quiet, (_weights, _schedulers, _edits, _styles))


def formats(context: typer.Context, incomplete: str) -> list[str]:
    """Of `profile export`."""
    from pidiff_cli.stages.export.run import FORMATS

    return list(FORMATS)


def devices(context: typer.Context, incomplete: str) -> list[str]:
    """Of --device."""
    from pidiff_cli.config import DEVICES

    return list(DEVICES)


#: The completer of a configuration's field, by its name.
FIELDS: dict[str, Any] = {
    "base": bases, "recipe": recipes, "scheduler": schedulers, "style_from": styles,
}  # fmt: skip
