"""What a person names with `--from`, as files of a weight that are on this machine already."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.stages.pull.chosen import chosen_files
from pidiff_cli.stages.pull.hub import Item
from pidiff_cli.weights.table import Weight


def given_items(weight: Weight, given: Path) -> list[Item]:
    """The files of a weight in a file or folder.

    Raises:
        InputError: it is not there, or not what the weight is.
    """
    if not given.exists():
        raise InputError(f"{given} is not there.", "Check the path.")
    if weight.repo:
        if not given.is_dir():
            raise InputError(
                f"{given.name} is a single file; {weight.name} is a diffusers folder.",
                f"A single file needs no pull: --base {given}",
            )
        names = [p.relative_to(given).as_posix() for p in given.rglob("*") if p.is_file()]
        chosen = chosen_files(names, str(given))
        return [_local(given / old, new, weight) for new, old in chosen.items()]
    known = {file.name: file for file in weight.files}
    names = list(known) or [weight.file_name]
    if given.is_file() and len(names) > 1:
        raise InputError(
            f"{weight.name} is {len(names)} files: {', '.join(names)}.", "Give their folder: --from"
        )
    items = []
    for name in names:
        path = given / name if given.is_dir() else given
        if not path.is_file():
            raise InputError(f"{path} is not there.", "Check the path.")
        file = known.get(name)
        items.append(
            _local(path, name, weight, file.sha256 if file else "", bool(file and file.sure))
        )
    return items


def _local(path: Path, name: str, weight: Weight, sha256: str = "", sure: bool = True) -> Item:
    """A person's own file: copied, unless it is only read and converted."""
    size = path.stat().st_size
    return Item(name, str(path), size, sha256, sure, path, linked=bool(weight.convert), own=True)
