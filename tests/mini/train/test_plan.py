"""The plan of mini's training makes networks of the shipped sizes, end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from mini.train import run as command
from mini.train.faces import networks, strangers
from mini.train.faces.augment import Textures
from mini.train.wplus import seeking
from mini.world.factors import NAMES
from pidiff_cli.core.diffusion.base import open_base
from pidiff_cli.core.metrics.judge import load_judge
from pidiff_cli.core.wplus.prior import COUNT
from pidiff_cli.core.wplus.weights import read_sizes
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS
from tests.support.tiny_bank import working_in

OPTIONS = ["--go", "--pictures", "16", "--steps", "1", "--batch", "4", "--workers", "1"]
#: How many codes and strangers there are is no size of a network; a prior keeps as many directions
#: as there are photos, at most COUNT.
COUNTED = {"prior.safetensors", "faces/strangers.safetensors"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The weights of the whole plan on sixteen pictures, a step each, in two calls."""
    with pytest.MonkeyPatch.context() as patch, working_in(tmp_path_factory.mktemp("plan")) as at:
        patch.setattr(strangers, "COUNT", 2)
        patch.setattr(seeking, "COUNT", 12)
        patch.setattr(networks, "Textures", lambda seed, count=0: Textures(0, 4, real=False))
        assert not command.main([*OPTIONS, "--minutes-per-call", "0.0001"])
        assert command.main(OPTIONS)
        yield at / command.MADE


def shapes(path: Path) -> dict[str, Any]:
    """Each tensor's shape in a safetensors file."""
    with safe_open(path, "pt") as file:
        return {key: list(file.get_slice(key).get_shape()) for key in file.keys()}


def test_every_network_has_the_shipped_size(made: Path) -> None:
    files = {p.relative_to(PACKAGE_WEIGHTS) for p in PACKAGE_WEIGHTS.rglob("*.safetensors")}
    assert {p.relative_to(made) for p in made.rglob("*.safetensors")} == files
    for file in files:
        if file.as_posix() not in COUNTED:
            assert shapes(made / file) == shapes(PACKAGE_WEIGHTS / file), file
    kept = shapes(PACKAGE_WEIGHTS / "prior.safetensors")
    assert any(shape[0] == COUNT for shape in kept.values())
    assert shapes(PACKAGE_WEIGHTS / "faces/strangers.safetensors")["embeddings"][0] == 100


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_every_part_says_the_shipped_sizes(made: Path, part: str) -> None:
    own, shipped = (
        json.loads((root / "diffusers" / part / "config.json").read_text(encoding="utf-8"))
        for root in (made, PACKAGE_WEIGHTS)
    )
    # the autoencoder's factor is measured; its default widths say nothing beside the two others
    for measured in ("scaling_factor", "block_out_channels" if part == "vae" else ""):
        own.pop(measured, None), shipped.pop(measured, None)
    assert own == shipped


def test_the_sizes_of_codes_and_the_words_are_the_shipped_ones(made: Path) -> None:
    assert read_sizes(made) == read_sizes(PACKAGE_WEIGHTS)
    assert read_sizes(made)["factors"] == list(NAMES)
    own, shipped = load_judge(made / "judge"), load_judge(PACKAGE_WEIGHTS / "judge")
    assert own.class_names == shipped.class_names and own.words == shipped.words
    assert own.factor_names == shipped.factor_names


def test_the_program_opens_it(made: Path) -> None:
    base = open_base(made / "diffusers", made / "identity")
    assert (base.rows, base.dim) == (12, 80)


def test_other_settings_are_refused(made: Path) -> None:
    with pytest.raises(SystemExit, match="--pictures 16"):
        command.main([*OPTIONS, "--pictures", "17"])
