"""Pictures of a table, whose rows may be of different people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pidiff_cli.api.asked import asked_drawing
from pidiff_cli.errors import InputError, PidiffError
from pidiff_cli.stages.opening import Home, Listener, Place, known_prompts
from pidiff_cli.stages.results import GenerateResult
from pidiff_cli.tables import rows_at_fault


def generate_rows(
    rows: Mapping[str, Mapping[str, Any]],
    *,
    on_row: Callable[[str, GenerateResult], None] | None = None,
    on_written: Callable[[Path], None] | None = None,
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
) -> GenerateResult:  # fmt: skip
    """Pictures of a table, whose rows may be of different people, on one loaded base.

    Args:
        rows: what a row is called in errors → its arguments of `generate`: profile, prompts, and
            its settings. on_row: called with each row's pictures. on_written: as `generate`'s.

    Raises:
        InputError: rows are at fault, each is told and nothing is drawn; otherwise as `generate`.
    """
    place = Place.of(home, device, offline, progress)
    found, faults = [], list[str]()
    for where, row in rows.items():
        given = dict(row)
        who, known = given.pop("profile"), known_prompts(given.pop("prompts"))[0]
        best, count = given.pop("best", None), given.pop("count", None)
        try:
            found.append((where, *asked_drawing(place, who, known, best, count, given)))
        except PidiffError as error:
            faults.append(f"{where}: {error.message} {error.hint}".rstrip())
    if faults:
        raise rows_at_fault("The table", faults, len(rows))
    if not found:
        raise InputError(
            "The table has no row.", "Its first row names the columns, then a row each."
        )
    from pidiff_cli.stages.generate import rows as stage

    def told(row: stage.Row, drawn: GenerateResult) -> None:
        if on_row:
            on_row(row.where, drawn)

    return stage.run_rows([stage.Row(*one) for one in found], place.progress, told, on_written)
