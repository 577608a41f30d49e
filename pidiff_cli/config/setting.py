"""A setting, and the configuration that holds some: checked as it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pidiff_cli.errors import UsageError
from pidiff_cli.values import KINDS, edit_problems, prompt_problems, shown, value_problems

DEVICES = ("auto", "cpu", "cuda", "mps")


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    option: str = "",
    words: tuple[str, ...] = (),
) -> Any:
    """A dataclass field that carries its help text, unit and allowed range (ends included).

    ``option``: what the command line calls it, where that is not the field's name. ``words``: what
    may stand for a number there.
    """
    metadata = {
        "help": help, "unit": unit, "low": low, "high": high, "choices": choices, "option": option,
        "words": words,
    }  # fmt: skip
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class CommonConfig:
    """What every command shares."""

    home: Path = setting(Path("."), "folder that holds profiles/ and models/")
    device: str = setting("auto", "where to compute", choices=DEVICES)
    offline: bool = setting(False, "never reach for the network")

    def __post_init__(self) -> None:
        """A configuration that exists is sound. Raises UsageError that lists every fault."""
        if found := problems(self):
            raise UsageError(" ".join(found))


def problems(config: CommonConfig) -> list[str]:
    """Everything wrong with a configuration, one sentence each; empty when it is sound."""
    found = _field_problems(type(config), vars(config))
    found += edit_problems(getattr(config, "edits", ()))
    prompts = (*getattr(config, "prompts", ()), *filter(None, [getattr(config, "prompt", "")]))
    return found + prompt_problems(prompts)


def check_values(kind: type[CommonConfig], given: Mapping[str, Any]) -> None:
    """What was given for a configuration that is made later; None is not given.

    Raises:
        UsageError: lists every value that cannot be.
    """
    values = {key: value for key, value in given.items() if value is not None}
    if found := _field_problems(kind, values):
        raise UsageError(" ".join(found))


def _field_problems(kind: type[CommonConfig], values: Mapping[str, Any]) -> list[str]:
    found = []
    for item in fields(kind):
        if item.name not in values:
            continue
        value = values[item.name]
        wanted, words = KINDS.get(str(item.type), (object, ""))
        if not isinstance(value, wanted) or (isinstance(value, bool) and item.type != "bool"):
            found.append(f"{item.name.replace('_', '-')} is {shown(value)}; {words} is expected.")
        else:
            found += value_problems(item.name, value, dict(item.metadata))
    return found
