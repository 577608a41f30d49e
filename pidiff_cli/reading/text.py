"""JSON and YAML against a schema: size, count and depth are bounded before anything is built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from pidiff_cli.reading.bytes_of import MB, Refused, read_bytes, too_large

DEPTH = 12  # of nested lists and tables; a manifest has 5
ITEMS = 400_000  # values of one document: what Python makes of them stays below 100 MB
SMALL = 4 * MB  # a manifest of a thousand photos has 1.5 MB
YAML_BYTES = 64_000  # a recipe has 1 kB; PyYAML reads 100 kB a second
_LONG_NUMBER = re.compile(rb"[0-9]{400}")  # no number of ours; Python takes long over many digits


def read_json(
    path: Path, kind: Any, limit: int = SMALL, items: int = ITEMS, infinite: bool = False
) -> Any:
    """A JSON file as a value of `kind`; as `parse_json` takes its arguments.

    Raises:
        Refused: as `parse_json`, or the file cannot be read.
    """
    return parse_json(read_bytes(path, limit), kind, path.name, limit, items, infinite)


def read_lines(path: Path, kind: Any, limit: int) -> list[Any]:
    """A file of one JSON document a line; `limit` in bytes. Raises Refused."""
    data = read_bytes(path, limit)
    if (lines := data.count(b"\n")) > ITEMS:
        raise Refused(path.name, f"it has {lines} lines; {ITEMS} is the most")
    return [parse_json(line, kind, path.name, limit) for line in data.splitlines() if line.strip()]


def parse_json(
    data: bytes | str, kind: Any, what: str, limit: int = SMALL, items: int = ITEMS,
    infinite: bool = False,
) -> Any:  # fmt: skip
    """A JSON text as a value of `kind`: a msgspec schema, or built-in types.

    NaN and infinity, which Python's `json` writes and JSON has not, are null. A key that stands
    twice is refused.

    Args:
        what: the text's name, for the sentence. limit: bytes. items: values at most.
        infinite: NaN and infinity are taken as they are: a sampler's settings have such.

    Raises:
        Refused: no JSON, larger or deeper than the limits, or not what `kind` says.
    """
    return fitted(_plain(data, what, limit, items, infinite), kind, what)


def fitted(value: Any, kind: Any, what: str) -> Any:
    """A value of plain JSON types as one of `kind`. Raises Refused where it does not fit."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError, RecursionError, ValueError) as error:
        raise Refused(what, short(f"{error}")) from error


def short(text: str, most: int = 160) -> str:
    """One line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _plain(data: bytes | str, what: str, limit: int, items: int, infinite: bool) -> Any:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > limit:
        raise Refused(what, too_large(len(raw), limit))
    if sum(map(raw.count, (b",", b"[", b"{", b":"))) > items:
        raise Refused(what, f"it holds more than {items} values")
    if _LONG_NUMBER.search(raw):
        raise Refused(what, "it holds a number of many digits")
    try:
        value = json.loads(
            raw.decode("utf-8", "surrogatepass"),
            parse_constant=float if infinite else lambda name: None,
            object_pairs_hook=_table,
        )
    except RecursionError as error:
        raise Refused(what, "it is nested too deep") from error
    except ValueError as error:
        raise Refused(what, f"it is no JSON ({short(str(error), 80)})") from error
    check_depth(value, DEPTH, what)
    return value


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table


def check_depth(value: Any, depth: int, what: str) -> None:
    """Raise Refused where lists and tables are nested deeper."""
    level: list[Any] = [value]
    for _ in range(depth):
        below: list[Any] = []
        for item in level:
            below.extend(_inside(item))
        level = [item for item in below if isinstance(item, (dict, list))]
        if not level:
            return
    raise Refused(what, f"it is nested deeper than {depth}")


def _inside(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def parse_yaml(text: str, kind: Any, what: str, limit: int = YAML_BYTES) -> Any:
    """A YAML text as a value of `kind`, by the part of YAML that settings need.

    Refused are aliases, anchors, tags, keys that stand twice; a date is text.

    Raises:
        Refused: no YAML, larger or deeper than the limits, or not what `kind` says.
    """
    if len(text) > limit:
        raise Refused(what, too_large(len(text), limit))
    import yaml

    from pidiff_cli.reading.plain_yaml import PlainLoader

    try:
        loader = PlainLoader(text)
        try:
            value = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = short(str(getattr(error, "problem", "") or "not readable"), 80)
        raise Refused(what, f"it is no YAML{place} ({problem})") from error
    except (ValueError, RecursionError, OverflowError) as error:
        raise Refused(what, f"it is no YAML ({short(str(error), 80)})") from error
    return fitted(value, kind, what)
