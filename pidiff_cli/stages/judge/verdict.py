"""The verdict in words: one sentence a thought, the fact first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pidiff_cli.core.metrics.bootstrap import LEAST
from pidiff_cli.stages.judge.compare import Difference

MANY = 0.5  # of the pictures nearer to one photo than new photos would be: it is told
Document = dict[str, Any]
#: Measure → what the best set does, the measure in words, whether more is better (1) or less (-1).
WORDS = {
    "likeness": ("is most alike", "likeness", 1),
    "copy_paste": ("copies the photos least", "copy-paste", -1),
    "text": ("is truest to its prompts", "text", 1),
}


def verdict(sets: Sequence[Document], found: Sequence[Difference]) -> list[str]:
    """What the numbers of `summary.document` say, of one set or of several."""
    return _of_one(sets[0]) if len(sets) == 1 else _of_several(sets, found)


def span(row: Document, sign: str = "") -> str:
    """`0.52 (0.47 to 0.57)`, or why there is no number."""
    if row["value"] is None:
        return f"not measured: {row['why']}"
    value, low, high = (two(row[key], sign) for key in ("value", "low", "high"))
    return value if row["low"] is None else f"{value} ({low} to {high})"


def two(value: float | None, sign: str = "") -> str:
    """Two places; a dash for none, and no minus before 0.00."""
    return "–" if value is None else f"{round(value, 2) + 0.0:{sign}.2f}"


def _of_one(told: Document) -> list[str]:
    likeness = told["measures"]["likeness"]
    if likeness["value"] is None:
        return [f"Likeness was {span(likeness)}."]
    held = told["likeness_against"] == "held_out"
    on = "photos held out" if held else "the photos learnt from, which flatters"
    lines = [f"Likeness {span(likeness)} on {on}: {place_of(likeness)}."]
    lines += filter(None, [_copying(told), _faces(told)])
    return lines


def place_of(likeness: Document) -> str:
    """Where a likeness stands among its yardsticks."""
    value, beside = likeness["value"], likeness["beside"]
    median, lowest = beside.get("own_median"), beside.get("own_lowest")
    same = beside.get("same_person")
    if median is not None and value >= median:
        return f"as alike as the person's own photos are to each other (median {median:.2f})"
    if same is not None and value < same:
        return f"below {same:g}, from where the network's publisher takes two faces for one person"
    if median is None:
        return "one photo alone has no spread to compare with"
    if value >= lowest:
        return f"within the person's own photos (median {median:.2f}, lowest {lowest:.2f})"
    return f"below any two of the person's own photos (median {median:.2f}, lowest {lowest:.2f})"


def _copying(told: Document) -> str:
    row, nearer = told["measures"]["copy_paste"], told["nearer_than_own_photos"]
    near = ""
    if nearer and nearer["pictures"] > nearer["of"] * max(MANY, 2 * nearer["of_new_photos"]):
        near = (
            f" {nearer['pictures']} of {nearer['of']} are nearer to one photo learnt from than any "
            "two of those are to each other."
        )
    if row["value"] is None:
        return f"Copy-paste not measured: {row['why']}.{near}"
    said = f"Copy-paste {span(row, '+')}"
    beside = row["beside"]
    if beside:
        said += (
            f"; further photos like those learnt from would read {beside['new_photos']:+.2f}, "
            f"copies {beside['copies']:+.2f}"
        )
    return f"{said}: {_copies(row)}.{near}"


def _copies(row: Document) -> str:
    """Whether copies are told: beyond 0, and beyond what further photos of that kind would read."""
    least = max(0.0, row["beside"].get("new_photos", 0.0))
    if row["low"] is None:
        return "too few pictures to tell whether photos are copied"
    if row["low"] > least:
        return "the photos learnt from are copied"
    if row["high"] < min(0.0, least):
        return "nearer to the photos held out, so not copied"
    return "no sign that the photos learnt from are copied"


def _faces(told: Document) -> str:
    row = told["measures"]["faces"]
    if row["value"] in (None, 1.0):
        return ""
    share = f"{row['value']:.0%} of {row['n']} pictures"
    return f"A face was found in {share}; the others count in no likeness."


def _of_several(sets: Sequence[Document], found: Sequence[Difference]) -> list[str]:
    lines = [_best(sets, found, "likeness")]
    if len({told["likeness_against"] for told in sets}) > 1:
        lines.append("Some sets have held-out photos and others none: their likeness is no match.")
    if len({told["against"] for told in sets}) > 1:
        lines.append(
            "Each set has photos of its own: people differ in how alike they can be drawn."
        )
    lines += _copied_least(sets, found)
    if _known(sets, "text"):
        lines.append(_best(sets, found, "text"))
    few = [told["name"] for told in sets if (told["measures"]["faces"]["value"] or 0) < 0.9]
    if few:
        lines.append(f"In more than one picture of ten of {_listed(few)} no face was found.")
    return lines


def _copied_least(sets: Sequence[Document], found: Sequence[Difference]) -> list[str]:
    """Who copies least, of those that show the person at all: a stranger copies nobody."""
    known = _known(sets, "copy_paste")
    if not known:
        return [f"Copy-paste not measured: {sets[0]['measures']['copy_paste']['why']}."]
    alike = [told for told in known if _is_the_person(told)]
    others = [told["name"] for told in known if told not in alike]
    lines = [_best(alike, found, "copy_paste")] if len(alike) > 1 else []
    if others:
        lines.append(f"Copy-paste says nothing of {_listed(others)}: too unlike the person.")
    return lines


def _is_the_person(told: Document) -> bool:
    likeness = told["measures"]["likeness"]
    beside = likeness["beside"]
    return bool(likeness["value"] >= beside.get("same_person", beside.get("own_lowest", -1.0)))


def _known(sets: Sequence[Document], measure: str) -> list[Document]:
    return [told for told in sets if told["measures"][measure]["value"] is not None]


def _best(sets: Sequence[Document], found: Sequence[Difference], measure: str) -> str:
    """Which set is best in a measure, and whether that can be told from the others."""
    leads, noun, turn = WORDS[measure]
    known = _known(sets, measure)
    if len(known) < 2:
        return f"Nothing to compare in {noun}: it was measured in {len(known)} of {len(sets)} sets."
    ranked = sorted(known, key=lambda told: -turn * told["measures"][measure]["value"])
    best, second, *_ = names = [told["name"] for told in ranked]
    rows = {_other(item, best): item for item in found if _is_of(item, measure, best)}
    value, gap = ranked[0]["measures"][measure]["value"], _gap(rows[second], best)
    if rows[second].n < LEAST:
        return (
            f"Too few pictures to tell: {best} {leads} at {value:.2f}, {gap} against {second}; it "
            f"takes {LEAST} in each."
        )
    behind = [name for name in names[1:] if rows[name].excludes_0]
    if second in behind:
        more = f" Beyond chance too: against {_listed(behind[1:])}." if behind[1:] else ""
        return f"{best} {leads}: {value:.2f}, {gap} against {second}, beyond chance.{more}"
    level = [name for name in names if name not in behind]
    more = f" Beyond chance behind {best}: {_listed(behind)}." if behind else ""
    return (
        f"{_listed(level)} cannot be told apart in {noun}: {best} at {value:.2f}, {gap} against "
        f"{second}, an interval that holds 0.{more}"
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _is_of(item: Difference, measure: str, name: str) -> bool:
    return item.measure == measure and name in (item.first, item.second)


def _other(item: Difference, name: str) -> str:
    return item.second if item.first == name else item.first


def _gap(item: Difference, best: str) -> str:
    """`+0.06 (+0.02 to +0.10, 12 pairs)`, from the best one's side."""
    turn = 1 if item.first == best else -1
    what = f"{item.n} pairs" if item.paired else f"unpaired, {item.n} pictures and more"
    if item.low is None or item.high is None:
        return f"{turn * item.value:+.2f} ({what})"
    low, high = sorted((turn * item.low, turn * item.high))
    return f"{turn * item.value:+.2f} ({low:+.2f} to {high:+.2f}; {what})"
