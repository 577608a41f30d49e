"""`pidiff generate --csv`: a table of prompts, whose columns are options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli.cli.reading import number, user_path
from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import PidiffError, UsageError
from pidiff_cli.tables import read_rows, rows_at_fault

if TYPE_CHECKING:
    from pidiff_cli.cli.session import Session
    from pidiff_cli.stages.results import GenerateResult

#: A column's name → the argument of `api.generate_rows`; others are called as it calls them.
ARGUMENTS = {"name": "profile", "prompt": "prompts", "n": "count", "edit": "edits"}
COLUMNS = (
    "name", "prompt", "n", "count", "seed", "out", "identity_scale", "start", "keep_background",
    "guidance", "prompt_pull", "steps", "size", "noun", "negative", "scheduler", "best",
    "min_likeness", "edit", "checkpoint", "style_from", "literal",
    "base",
)  # fmt: skip
BESIDE = ";"  # between several edits in one cell
YES, NO = ("1", "yes", "true", "x"), ("0", "no", "false")


def draw_table(session: Session, file: Path, given: dict[str, Any], gallery: bool) -> None:
    """Draw every row; what the command line gives is for the rows that do not say it.

    Raises:
        UsageError: a gallery of it was asked for. InputError: rows are at fault; each is told.
    """
    from pidiff_cli import api

    if gallery:
        raise UsageError("A table has no --gallery.", "Afterwards: pidiff gallery FOLDER")
    spelt = [*COLUMNS, *(name.replace("_", "-") for name in COLUMNS if "_" in name)]
    rows, faults = dict[str, dict[str, Any]](), list[str]()
    for where, row in read_rows(file, spelt):
        try:
            rows[where] = arguments({**given, **_own(row)})
        except PidiffError as error:
            faults.append(f"{where}: {error.message}")
    if faults:
        raise rows_at_fault(file, faults, len(rows) + len(faults))
    output = session.output

    def written(path: Path) -> None:
        if not output.json:
            output.result([path], {})

    def ended(where: str, drawn: GenerateResult) -> None:
        if output.json:
            output.json_line({"row": int(where.split()[-1]), "images": drawn.images})

    api.generate_rows(rows, on_row=ended, on_written=written, **session.where())


def _own(row: dict[str, str]) -> dict[str, str]:
    found = {key.replace("-", "_"): value for key, value in row.items()}
    return {("count" if key == "n" else key): value for key, value in found.items()}


def arguments(row: dict[str, Any]) -> dict[str, Any]:
    """A row's cells and options as arguments of `api.generate_rows`.

    Raises:
        UsageError: name or prompt are missing, or a cell does not hold what its column is for.
    """
    for needed in ("name", "prompt"):
        if not row.get(needed):
            raise UsageError(f"there is no {needed}.")
    read = {key: _value(key, value) for key, value in row.items() if value is not None}
    return {ARGUMENTS.get(key, key): value for key, value in read.items()}


def _value(column: str, value: Any) -> Any:
    """A cell's text, or an option's value, as its setting takes it."""
    if column == "edit":
        return parse_edits(
            [e for e in value.split(BESIDE) if e] if isinstance(value, str) else value
        )
    if column == "literal" and isinstance(value, str):
        if value.lower() not in YES + NO:
            raise UsageError(f"literal is {value!r}; yes or no is expected.")
        return value.lower() in YES
    if column == "out":
        return user_path(value)
    name = "hold" if column == "keep_background" else column
    item = GenerateConfig.__dataclass_fields__.get(name)
    kind = type(item.default) if item is not None else str
    if item is not None and kind in (int, float):
        return number(kind, column, item.metadata["words"])(value)
    return value


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
            raise UsageError(f"{text!r} is no edit.", "Write it so: --edit age=+4")
    return tuple(edits)
