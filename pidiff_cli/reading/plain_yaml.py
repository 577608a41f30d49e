"""The part of YAML that settings need: tables, lists, text, numbers, yes and no."""

from __future__ import annotations

import re
from typing import Any

import yaml

DEPTH = 8
_DIGITS = 40  # of a number
_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(?:0|[1-9][0-9_]*)"),
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    ),
}
_KEPT = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")


class PlainLoader(yaml.SafeLoader):
    """PyYAML's safe loader without aliases, anchors, tags, merges, dates and base 60."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One node; what could name another or build something is refused."""
        if self.check_event(yaml.AliasEvent):
            self._refuse("an alias is not taken")
        event = self.peek_event()
        if getattr(event, "anchor", None) is not None:
            self._refuse("an anchor is not taken")
        if getattr(event, "tag", None) is not None:
            self._refuse("a tag is not taken")
        self.depth += 1
        if self.depth > DEPTH:
            self._refuse(f"nested deeper than {DEPTH}")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A table; a key that stands twice is refused."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) != len(keys):
            raise yaml.constructor.ConstructorError(
                None, None, "a key stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)

    def _refuse(self, why: str) -> None:
        raise yaml.composer.ComposerError(None, None, why, self.peek_event().start_mark)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    kept: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items():
        kept[letter] = [(tag, match) for tag, match in pairs if tag in _KEPT]
    for tag, pattern in _NUMBERS.items():
        whole = re.compile(rf"(?=.{{1,{_DIGITS}}}$)(?:{pattern.pattern})$")
        for letter in "-+.0123456789":
            kept.setdefault(letter, []).append((tag, whole))
    return kept


PlainLoader.yaml_implicit_resolvers = _resolvers()
