"""From the folder where a weight has gathered to where it belongs, with its record."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import explain, make_folder, recover
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.pull.convert import convert
from pidiff_cli.stages.pull.plan import Plan
from pidiff_cli.weights import records
from pidiff_cli.weights.records import Entry


def place(plan: Plan, home: Path, progress: Progress) -> None:
    """Put a fetched weight where it belongs, converted where it is a published pickle.

    Raises:
        InputError: it is not what it should be, or cannot be written.
    """
    weight, folder = plan.weight, records.folder_of(plan.weight, home)
    entry = Entry(
        weight.licence, records.now(), plan.source, plan.revision, plan.records, plan.records
    )
    try:
        if weight.convert:
            _converted(plan, folder, entry, progress)
        elif weight.repo:
            records.write_entry(plan.staging, weight.name, entry)
            _swap(plan.staging, folder, {records.NAME, *plan.records})
        else:
            records.write_entry(folder, weight.name, entry)
            for item in plan.items:
                os.replace(plan.staging / item.name, folder / item.name)
    except OSError as error:
        raise explain(error, folder) from error
    shutil.rmtree(plan.staging, ignore_errors=True)


def _converted(plan: Plan, folder: Path, entry: Entry, progress: Progress) -> None:
    item = plan.items[0]
    source = item.cached if item.own and item.cached else plan.staging / item.name
    progress.line(f"Converting {source.name} to safetensors; nothing in it is run.")
    try:
        convert(plan.weight.convert, source, folder)
    except InputError:  # not what it should be: the next pull must not find it again
        shutil.rmtree(plan.staging, ignore_errors=True)
        raise
    files = {name: records.measured(folder / name) for name in plan.weight.makes}
    whole = Entry(entry.licence, entry.date, entry.source, entry.revision, entry.fetched, files)
    records.write_entry(folder, plan.weight.name, whole)


def _swap(staging: Path, folder: Path, known: set[str]) -> None:
    """Put a whole folder in the place of another."""
    for path in [*staging.rglob("*")]:
        if path.is_file() and path.relative_to(staging).as_posix() not in known:
            path.unlink()  # left by an earlier pull of other files
    make_folder(folder.parent)
    old = folder.with_name(f".old-{folder.name}")
    recover(folder)
    if folder.exists():
        os.replace(folder, old)
    os.replace(staging, folder)
    shutil.rmtree(old, ignore_errors=True)
