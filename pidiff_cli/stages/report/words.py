"""A likeness in words, and where no number may be told."""

from __future__ import annotations

from pidiff_cli.profile import Profile
from pidiff_cli.profile.world import PHOTOGRAPHS, world_of

#: Shares of the way from a stranger to the person's own photos, and what they mean.
WORDS = (
    (0.9, "as alike as your photos are to one another"),
    (0.7, "plainly this person"),
    (0.45, "this person, roughly"),
    (0.2, "only a little like this person"),
)
ANYBODY = "could be anybody"
#: Between a photograph and one of mini's drawings SFace is at chance (rank-1 0.06 of 36 people) and
#: mini's embedder not far above (0.28): benchmarks/quality/line_ups.py.
NOT_TOLD = (
    "how alike: compare the report's pictures; no network here tells a drawing's person from a "
    "photograph's"
)


def in_words(score: float, own: float | None, strangers: float | None) -> str:
    """What a likeness means between strangers and the person's own photos; "" without both.

    Args:
        own: of the photos among themselves. strangers: of the same pictures with other people.
    """
    if own is None or strangers is None or own - strangers < 0.05:
        return ""
    share = (score - strangers) / (own - strangers)
    return next((words for least, words in WORDS if share >= least), ANYBODY)


def tells_nothing(profile: Profile, family: str) -> bool:
    """Whether the person is known from photographs and drawn by mini: then no number is told."""
    return family == "mini" and world_of(profile) == PHOTOGRAPHS
