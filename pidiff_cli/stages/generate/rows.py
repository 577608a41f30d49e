"""The rows of a table, drawn on one loaded base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.config import GenerateConfig
from pidiff_cli.profile import Profile
from pidiff_cli.stages.base import base_kept
from pidiff_cli.stages.generate.best import none_kept
from pidiff_cli.stages.generate.calls import Calls
from pidiff_cli.stages.generate.drawing import draw_all
from pidiff_cli.stages.generate.loading import load
from pidiff_cli.stages.generate.safeguards import Safeguards
from pidiff_cli.stages.person import LoadedPerson
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import GenerateResult
from pidiff_cli.weights.locate import BaseParts


@dataclass(frozen=True)
class Row:
    """One row of a table: whose pictures, on what, how. ``where``: what it is called in words."""

    where: str
    profile: Profile
    config: GenerateConfig
    parts: BaseParts


def run_rows(
    rows: Sequence[Row],
    progress: Progress,
    on_row: Callable[[Row, GenerateResult], None] | None = None,
    on_written: Callable[[Path], None] | None = None,
) -> GenerateResult:
    """Draw a table of rows, on one loaded base; from one person to the next adapters are swapped.

    A row none of whose pictures is kept is told, and the others are drawn.

    Args:
        on_row: called with each row when its pictures are there. on_written: as ``run``'s.

    Raises:
        InputError, MissingWeightError, UsageError: as ``run``.
    """
    every = GenerateResult(())
    progress.start("generate", sum(len(row.config.prompts) * row.config.count for row in rows))
    with base_kept():
        for row, drawn in _each(rows, progress, on_written):
            every = GenerateResult(
                every.images + drawn.images,
                every.fell + drawn.fell,
                notes=every.notes + drawn.notes,
            )
            if on_row:
                on_row(row, drawn)
            progress.advance("generate", len(row.config.prompts) * row.config.count)
            if progress.stopping():
                break
    count = len(every.images)
    of_rows = f"of {len(rows)} row{'s' * (len(rows) != 1)}"
    progress.finish("generate", f"{count} picture{'s' * (count != 1)} {of_rows}")
    return every


def _each(
    rows: Sequence[Row], progress: Progress, on_written: Callable[[Path], None] | None
) -> Iterator[tuple[Row, GenerateResult]]:
    """Each row with its pictures, drawn as it is taken."""
    loaded: LoadedPerson | None = None
    quiet, known = _Silent(progress), dict[object, Safeguards]()
    for row in rows:
        kind = (row.config.mark, row.config.nudity_filter, row.parts)
        if kind not in known:
            known[kind] = Safeguards.of(row.config, row.parts, progress)
        loaded = load(row.profile, row.config, row.parts, progress, loaded)
        drawn = draw_all(loaded, row.config, known[kind], quiet, Calls(on_written=on_written))
        if not drawn.images:
            progress.warn(f"{row.where}: {none_kept(row.config, [*drawn.fell]).message}")
        yield row, drawn


class _Silent(Progress):
    """A row's progress: its advice comes through, its bar does not."""

    def __init__(self, progress: Progress) -> None:
        self.line, self.warn = progress.line, progress.warn  # type: ignore[method-assign]
