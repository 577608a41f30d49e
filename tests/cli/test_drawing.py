"""How `generate` draws: the recipe's settings under the ones that were given."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pidiff_cli import recipe

RECIPE = """name: mini-cpu
base: mini
generate: {start: 0.1, guidance: 3.0, negative: a hat, scheduler: tcd}
"""


@pytest.fixture
def alice(
    pidiff: Any,
    photos: Path,
    stages: dict[str, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> str:
    """A tuned profile whose recipe sets how its pictures are drawn."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "mini-cpu.yaml").write_text(RECIPE)
    monkeypatch.setattr(recipe, "recipes_folder", lambda: folder)
    assert pidiff("tune", photos, "--name", "alice").code == 0
    return "alice"


def test_every_setting_of_the_recipe_is_drawn_with(
    pidiff: Any, alice: str, stages: dict[str, ModuleType]
) -> None:
    """Also those with a default of their own."""
    pidiff("generate", alice, "as a chef")
    config = stages["generate"].configs[-1]
    assert (config.start, config.guidance, config.negative) == (0.1, 3.0, "a hat")
    assert config.scheduler == "tcd"


def test_what_is_given_comes_before_the_recipe(
    pidiff: Any, alice: str, stages: dict[str, ModuleType]
) -> None:
    """0 is a value, not the absence of one."""
    pidiff("generate", alice, "as a chef", "--start", "0", "--negative", "")
    config = stages["generate"].configs[-1]
    assert (config.start, config.guidance, config.negative) == (0.0, 3.0, "")


def test_a_recipe_that_is_gone_is_replaced_by_the_base_s_own(alice: str) -> None:
    """A profile may come from a machine with recipes of its own."""
    assert recipe.recipe_of("mine", "mini").generate["start"] == 0.1
