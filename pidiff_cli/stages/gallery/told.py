"""What a gallery tells of a picture's record: the only place that reads one here.

Records may come from strangers: nothing of one is taken as it is, only named values of the right
kind, as text without control characters, and never a path of somebody's machine.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pidiff_cli.core.record import profile_ids, read_record
from pidiff_cli.errors import InputError

LONGEST = 2000  # characters of a prompt
#: Settings that `pidiff again --set` takes, by their names in a record, as the command calls them.
CHANGES = {
    "identity_scale": "identity_scale", "steps": "steps", "guidance": "guidance",
    "prompt_pull": "prompt_pull", "start": "start", "hold": "keep_background", "size": "size",
    "negative": "negative", "scheduler": "scheduler",
    "noun": "noun", "checkpoint": "checkpoint",
}  # fmt: skip
_JOINERS = "\u200c\u200d"  # of emoji and some scripts; other invisible signs can deceive
_ID = re.compile(r"[\w-]{1,64}")


@dataclass(frozen=True)
class ToldRecord:
    """A record as a page may show it.

    Attributes:
        kind: "drawn", which can be drawn again; "mix", of stylemix; "other": not ours, or odd.
        prompt, full: as typed, and as the base read it. seed: digits, "" where there is none.
        profile: the id of whom it shows; name: of an old record, which held one.
        settings: what `again` can change, in the order of CHANGES.
        more: what else is told, in words. profiles: the ids of all whose features went into it.
    """

    kind: str = "other"
    prompt: str = ""
    full: str = ""
    seed: str = ""
    profile: str = ""
    name: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()


def told_record(path: Path) -> ToldRecord:
    """The record inside a picture; of kind "other" where there is none that can be read."""
    try:
        return _told(read_record(path))
    except InputError:
        return ToldRecord()


def _told(record: dict[str, Any]) -> ToldRecord:
    settings, profile = _dict(record.get("settings")), _dict(record.get("profile"))
    base, versions = _dict(record.get("base")), _dict(record.get("versions"))
    mix = "stylemix" in record or "b" in record
    prompt, seed = plain_text(record.get("prompt")), _whole(record.get("seed"))
    drawn = bool(prompt and seed and isinstance(record.get("settings"), dict))
    key = str(profile.get("id", ""))
    more = {
        "edits": _edits(settings.get("edits")),
        "style from": _no_path(plain_text(settings.get("style_from"))),
        "base": _no_path(plain_text(base.get("name"))),
        "pidiff": plain_text(versions.get("pidiff"), 40),
        "torch": plain_text(versions.get("torch"), 40),
    }
    return ToldRecord(
        kind="mix" if mix else "drawn" if drawn else "other",
        prompt=prompt,
        full=plain_text(record.get("full_prompt")),
        seed=seed,
        profile=key if _ID.fullmatch(key) else "",
        name=_no_path(plain_text(profile.get("name"), 64)),
        settings={
            said: _value(settings[name])
            for name, said in CHANGES.items()
            if settings.get(name) == "" or _value(settings.get(name))
        },
        more={name: value for name, value in more.items() if value},
        profiles=tuple(sorted(profile_ids(record))),
    )


def plain_text(value: Any, most: int = LONGEST) -> str:
    """A string on one line, without signs that control a terminal or turn the reading direction;
    "" for what is no string."""
    if not isinstance(value, str):
        return ""
    line = " ".join(value[: 4 * most].split())
    kept = "".join(c for c in line if c in _JOINERS or unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= most else kept[: most - 1] + "…"


def _value(value: Any) -> str:
    """A setting as text: whole or finite numbers as a command takes them, or a line of text."""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.12g}"
    return _whole(value) or plain_text(value, 400)


def _whole(value: Any) -> str:
    """The digits of a whole number that fits 64 bits; "" for anything else."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return str(value) if fits else ""


def _edits(value: Any) -> str:
    pairs = [pair for pair in value if isinstance(pair, list)] if isinstance(value, list) else []
    told = [(plain_text(pair[0], 40), _value(pair[1])) for pair in pairs[:40] if len(pair) == 2]
    return ", ".join(f"{name}={amount}" for name, amount in told if name and amount)


def _no_path(text: str) -> str:
    """The last part of what may be a path."""
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
