"""Gates: a least or most of a measure, for scripts. Parsed before anything is loaded."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pidiff_cli.errors import UsageError

NAMES = ("likeness", "copied", "copy_paste", "faces", "text")
OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_FORM = re.compile(r"\s*([A-Za-z_-]+)\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*")
_HINT = 'For example: --gate "likeness>=0.45" --gate "copy_paste<0.2"'


@dataclass(frozen=True)
class Gate:
    """A measure and what it has to reach."""

    name: str
    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.limit:g}"


def parse_gates(texts: Iterable[str]) -> tuple[Gate, ...]:
    """`likeness>=0.45` and the like. Raises UsageError: no gate, or no such measure."""
    if isinstance(texts, str):
        texts = (texts,)
    return tuple(_parse(text) for text in texts)


def _parse(text: str) -> Gate:
    found = _FORM.fullmatch(str(text))
    if found is None:
        raise UsageError(f"{text!r} is no gate: a measure, >= <= > or <, a number.", _HINT)
    name = found[1].replace("-", "_").lower()
    if name not in NAMES:
        raise UsageError(f"The gate {text!r} names no measure; it can be {', '.join(NAMES)}.")
    return Gate(name, found[2], float(found[3]))


def passes(
    gates: Iterable[Gate], measures: Mapping[str, Mapping[str, Any]], of: str = ""
) -> tuple[dict[str, Any], ...]:
    """How each gate went: {"gate", "of", "value", "passed", "why", "told"}.

    Args:
        measures: name → a row with "value", and "why" where that is None.
        of: whose measures they are.
    """
    gone = [_outcome(gate, measures, of) for gate in gates]
    return tuple({**one, "told": _told(one)} for one in gone)


def _outcome(gate: Gate, measures: Mapping[str, Mapping[str, Any]], of: str) -> dict[str, Any]:
    row = measures.get(gate.name, {})
    value = row.get("value")
    passed = value is not None and OPERATORS[gate.sign](value, gate.limit)
    why = "" if value is not None else row.get("why") or "it is not measured here"
    return {"gate": str(gate), "of": of, "value": value, "passed": bool(passed), "why": why}


def _told(gone: Mapping[str, Any]) -> str:
    """A gate's outcome as a sentence."""
    of = f" of {gone['of']}" if gone["of"] else ""
    if gone["value"] is None:
        return f"gate {gone['gate']}{of} missed: not measured ({gone['why'].rstrip('.')})"
    return (
        f"gate {gone['gate']}{of} {'passed' if gone['passed'] else 'missed'}: {gone['value']:.3f}"
    )
