"""What a value may be: numbers that are none, seeds, texts; for every field of every command."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli import config
from pidiff_cli.config import CommonConfig, GenerateConfig, StylemixConfig
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.recipe import parse_recipe
from pidiff_cli.values import LAYERS, MAX_SEED, shown, style_layers

CONFIGS = [
    kind
    for kind in vars(config).values()
    if isinstance(kind, type) and issubclass(kind, CommonConfig) and kind is not CommonConfig
]
NUMBERS = [
    (kind, item) for kind in CONFIGS for item in fields(kind) if item.type in ("int", "float")
]
WRONG = (float("nan"), float("inf"), -float("inf"), 1e30, -1e30, np.float32("nan"), 10**30)


@pytest.mark.parametrize(
    ("kind", "item"), NUMBERS, ids=[f"{k.__name__}.{f.name}" for k, f in NUMBERS]
)
def test_every_number_has_two_ends_and_is_one(kind: type[CommonConfig], item: Any) -> None:
    assert item.metadata["low"] is not None and item.metadata["high"] is not None
    for value in WRONG:
        with pytest.raises(UsageError):
            kind(**{item.name: value})


@pytest.mark.parametrize("strength", [*WRONG, "much", True, None])
def test_every_number_in_a_tuple_is_one(strength: Any) -> None:
    with pytest.raises(UsageError, match="The edit smile has the strength"):
        GenerateConfig(edits=(("age", 1.0), ("smile", strength)))


def test_every_pictures_seed_can_be_given_again() -> None:
    assert GenerateConfig(seed=MAX_SEED).seed == 2**63 - 1
    for kind in (GenerateConfig, StylemixConfig, config.EvaluateConfig):
        with pytest.raises(UsageError, match="with 2 pictures 9223372036854775806 is the most"):
            kind(seed=MAX_SEED, count=2)
    with pytest.raises(UsageError, match="seed is a number of many digits"):
        GenerateConfig(seed=10**5000)


@pytest.mark.parametrize("field", ["negative", "scheduler", "style_from", "name"])
def test_texts_are_utf8(field: str) -> None:
    with pytest.raises(UsageError, match="no UTF-8"):
        GenerateConfig(**{field: b"caf\xe9".decode("utf-8", "surrogateescape")})


def test_prompts_are_utf8() -> None:
    for kind, name in ((GenerateConfig, "prompts"), (StylemixConfig, "prompt")):
        text = b"in a caf\xe9".decode("utf-8", "surrogateescape")
        with pytest.raises(UsageError, match="A prompt has bytes that are no UTF-8"):
            kind(**{name: (text,) if name == "prompts" else text})
    with pytest.raises(UsageError, match="A prompt is empty"):
        StylemixConfig(prompt="  ")


@pytest.mark.parametrize(
    "wish", ["bob", "bob:", ":fine", "bob:fin", "bob:fine=", "bob:fine=x", "bob:fine=nan",
             "bob:fine=2", "bob:fine=-1", "bob:fine=1e30"],
)  # fmt: skip
def test_layers_of_another_form(wish: str) -> None:
    with pytest.raises(UsageError):
        style_layers(wish)


def test_layers_of_another() -> None:
    assert style_layers("bob:fine") == ("bob", "fine", 1.0)
    assert style_layers("a/b:c:coarse=0.5") == ("a/b:c", "coarse", 0.5)


def test_the_groups_of_layers_are_those_that_are_mixed() -> None:
    from pidiff_cli.core.wplus.editing import GROUPS

    assert GROUPS == LAYERS


@pytest.mark.parametrize("value", [".nan", ".inf", "1.0e+30", "-.inf"])
def test_a_recipes_numbers(value: str) -> None:
    with pytest.raises(InputError, match="generate.guidance"):
        parse_recipe(f"name: a\nbase: mini\ngenerate: {{guidance: {value}}}\n", "a.yaml")


def test_a_wrong_value_is_told_short() -> None:
    assert len(shown("x" * 5000)) == 80 and shown(10**400) == "a number of many digits"
    assert shown(1.5) == "1.5" and shown("a") == "'a'"


def test_every_file_says_its_encoding() -> None:
    """Another system's own is not UTF-8: JSON, recipes and reports are."""
    import ast

    found = []
    for path in Path(config.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            said = any(word.arg == "encoding" for word in node.keywords)
            of = ast.unparse(node.func.value)
            if of in ("formatter", "super()"):  # click's, of help: no file
                continue
            if node.func.attr in ("read_text", "write_text") and not said:
                found.append(f"{path.name}:{node.lineno}")
    assert not found
