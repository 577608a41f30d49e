"""`hold`: away from the subject the first steps follow the base's own prediction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion import predicting
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.predicting import Predictor
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity import attention
from tests.tiny_base import DIM, ROWS, SIZE, make_base

FREE = DrawSettings(steps=4, size=SIZE)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder: Path = make_base(tmp_path_factory.mktemp("base"), values=4.0)
    return load_base(folder)


@pytest.fixture(scope="module")
def prompt(base: Base) -> EncodedPrompt:
    return encode_prompt(base, "a photo of a woman as an astronaut", "woman")


@pytest.fixture(scope="module")
def w() -> Tensor:
    return torch.randn(ROWS, DIM, generator=torch.Generator().manual_seed(5))


def _change(base: Base, prompt: EncodedPrompt, w: Tensor, hold: float) -> float:
    plain = draw(base, prompt, None, [1], FREE).images.astype(int)
    held = draw(base, prompt, w, [1], replace(FREE, hold=hold)).images
    return float(np.abs(held - plain).mean())


def test_the_longer_it_holds_the_less_changes(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    """The identity still shows where the subject is."""
    changes = [_change(base, prompt, w, hold) for hold in (0.0, 0.5, 1.0)]
    assert changes[0] > changes[1] > changes[2] > 0


def test_nothing_changes_where_the_subject_is_not(
    base: Base, prompt: EncodedPrompt, w: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a map of zeros every step is the base's own, though the branch itself is at work."""

    def nowhere(self: Predictor, like: Tensor) -> Tensor:
        return torch.zeros(len(like), 1, *like.shape[-2:])

    free = _change(base, prompt, w, 0.0)
    monkeypatch.setattr(Predictor, "_area", nowhere)
    monkeypatch.setattr(Predictor, "_asked", lambda self, held: (self.guided, True))
    assert _change(base, prompt, w, 1.0) < 0.01 < free  # another order of sums, no more


def test_held_steps_cost_no_row_more(
    base: Base, prompt: EncodedPrompt, w: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step does not ask for comes from the step before, and that holds nearly as well."""
    asked: list[int] = []
    rows = Predictor._rows

    def counted(self: Predictor, x: Tensor, t: Tensor, without: bool, own: bool) -> Any:
        asked.append(1 + without + own)
        return rows(self, x, t, without, own)

    monkeypatch.setattr(Predictor, "_rows", counted)
    _change(base, prompt, w, 1.0)
    assert asked == [2] * 8  # without identity, then with it
    asked.clear()
    monkeypatch.setattr(predicting, "LONG", 5)
    in_turn = _change(base, prompt, w, 1.0)
    assert asked == [2, 2, 2, 2, 3, 2, 2, 2]  # too few to give one away
    monkeypatch.setattr(Predictor, "_asked", lambda self, held: (self.guided, True))
    always, free = _change(base, prompt, w, 1.0), _change(base, prompt, w, 0.0)
    assert abs(in_turn - always) < 0.5 * (free - always)


@pytest.mark.parametrize("more", [{"identity_scale": 0.0}, {"start": 1.0}])
def test_without_identity_no_row_is_added(
    base: Base, prompt: EncodedPrompt, w: Tensor, more: dict[str, float]
) -> None:
    """λ = 0 stays the stock pipeline; so do the steps before `start`."""
    plain = draw(base, prompt, None, [1], FREE).images
    assert np.array_equal(draw(base, prompt, w, [1], replace(FREE, hold=1.0, **more)).images, plain)


def test_the_maps_given_back_are_those_of_the_identity(
    base: Base, prompt: EncodedPrompt, w: Tensor
) -> None:
    """The extra pass without identity leaves no map of its own behind."""
    maps = draw(base, prompt, w, [1, 2], replace(FREE, hold=1.0), record=True).maps
    assert maps is not None and maps.shape == (2, SIZE // 8, SIZE // 8) and maps.max() <= 1 + 1e-5
    assert isinstance(base.context, attention.IdentityContext) and not base.context.maps


def test_a_batch_and_no_guidance_hold_the_same(
    base: Base, prompt: EncodedPrompt, w: Tensor
) -> None:
    """Each picture has a map of its own."""
    for guidance in (4.0, 1.0):
        settings = replace(FREE, hold=0.5, guidance=guidance)
        single = draw(base, prompt, w, [1, 2], settings).images.astype(int)
        batch = draw(base, prompt, w, [1, 2], replace(settings, chunk=2)).images
        assert np.abs(single - batch).max() <= 1


def test_the_held_area_begins_where_the_map_is_plain(base: Base) -> None:
    """What the map hardly sees is the base's own; where it is sure the identity counts whole."""
    seen = Predictor.__new__(Predictor)
    seen.base, seen.count = base, 1
    for value, area in ((1.0, 1.0), (predicting.SEEN, 0.0), (0.05, 0.0), (0.575, 0.5)):
        base.context.maps = [torch.full((1, 1, 4, 4), value)]
        found = seen._area(torch.zeros(1, 4, 8, 8))
        assert found.shape == (1, 1, 8, 8)
        assert torch.allclose(found, torch.full_like(found, area), atol=1e-6)
    base.context.clear()


def test_without_a_map_nothing_is_held(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    free, held = (
        draw(base, prompt, w, [1], replace(FREE, use_map=False, hold=hold)).images
        for hold in (0.0, 1.0)
    )
    assert np.array_equal(free, held)
