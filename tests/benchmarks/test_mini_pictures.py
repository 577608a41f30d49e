"""The figures of mini's own pictures, on made-up features and readings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import drawings
from benchmarks.quality import networks
from benchmarks.quality import world_pictures as world


def test_the_frechet_distance_of_two_gaussians() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.normal(0, 1, (20_000, 2)), rng.normal([3, 0], [2, 1], (20_000, 2))
    assert world.frechet(one, one) == pytest.approx(0, abs=1e-6)
    assert world.frechet(one, two) == pytest.approx(9 + 1, rel=0.05)  # mean² + (2 - 1)²


def test_the_spread_is_the_mean_distance() -> None:
    assert world.spread(np.asarray([[0.0, 0.0], [3.0, 4.0]])) == pytest.approx(5)


def test_a_step_back_is_not_monotone_unless_it_is_noise() -> None:
    read = np.asarray([[0, 0, 0, 0], [0.5, 0.8, -0.04, 0.1], [1, 0.5, 0.5, 0], [1.5, 1, 1, 0.2]])
    assert world.monotone(read, least=0.5, slack=0.1) == pytest.approx(
        2 / 3
    )  # the last is left out
    assert np.isnan(world.monotone(np.zeros((3, 2)), least=0.5, slack=0.1))


def test_what_is_recognised_counts_every_value_alike() -> None:
    class Sees:
        class_names = {head: ["a", "b"] for head in world.HEADS}

        def classes(self, _: np.ndarray) -> dict[str, torch.Tensor]:
            said = torch.eye(2)[torch.tensor([0, 0, 0, 0])]
            return dict.fromkeys(world.HEADS, said)

    wishes = world.Wishes([""] * 4, [""] * 4, {h: ["a", "a", "a", "b"] for h in world.HEADS})
    found = world.recognised(Sees(), np.zeros((4, 8, 8, 3), np.uint8), wishes)  # type: ignore[arg-type]
    assert found["role"] == {"mean": 0.5, "each": {"a": 1.0, "b": 0.0}}


def test_drawings_of_a_prompt_are_what_the_prompt_says() -> None:
    """A photo asked for is no painting; drawings that only share its facts may be one."""
    facts = {"scene": "beach", "noun": "man"}
    told = world.drawn_for(facts, 12, 0)
    assert len(told) == 12 and len({id(person) for person, _ in told}) == 12
    for person, context in told:
        assert (person.noun, context.scene, context.style) == ("man", "beach", "photo")
    loose = world.drawn_for(facts, 12, 0, told=False)
    assert {context.style for _, context in loose} > {"photo"}


def test_a_caption_is_true_of_what_the_world_could_write_it_of() -> None:
    people = drawings.identities(1)
    person, context = drawings.contexts_of("probe", people, 1, scene="beach", style="photo")[0]
    noun = person.noun
    assert networks.could_say(f"a photo of a {noun} at the beach", person, context, 3000)
    assert not networks.could_say(f"a photo of a {noun} in the snow", person, context, 300)
    assert not networks.could_say(f"a pencil sketch of a {noun}", person, context, 300)


def test_contexts_are_those_that_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mini.world.render import draw

    monkeypatch.setattr(drawings, "CACHE", tmp_path)
    people = drawings.identities(2)
    drawn = drawings.draw_set("some", people, 2)
    for row, (person, context) in enumerate(drawings.contexts_of("some", people, 2)):
        assert np.array_equal(drawn.rgb[row], draw(person, context, 128).rgb)


def test_role_and_scene_count_together() -> None:
    class Sees:
        class_names = {head: ["a", "b"] for head in world.HEADS}

        def classes(self, _: np.ndarray) -> dict[str, torch.Tensor]:
            said = {head: torch.eye(2)[torch.tensor([0, 0, 1, 1])] for head in world.HEADS}
            return said | {"scene": torch.eye(2)[torch.tensor([0, 1, 0, 1])]}

    facts = {head: ["a"] * 4 for head in world.HEADS}
    found = world.all_right(Sees(), np.zeros((4, 8, 8, 3)), world.Wishes([], [], facts))  # type: ignore[arg-type]
    assert found["role"] == found["scene"] == found["style"] == 0.5
    assert found["role_and_scene"] == found["all"] == 0.25
