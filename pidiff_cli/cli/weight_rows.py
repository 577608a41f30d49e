"""What `pidiff models` tells of bases and weights: their rows, what is here, what is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli.weights import bundled, locate, records
from pidiff_cli.weights.bases import BASES
from pidiff_cli.weights.licences import commercial_use
from pidiff_cli.weights.table import WEIGHTS, Weight


def base_row(name: str, home: Path) -> dict[str, Any]:
    spec, use = BASES[name], commercial_use(name)
    return {
        "name": name,
        "ready": locate.is_ready(name, home),
        "title": spec.title,
        "size": spec.size,
        "licence": spec.licence,
        "commercial": use.plain,
        "commercial_with": use.extras,
        "commercial_says": use.says,
    }


def row(weight: Weight, home: Path) -> dict[str, Any]:
    folder = bundled.folder_of(weight, home)
    return {
        "name": weight.name,
        "ready": folder is not None,
        "title": weight.title,
        "use": weight.use,
        "mb": weight.mb,
        "licence": weight.licence,
        "commercial": weight.commercial,
        "says": weight.says,
        "source": weight.source,
        "folder": str(folder or records.folder_of(weight, home)) if weight.folder else None,
        "bundled": bundled.is_bundled(weight),
    }


def present(home: Path) -> list[str]:
    """Names of every weight of which something is here."""
    found = [
        weight.name
        for weight in WEIGHTS.values()
        if weight.folder and (in_home(weight, home) or bundled.is_bundled(weight))
    ]
    for record in sorted((home / "models").glob("*--*/diffusers/" + records.NAME)):
        found += records.read_entries(record.parent)
    return found


def damage(weight: Weight, home: Path) -> list[str]:
    """What is wrong with a weight in the home, or else the package; and with the package's."""
    if bundled.is_bundled(weight) and not in_home(weight, home):
        return bundled.damage(weight)
    return records.damage(weight, home, lambda _: None) + bundled.damage(weight)


def in_home(weight: Weight, home: Path) -> bool:
    return records.is_here(weight, home) or records.is_recorded(weight, home)
