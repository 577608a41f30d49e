"""From measured pictures to the table: one row a measure, each beside what it is read against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from pidiff_cli.core.faces.reader import own_likeness
from pidiff_cli.core.metrics.measures import feature_distance, mean_of, plus_minus
from pidiff_cli.core.metrics.pose import copied
from pidiff_cli.stages.report.evaluators import Evaluators
from pidiff_cli.stages.report.measure import EvaluatedImage

COPIED = 0.5  # from here on, with its whole interval above half of it, copying is told
NO_FACE = "No face was found in the drawn pictures."
SAME_POSE = "The photos' pose and expression are what the base draws anyway, or show no face."
ONE_PICTURE = "It takes two pictures of a prompt: -n 2"
TITLES = {
    "likeness": "likeness",
    "stranger_margin": "more alike than strangers",
    "faces": "pictures with a face",
    "text": "text alignment",
    "text_drop": "text alignment lost",
    "right_prompt": "own prompt scores best",
    "background": "background changed",
    "perceptual": "background changed, features",
    "iou": "attention on the head (IoU)",
    "energy_off": "identity energy off the head",
    "diversity": "diversity of one prompt",
    "copy_paste": "copy-paste of pose",
}


@dataclass(frozen=True)
class Measured:
    """One measure of a set of pictures.

    Attributes:
        value: None where it could not be measured; ``why`` says so.
        plus_minus: half of the 95 % interval over the pictures; None where there is none.
        beside: the value it is read against, or None; beside_is: what that is, in words.
    """

    value: float | None = None
    plus_minus: float | None = None
    beside: float | None = None
    beside_is: str = ""
    why: str = ""


@dataclass(frozen=True)
class Group:
    """The pictures of one prompt or of one seed, on average."""

    name: str | int
    pictures: int
    likeness: float | None
    text: float | None
    plain_text: float | None
    background: float | None
    iou: float | None
    energy_off: float | None


@dataclass
class _Rows:
    """The table while it is filled."""

    shown: Sequence[EvaluatedImage]
    missing: dict[str, str]
    rows: dict[str, Measured] = field(default_factory=dict)

    def add(
        self, name: str, values: Iterable[float | None], why: str,
        beside: float | None = None, beside_is: str = "",
    ) -> None:  # fmt: skip
        """A mean over the pictures."""
        values = list(values)
        mean = mean_of(values)
        reason = "" if mean is not None else self.missing.get(name, why)
        self.rows[name] = Measured(mean, plus_minus(values), beside, beside_is, reason)


def summarise(shown: Sequence[EvaluatedImage], tools: Evaluators) -> dict[str, Measured]:
    """Every measure of docs/method.md, section 8, in the order of TITLES."""
    rows = _Rows(shown, tools.missing)
    _likeness_rows(rows, tools)
    _text_rows(rows)
    lacking = tools.missing.get("likeness", NO_FACE)
    rows.add("background", (s.background for s in shown), lacking)
    rows.add("perceptual", (s.perceptual for s in shown), tools.missing.get("text", lacking))
    rows.add("iou", (s.iou for s in shown), lacking)
    rows.add("energy_off", (s.energy_off for s in shown), lacking)
    plain = _diversity(shown, lambda s: s.plain_features)
    values = _diversity(shown, lambda s: s.features)
    rows.add(
        "diversity", values, tools.missing.get("text", ONE_PICTURE), mean_of(plain), "the base's"
    )
    both = [(s.pose, s.plain_pose) for s in shown if s.pose is not None]
    pairs = [(pose, other) for pose, other in both if other is not None]
    found = copied([p for p, _ in pairs], [q for _, q in pairs], tools.poses)
    why = lacking if not pairs else SAME_POSE
    rows.rows["copy_paste"] = (
        Measured(found.value, found.plus_minus) if found else Measured(why=why)
    )
    return rows.rows


def _likeness_rows(rows: _Rows, tools: Evaluators) -> None:
    """Likeness beside the photos' own, the margin over strangers beside the photos' own."""
    shown = rows.shown
    lacking = tools.missing.get("likeness", NO_FACE)
    own = own_likeness(tools.photos) if tools.photos is not None else None
    against = "held-out" if tools.held_out else "learnt-from"
    said = f"the person's own photos; measured on {against} ones"
    rows.add("likeness", (s.likeness for s in shown), lacking, own, said)
    margins = [
        s.likeness - s.strangers if s.likeness is not None and s.strangers is not None else None
        for s in shown
    ]
    beside = None
    if own is not None and tools.photos is not None and tools.strangers is not None:
        beside = own - float((tools.photos @ tools.strangers.T).mean())
    said = f"the person's own photos; {tools.strangers_are}"
    rows.add("stranger_margin", margins, lacking, beside, said if beside is not None else "")
    faces = [float(s.pose is not None) for s in shown] if tools.reader else []
    base = mean_of([float(s.plain_pose is not None) for s in shown])
    rows.add("faces", faces, lacking, base if faces else None, "the base's" if faces else "")


def _text_rows(rows: _Rows) -> None:
    """Text alignment beside the base's own at the same prompts and seeds."""
    shown, why = rows.shown, rows.missing.get("text", "")
    base = mean_of([s.plain_text for s in shown])
    is_base = "the base's" if base is not None else ""
    rows.add("text", (s.text for s in shown), why, base, is_base)
    drops = [
        s.plain_text - s.text if s.text is not None and s.plain_text is not None else None
        for s in shown
    ]
    rows.add("text_drop", drops, why)
    right = [None if s.right is None else float(s.right) for s in shown]
    plain = mean_of([None if s.plain_right is None else float(s.plain_right) for s in shown])
    why = why or "It takes two prompts."
    rows.add("right_prompt", right, why, plain, "the base's" if plain is not None else "")


def _diversity(
    shown: Sequence[EvaluatedImage], features: Callable[[EvaluatedImage], Any]
) -> list[float]:
    """Distances between pictures of one prompt."""
    by_prompt: dict[str, list[Any]] = {}
    for s in shown:
        if features(s):
            by_prompt.setdefault(s.prompt, []).append(features(s))
    pairs = [pair for some in by_prompt.values() for pair in combinations(some, 2)]
    return [d for a, b in pairs if (d := feature_distance(a, b)) is not None]


def grouped(
    shown: Sequence[EvaluatedImage], key: Callable[[EvaluatedImage], str | int]
) -> tuple[Group, ...]:
    """The pictures' means by prompt or by seed, in the order in which they were drawn."""
    names = list(dict.fromkeys(map(key, shown)))
    fields = ("likeness", "text", "plain_text", "background", "iou", "energy_off")
    groups = []
    for name in names:
        some = [s for s in shown if key(s) == name]
        means = {item: mean_of([getattr(s, item) for s in some]) for item in fields}
        groups.append(Group(name, len(some), **means))
    return tuple(groups)


def copies(measured: dict[str, Measured]) -> bool:
    """Whether the pictures plainly copy the photos' pose and expression."""
    found = measured["copy_paste"]
    if found.value is None:
        return False
    return found.value >= COPIED and found.value - (found.plus_minus or 0) > COPIED / 2
