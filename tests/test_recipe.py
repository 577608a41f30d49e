"""Recipes: what is shipped is sound, what is not is refused with every fault named."""

from __future__ import annotations

import pytest

from pidiff_cli.config import GenerateConfig, PrepareConfig, TuneConfig, problems
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.recipe import load_recipe, parse_recipe, recipe_names, recipes_folder, settings_for


@pytest.mark.parametrize("name", recipe_names())
def test_a_shipped_recipe(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    TuneConfig(name="alice", **recipe.tune)
    GenerateConfig(name="alice", prompts=("as a chef",), **recipe.generate)
    header = (recipes_folder() / f"{name}.yaml").read_text()
    assert all(word in header for word in ("# Command:", "# Memory:", "# Time:"))


def test_what_is_shipped():
    assert {"mini-cpu", "fast", "quality"} <= set(recipe_names())
    assert load_recipe("auto", "mini").name == "mini-cpu"


def test_all_faults_at_once():
    text = "name: x\nbase: tiny\nspeed: 1\ntune: {steps: 0, rank: many, warp: 9}\ngenerate: 5\n"
    with pytest.raises(InputError) as caught:
        parse_recipe(text, "x.yaml")
    for word in ("base", "speed", "tune.steps", "tune.rank", "tune.warp", "generate"):
        assert word in caught.value.message


@pytest.mark.parametrize("text", ["", "- a", "a: [", "5", "name: x"])
def test_no_recipe_at_all(text):
    with pytest.raises(InputError):
        parse_recipe(text, "x.yaml")


@pytest.mark.parametrize("key", ["home", "name", "seed", "prompts", "restart"])
def test_what_a_recipe_may_not_set(key):
    with pytest.raises(InputError, match="unknown"):
        parse_recipe(f"name: x\nbase: mini\ntune: {{{key}: 1}}\n", "x.yaml")


def test_true_is_no_number():
    with pytest.raises(InputError, match="whole number"):
        parse_recipe("name: x\nbase: mini\ntune: {steps: true}\n", "x.yaml")


def test_an_unknown_recipe_and_base():
    with pytest.raises(UsageError):
        load_recipe("slow")
    with pytest.raises(UsageError):
        load_recipe("auto", "sd3")
    assert load_recipe("auto", "sd15").base == "sd15"
    assert load_recipe("auto", "sdxl").base == "sdxl"


def test_what_a_person_gave_wins():
    recipe = load_recipe("fast")
    values = settings_for(recipe, "tune", steps=7, rank=None)
    assert values["steps"] == 7 and values["rank"] == recipe.tune["rank"]


def test_every_field_has_help():
    for kind in (PrepareConfig, TuneConfig, GenerateConfig):
        for name, item in kind.__dataclass_fields__.items():
            assert item.metadata["help"], name
            assert not item.metadata["help"].endswith("."), name


def test_the_defaults_are_in_range():
    assert problems(TuneConfig(name="a")) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"count": 0}, "count"),
        ({"guidance": float("nan")}, "guidance"),
        ({"device": "x"}, "device"),
    ],
)
def test_what_is_out_of_range(change, word):
    with pytest.raises(UsageError, match=word):
        GenerateConfig(prompts=("a",), **change)
