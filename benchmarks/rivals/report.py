"""Tables of all situations, who wins what, and the figures that are to be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rivals.methods import MAIN, METHODS, RIVALS, WITHOUT
from benchmarks.rivals.table import (
    FIGURES,
    Cell,
    Interval,
    difference,
    interval,
    markdown,
    ratio,
    verdicts,
)

Table = dict[str, dict[str, Any]]  # method -> person -> cell
AT_ONCE = ("rank-1", "right caption", "background change")
BY_NAME = {figure.name: figure for figure in FIGURES}


def title(situation: str, count: int) -> str:
    """How the table of a situation is called."""
    return f"{situation}, photos: {count}"


def whole(table: Table) -> dict[str, list[Cell]]:
    """The cells of the people whom every method of the table has drawn, in one order."""
    people = sorted(set.intersection(*(set(cells) for cells in table.values())))
    return {name: [cells[p] for p in people] for name, cells in table.items()}


def report(found: Mapping[str, Table]) -> dict[str, Any]:
    """Print the tables; the same as JSON values."""
    out: dict[str, Any] = {}
    for name, table in found.items():
        cells = whole(table)
        people = len(next(iter(cells.values())))
        if not people:
            continue
        print(f"\n### {name}, people: {people}\n")
        print(markdown([(METHODS[m].title, cells[m]) for m in MAIN if m in cells]) + "\n")
        parts = [m for m in WITHOUT if m in cells]
        if parts and "pidiff" in cells:
            print(markdown([(METHODS[m].title, cells[m]) for m in ("pidiff", *parts)]) + "\n")
        figures = {m: {f.name: interval(f, cells[m]) for f in FIGURES} for m in cells}
        out[name] = {"people": people, "methods": figures, **_against(cells)}
    out["to reach"] = print_targets(found)
    return out


def _against(cells: Mapping[str, Sequence[Cell]]) -> dict[str, Any]:
    """PIDiff against the best rival of each figure, and who is among the best in three at once."""
    rivals = {m: cells[m] for m in RIVALS if m in cells}
    if "pidiff" not in cells or not rivals:
        return {}
    said = verdicts(cells["pidiff"], rivals)
    for line in said:
        gap = ", ".join(f"{value:+.3f}" for value in line["difference"])
        print(f"- {line['figure']}: PIDiff is {line['ours_is']} "
              f"(best rival {line['rival']}; difference {gap})")  # fmt: skip
    three = among_the_best({**rivals, "pidiff": cells["pidiff"]})
    print(f"- best or within noise of the best in {', '.join(AT_ONCE)} at once: "
          f"{', '.join(three) or 'nobody'}")  # fmt: skip
    return {"pidiff_against_the_best_rival": said, "among_the_best_in_all_three": three}


def among_the_best(methods: Mapping[str, Sequence[Cell]]) -> list[str]:
    """Methods that nobody beats beyond noise in any of the three figures."""
    figures = [BY_NAME[name] for name in AT_ONCE]
    good = []
    for name, cells in methods.items():
        others = {other: theirs for other, theirs in methods.items() if other != name}
        said = verdicts(cells, others, figures)
        if len(said) == len(figures) and all(line["ours_is"] != "worse" for line in said):
            good.append(name)
    return good


def print_targets(found: Mapping[str, Table]) -> list[dict[str, Any]]:
    """What is to be reached, beside what was measured, each on the people that both sides have."""
    main, one = title("main", 4), title("main", 1)
    rows = [
        ("rank-1 of 100, 4 photos", ">= 0.95", _mean(found, main, "rank-1")),
        ("right caption: the base's less PIDiff's", "<= 0.02",
         _gap(found, (main, "base"), (main, "pidiff"), "right caption")),
        ("background change against DreamBooth-LoRA's", "<= 0.33",
         _share(found, main, "background change")),
        ("localisation IoU", ">= 0.75", _mean(found, main, "localisation IoU")),
        ("rank-1 of 100, 1 photo", ">= 0.85", _mean(found, one, "rank-1")),
        ("a stranger among 5 photos: loss of rank-1", "<= 0.02",
         _gap(found, (main, "pidiff"), (title("stranger", 4), "pidiff"), "rank-1")),
        ("copy-paste against DreamBooth-LoRA's, moods that the photos do not show", "<= 0.5",
         _share(found, title("absent", 4), "copy-paste")),
    ]  # fmt: skip
    print("\n| figure | to reach | measured |\n|---|---|---|")
    for name, target, value in rows:
        said = "not measured" if value is None else _three(value)
        print(f"| {name} | {target} | {said} |")
    return [{"figure": n, "to_reach": t, "measured": v} for n, t, v in rows]


def _three(value: Interval) -> str:
    return "{:.3f} [{:.3f}, {:.3f}]".format(*value)


def _mean(found: Mapping[str, Table], name: str, figure: str) -> Interval | None:
    cells = found.get(name, {}).get("pidiff")
    return interval(BY_NAME[figure], list(cells.values())) if cells else None


def _pair(
    found: Mapping[str, Table], first: tuple[str, str], second: tuple[str, str]
) -> tuple[list[Cell], list[Cell]]:
    """The cells of two methods (table, method) of the people that both have, in one order."""
    one, other = (found.get(table, {}).get(method, {}) for table, method in (first, second))
    people = sorted(one.keys() & other.keys())
    return [one[p] for p in people], [other[p] for p in people]


def _gap(
    found: Mapping[str, Table], first: tuple[str, str], second: tuple[str, str], figure: str
) -> Interval | None:
    ours, theirs = _pair(found, first, second)
    return difference(BY_NAME[figure], ours, theirs) if ours else None


def _share(found: Mapping[str, Table], table: str, figure: str) -> Interval | None:
    """PIDiff's figure as a share of DreamBooth-LoRA's."""
    ours, theirs = _pair(found, (table, "pidiff"), (table, "dreambooth"))
    return ratio(BY_NAME[figure], ours, theirs) if ours else None
