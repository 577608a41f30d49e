"""The narrow world stays as the shipped networks learnt it, whatever the broad one gains."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from mini.world import captions, registry
from mini.world.context import Context, context_line, sample_context
from mini.world.factors import GROUPS, NAMES
from tests.support.make_world_fixture import SCENES, STYLES, TARGET, cases, measure


def test_pictures_are_those_of_the_fixture() -> None:
    kept, now = np.load(TARGET), measure()
    assert len(kept["blocks"]) == len(list(cases())) == 24
    assert np.abs(kept["blocks"] - now["blocks"]).max() < 0.05  # levels of 255
    assert np.abs(kept["labels"] - now["labels"]).max() <= 1
    assert np.abs(kept["landmarks"] - now["landmarks"]).max() < 1e-3
    assert np.abs(kept["factors"] - now["factors"]).max() < 1e-6
    assert kept["captions"].tolist() == now["captions"].tolist()


def test_lists_and_words_are_the_same() -> None:
    assert registry.scenes() == SCENES and registry.styles() == STYLES[:-1]
    assert len(registry.roles()) == 15 and registry.roles()[-1] == "athlete"
    assert len(captions.VOCABULARY) == 187 and "pilot" not in captions.VOCABULARY
    assert len(NAMES) == 79 and GROUPS["coarse"].stop == 28 and GROUPS["medium"].stop == 62


def test_a_banks_line_is_as_before_there_were_two_worlds() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        context = sample_context(rng)
        line = context_line(context)
        assert context.world == "narrow"
        assert set(line) == {f.name for f in fields(Context)} - {"world"}
