"""A short part of the campaign of changed inputs; the whole is `python -m tests.campaign.fuzz`."""

from __future__ import annotations

from tests.campaign import fuzz


def test_changed_inputs_are_sentences() -> None:
    found = fuzz.run(count=190, seed=5, dear=False)
    assert found["told"] == [] and found["inputs"] == 190
    assert found["accepted"] > 20 and found["refused"] > 60  # both ways are gone
