"""Words that a base knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownWords:
    """Result of `words`: kinds of things → phrases that are drawn; looks that edits draw; edits →
    what they do."""

    about: str
    groups: dict[str, list[str]]
    looks: tuple[str, ...]
    edits: dict[str, str]


@dataclass(frozen=True)
class ReadWords:
    """Result of `words PROMPT`: the words that are drawn, edits that others become, what is not
    known (with what comes nearest), and what else is to be said."""

    prompt: str
    drawn: tuple[str, ...]
    edits: tuple[str, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
