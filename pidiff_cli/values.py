"""What a value may be, whoever gives it: the command line, a recipe, a picture's record, Python.

Told in sentences, without a look at any weight; `config` asks it for every field.
"""

from __future__ import annotations

import math
import re
from numbers import Integral, Real
from typing import Any

from pidiff_cli.errors import UsageError

MAX_SEED = 2**63 - 1
MAX_PROMPT = 2_000  # characters; every text encoder here reads 77 tokens at most
MAX_EDIT = 20.0  # of an edit's strength; published sliders go to 15
OWN = -1  # of a checkpoint: the profile's own
LAYERS = ("coarse", "medium", "fine")  # groups of W+ layers
# Controls (C0, DEL, C1), separators of lines, marks of direction, and what is invisible; not the
# joiners that emoji and some scripts need.
CONTROLS = (
    "\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_SIGNS = re.compile(f"[\x01-\x1f{CONTROLS}]")  # NUL: a space that `cli/lines.py` keeps whole
_SIGNS_IN_LINES = re.compile(f"[\x00-\x08\x0b-\x1f{CONTROLS}]")
#: What a field's type takes (numpy's numbers too), and how a person is told.
KINDS: dict[str, tuple[type, str]] = {
    "int": (Integral, "a whole number"),
    "float": (Real, "a number"),
    "bool": (bool, "True or False"),
    "str": (str, "text"),
}


def edit_problems(edits: tuple[tuple[str, float], ...]) -> list[str]:
    """What is wrong with (name, strength) pairs, one sentence each."""
    found = []
    for name, strength in edits:
        if isinstance(strength, bool) or not isinstance(strength, Real) or _no_number(strength):
            found.append(f"The edit {name} has the strength {strength!r}; a number is expected.")
        elif abs(strength) > MAX_EDIT:
            found.append(
                f"The edit {name} has the strength {strength:g}; {MAX_EDIT:g} is the most, "
                f"{-MAX_EDIT:g} the least."
            )
    return found


def prompt_problems(prompts: tuple[str, ...]) -> list[str]:
    """What is wrong with prompts, one sentence each."""
    found = []
    for prompt in prompts:
        if not isinstance(prompt, str):
            found.append(f"A prompt is {prompt!r}; text is expected.")
        elif not prompt.strip():
            found.append("A prompt is empty.")
        elif not is_text(prompt):
            found.append("A prompt has bytes that are no UTF-8.")
        elif len(prompt) > MAX_PROMPT:
            found.append(f"A prompt has {len(prompt)} characters; {MAX_PROMPT} is the most.")
    return found


def value_problems(name: str, value: Any, metadata: dict[str, Any]) -> list[str]:
    """What is wrong with one value, given its field's metadata."""
    option = metadata.get("option") or name.replace("_", "-")
    choices, low, high = metadata["choices"], metadata["low"], metadata["high"]
    unit = f" {metadata['unit']}" if metadata["unit"] else ""
    if choices and value not in choices:
        return [f"{option} is {shown(value)}; it can be {', '.join(filter(None, choices))}."]
    if isinstance(value, str):
        if not is_text(value):
            return [f"{option} has bytes that are no UTF-8."]
        long = len(value) > MAX_PROMPT
        return [f"{option} has {len(value)} characters; {MAX_PROMPT} is the most."] if long else []
    if isinstance(value, bool) or not isinstance(value, Real):
        return []
    if _no_number(value):
        return [f"{option} is {value}; a number is expected."]
    if low is not None and value < low:
        return [f"{option} is {shown(value)}; {low}{unit} is the least."]
    if high is not None and value > high:
        return [f"{option} is {shown(value)}; {high}{unit} is the most."]
    return []


def check_seeds(first: int, count: int) -> None:
    """Raise UsageError where the last of `count` pictures had a seed that cannot be given."""
    if first + count - 1 > MAX_SEED:
        raise UsageError(
            f"seed is {first}; with {count} pictures {MAX_SEED - count + 1} is the most."
        )


def style_layers(wish: str) -> tuple[str, str, float]:
    """Profile, group and share of ``bob:fine`` or ``bob:fine=0.5``.

    Raises:
        UsageError: another form, no such group, or a share outside 0 to 1.
    """
    name, _, rest = wish.rpartition(":")
    group, _, amount = rest.partition("=")
    if not name or group not in LAYERS:
        raise UsageError(
            f"{wish!r} names no layers of a profile.",
            "Write it so: --style-from bob:fine, or bob:coarse=0.5",
        )
    try:
        share = float(amount) if "=" in rest else 1.0
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UsageError(f"{amount!r} is no amount of {group}.", "It can be 0 to 1.")
    return name, group, share


def is_text(value: str) -> bool:
    """Whether a word of the command line was UTF-8 (Python keeps other bytes as surrogates)."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def shown(value: object) -> str:
    """A wrong value as it is told: short, whatever it is."""
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of many digits"
    text = str(value) if isinstance(value, Real) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def visible(text: str, lines: bool = False) -> str:
    """Text with every sign that moves a cursor, colours, hides or turns letters written as its
    escape: ESC as ``\\x1b``.

    Args:
        lines: line ends and tabs stay as they are.
    """
    return (_SIGNS_IN_LINES if lines else _SIGNS).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    if short := {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found[0]):
        return short
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        number -= 0xDC00
    form = "\\x{:02x}" if number < 0x100 else "\\u{:04x}" if number < 0x10000 else "\\U{:08x}"
    return form.format(number)


def _no_number(value: Any) -> bool:
    """NaN or infinite."""
    return not isinstance(value, Integral) and not math.isfinite(value)
