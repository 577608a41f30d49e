"""What the page may ask for, read into what the Python API takes: only known names, right kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pidiff_cli.config import RANDOM, GenerateConfig
from pidiff_cli.errors import UsageError

#: Settings of a picture that the page has fields for; the API checks their ranges.
SETTINGS = (
    "identity_scale", "guidance", "steps", "size", "negative", "scheduler", "start", "hold",
    "prompt_pull", "noun", "checkpoint",
)  # fmt: skip
MOST = 64  # pictures of one job
MOST_STEPS = 100_000  # of a tuning
MOST_SECRET = 1000  # characters of a passphrase
MOST_KEYS = 64 * 1024  # characters of a key file


def text(asked: Mapping[str, Any], key: str, most: int = 2000) -> str:
    """A line of text, "" where it is left out. Raises UsageError: something else."""
    value = asked.get(key, "")
    if not isinstance(value, str) or len(value) > most:
        raise UsageError(f"{key} must be text of at most {most} characters.")
    return value.strip()


def secret(asked: Mapping[str, Any], key: str) -> str:
    """A passphrase as it was typed, blanks and all. Raises UsageError, which never repeats it."""
    value = asked.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError("The passphrase is empty.", "Several words are easy to keep in mind.")
    if len(value) > MOST_SECRET or len(value.splitlines()) > 1:
        raise UsageError(f"A passphrase is one line of at most {MOST_SECRET} characters.")
    return value


def key_file(asked: Mapping[str, Any], key: str) -> str:
    """What stands in a key file. Raises UsageError, which never repeats it."""
    value = asked.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UsageError("The key file is empty.", "Choose one as age-keygen writes it.")
    if len(value) > MOST_KEYS:
        raise UsageError("This is no key file: it is too large.")
    return value


def yes(asked: Mapping[str, Any], key: str, default: bool) -> bool:
    """Whether something is wanted. Raises UsageError: neither true nor false."""
    value = asked.get(key, default)
    if not isinstance(value, bool):
        raise UsageError(f"{key} must be true or false.")
    return value


def mark_of(asked: Mapping[str, Any]) -> str | None:
    """How pictures are marked: None as ever, "none" where "mark" is false. Raises UsageError."""
    return None if yes(asked, "mark", True) else "none"


def number(asked: Mapping[str, Any], key: str, default: float, low: float, high: float) -> float:
    """A number in a range. Raises UsageError: none, or outside."""
    value = asked.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise UsageError(f"{key} must be a number from {low:g} to {high:g}.")
    return value


def settings_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among what was asked, typed as `GenerateConfig` has them; empty ones left out.

    Raises:
        UsageError: lists all that are of another kind.
    """
    kinds: dict[str, Any] = {item.name: type(item.default) for item in fields(GenerateConfig)}
    found, faults = {}, []
    for key in SETTINGS:
        value = asked.get(key)
        if value is None or value == "":
            continue
        try:
            found[key] = str(value).strip() if kinds[key] is str else kinds[key](value)
        except (TypeError, ValueError):
            faults.append(f"{key.replace('_', '-')} is {str(value)[:40]!r}; a number is expected.")
    if faults:
        raise UsageError(" ".join(faults))
    return found


def seed_of(asked: Mapping[str, Any]) -> int | str | None:
    """The seed: a whole number, "random", or None where it is left out. Raises UsageError."""
    value = asked.get("seed")
    if value is None or value == "":
        return None
    if value == RANDOM:
        return RANDOM
    try:
        return int(str(value))
    except ValueError:
        raise UsageError(f"seed is {str(value)[:40]!r}; a whole number is expected.") from None


def edits_of(asked: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Dials that are not at 0, as (name, strength). Raises UsageError: of another form."""
    given = asked.get("edits") or {}
    if not isinstance(given, dict) or len(given) > 100:
        raise UsageError("edits must be names with strengths.")
    pairs = [(str(name)[:80], number(given, name, 0.0, -100, 100)) for name in given]
    return tuple((name, float(x)) for name, x in pairs if x)
