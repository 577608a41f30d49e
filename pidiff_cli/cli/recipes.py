"""`pidiff recipes`: list and show."""

from __future__ import annotations

from typing import Annotated

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import UsageError
from pidiff_cli.recipe import load_recipe, recipe_names, recipes_folder

app = typer.Typer(help="Settings that go together.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_command(context: typer.Context) -> None:
    """The shipped recipes: name, base, and what each is for."""
    session = session_of(context)
    recipes = [load_recipe(name) for name in recipe_names()]
    rows = [{"name": item.name, "base": item.base, "about": item.about} for item in recipes]
    cells = [(item.name, item.base, item.about) for item in recipes]
    session.output.table(("recipe", "base", "what for"), cells)
    session.output.result((), {"recipes": rows})


@app.command("show")
def show_command(
    context: typer.Context,
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="a recipe's name", autocompletion=complete.recipes),
    ],
) -> None:
    """A recipe's file: its measured figures and its settings."""
    session = session_of(context)
    if recipe not in recipe_names():
        raise UsageError(f"There is no recipe {recipe!r}.", "See them all: pidiff recipes list")
    item = load_recipe(recipe)
    text = (recipes_folder() / f"{recipe}.yaml").read_text(encoding="utf-8")
    document = {"name": item.name, "base": item.base, "about": item.about}
    document |= {"tune": item.tune, "generate": item.generate}  # type: ignore[dict-item]
    session.output.result(text.rstrip().splitlines(), document)
