"""Tables that a person writes: CSV whose first row names the columns, faults told by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from pidiff_cli.errors import InputError, RowsError
from pidiff_cli.files import said

MOST_TOLD = 10  # faults told at once


def read_rows(
    file: Path, columns: Sequence[str], *needed: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row of a CSV file with what it is called in an error: ``row 3``, as spreadsheets count.

    Empty cells are left out, empty rows passed over.

    Raises:
        InputError: it cannot be read, is not UTF-8, or has an unknown column or lacks one.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{said(file)} is not UTF-8.", "Save it as CSV in UTF-8, or: iconv -f latin1 -t utf-8"
        ) from error
    except OSError as error:
        raise InputError(f"{said(file)} cannot be read ({error.strerror}).") from error
    reader = csv.DictReader(text.splitlines(keepends=True), skipinitialspace=True)
    heads = [(head or "").strip() for head in reader.fieldnames or ()]
    unknown = [head for head in heads if head not in columns]
    missing = [head for head in needed if head not in heads]
    if unknown or missing or len({*heads}) != len(heads):
        why = f"has no column {missing[0]!r}" if missing else f"has a column {unknown[:1] or heads}"
        raise InputError(
            f"{said(file)} {why}; its first row names the columns.",
            f"Columns can be: {', '.join(columns)}",
        )
    reader.fieldnames = heads
    for row in reader:
        line = reader.line_num
        if None in row:
            raise InputError(
                f"{said(file)}: row {line} has more cells than the first row.",
                "Put what holds a comma into quotes.",
            )
        given = {key: value.strip() for key, value in row.items() if value and value.strip()}
        if given:
            yield f"row {line}", given


def rows_at_fault(file: Path | str, faults: list[str], count: int) -> RowsError:
    """What is told of a table with faults, one ``row 3: why`` each; nothing was begun."""
    more = [f"and {len(faults) - MOST_TOLD} more"] if len(faults) > MOST_TOLD else []
    head = f"{said(file)}: nothing was begun, {len(faults)} of {count} rows are at fault."
    return RowsError(
        [head, *faults[:MOST_TOLD], *more], "Mend them and run the same command again."
    )
