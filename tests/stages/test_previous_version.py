"""What version 0.1.0 left, in tests/fixtures/tuned_0_1_0: its recipe loads, its profile draws.

Made at commit 750b77a from the first portrait of the demo, and never made anew:
`pidiff tune portrait_1.png --name fixture --noun man --recipe mine.yaml --no-photos`,
`pidiff profile forget fixture`, `pidiff generate fixture "as a chef" --seed 5 --steps 2`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from pidiff_cli import api
from pidiff_cli.core.images import read_photo
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import load_recipe
from tests.support.places import FIXTURES

LEFT = FIXTURES / "tuned_0_1_0"
#: What drawing took from the recipe of mini then; a recipe may change.
DRAWN = {"guidance": 2.5, "identity_scale": 1.0, "start": 0.07, "keep_background": 1.0, "size": 128}


def test_a_recipe_with_dropped_keys_loads_and_names_them() -> None:
    recipe = load_recipe(str(LEFT / "mine.yaml"))
    assert {"flips", "feedback", "likeness_weight", "channels_last", "compile"} <= {*recipe.dropped}
    assert recipe.tune["steps"] == 2 and not {*recipe.dropped} & recipe.tune.keys()
    assert recipe.generate["hold"] == 0.5


def test_a_tuned_profile_draws_as_it_did(tmp_path: Path) -> None:
    shutil.copytree(LEFT / "profile", tmp_path / "profiles" / "fixture")
    assert Profile.open("fixture", tmp_path).verify() == []
    made = api.generate(
        "fixture",
        "as a chef",
        home=tmp_path,
        out=tmp_path,
        device="cpu",
        seed=5,
        steps=2,
        mark="none",
        **DRAWN,
    )
    then = read_photo(LEFT / "as-a-chef-5.png").astype(int)
    now = read_photo(made.images[0].path)
    assert np.abs(now - then).max() <= 3  # another processor's last bits
