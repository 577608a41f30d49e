"""What a batch of the diffusion training is drawn from."""

from __future__ import annotations

import pytest

from mini.train.diffusion.data import HATLESS, UNTOLD, shares_of


def test_a_role_without_its_hat_is_rare() -> None:
    """No caption tells a chef with a hat from one without."""
    kinds = [("chef", True), ("chef", False), ("casual", False), ("business", False)]
    shares = shares_of([{"role": role, "headgear": hat} for role, hat in kinds])
    assert shares.sum() == pytest.approx(1)
    assert (shares / shares[0]).tolist() == pytest.approx([1, HATLESS, 1, 1])


def test_glasses_that_no_caption_tells_are_rare() -> None:
    """Else a plain prompt gives half-drawn ones."""
    bare = {"role": "casual", "headgear": False, "glasses": "none", "caption": "a photo of a man"}
    untold, told = {**bare, "glasses": "round"}, {**bare, "glasses": "round"}
    told["caption"] += ", wearing glasses"
    shares = shares_of([bare, untold, told])
    assert (shares / shares[0]).tolist() == pytest.approx([1, UNTOLD, 1])
