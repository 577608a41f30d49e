"""The narrow world stays as the shipped networks learnt it, whatever the wide one gains."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from mini.world import captions
from mini.world import registry
from mini.world.context import WIDE_FIELDS, Context, context_line, sample_context
from mini.world.factors import GROUPS, NAMES
from mini.world.people import (
    WIDE_COARSE_FIELDS,
    WIDE_FINE_FIELDS,
    WIDE_MEDIUM_FIELDS,
    sample_person,
)
from tests.mini.make_world_fixture import SCENES, STYLES, TARGET, cases, measure


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


def test_nothing_of_the_wide_world_is_sampled() -> None:
    rng = np.random.default_rng(0)
    default = Context()
    for i in range(50):
        person, context = sample_person(i), sample_context(rng)
        extra = (*WIDE_COARSE_FIELDS, *WIDE_MEDIUM_FIELDS, *WIDE_FINE_FIELDS)
        assert all(getattr(person, name) == 0 for name in extra)
        assert all(getattr(context, name) == getattr(default, name) for name in WIDE_FIELDS)
        line = context_line(context)
        assert set(line) == {f.name for f in fields(Context)} - set(WIDE_FIELDS)
