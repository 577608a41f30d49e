"""Beside a general branch that stays as it is a LoRA learns what the branch does not say."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import load_base, open_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.training import focus
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.step import LossSettings, TrainingStep
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.setup import focused_data, new_adapters, rate_groups
from tests.support.tiny_base import make_base


@pytest.mark.parametrize(("branch", "rank"), [(True, 0), (True, 2), (False, 0)])
def test_marks_are_learnt_beside_a_branch_that_stays(
    tmp_path: Path, branch: bool, rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_base(tmp_path)
    base = load_base(folder) if branch else open_base(folder / "diffusers", None)
    config = TuneConfig(
        name="a", rank=rank, lora_rank=2, learning_rate=1e-4, lora_rate=1e-3, face_phase=0.0
    )
    internals = TuneInternals(lora_beside=7.0)
    monkeypatch.setattr(focus, "WORLD", 1e6)  # noise is nobody that a branch draws
    model = new_adapters(base, config, internals)
    alone = branch and rank == 0
    codes = torch.randn(1, base.rows, base.dim) if branch else None
    caption = encode_prompt(base, "a photo of a woman", "woman")
    mean = None if codes is None else codes[0]
    step = TrainingStep(base, codes, mean, [caption], LossSettings(), None)
    data = LatentSet(torch.randn(2, 4, 8, 8), torch.ones(2, 1, 8, 8), torch.zeros(2).long())
    faces, photos = focused_data(base, config, internals, step, (data, data))
    rates = rate_groups(model, config, internals, base, (faces, photos))
    assert rates[-1]["rate"] == pytest.approx(70.0 if alone else 10.0)
    assert faces is data and (photos is not data) == alone
    if alone:
        assert photos.areas is not None and photos.areas.std() > 0
        assert not base.context.active
        off = TuneInternals(lora_focus=0.0)
        assert focused_data(base, config, off, step, (data, data)) == (data, data)
        monkeypatch.setattr(focus, "WORLD", 1e-6)  # whom the branch does not draw at all
        unlike = focused_data(base, config, internals, step, (data, data))
        assert unlike[1].areas is None
        assert rate_groups(model, config, internals, base, unlike)[-1]["rate"] == 10.0
