"""Every sampler by name draws what the base's own sampler draws, more or less."""

from __future__ import annotations

import numpy as np
import pytest

from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.diffusion.schedulers import SCHEDULERS, make_scheduler
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS


@pytest.mark.parametrize("name", ["ddim", "ddpm", "lcm", "tcd"])
def test_latents_are_not_clipped_unless_the_base_says_so(name: str) -> None:
    config = {"_class_name": "DDIMScheduler", "prediction_type": "v_prediction"}
    assert not getattr(make_scheduler(config, name).config, "clip_sample", False)
    told = make_scheduler({**config, "clip_sample": True}, name)
    assert told.config.clip_sample is True
    assert set(SCHEDULERS) >= {name}


def test_ddim_draws_the_picture_that_the_base_s_own_sampler_draws() -> None:
    base = load_base(PACKAGE_WEIGHTS)
    prompt = encode_prompt(base, "a photo of a man at the beach", "man")

    def drawn(scheduler: str) -> np.ndarray:
        settings = DrawSettings(steps=16, size=128, guidance=1.0, scheduler=scheduler)
        return draw(base, prompt, None, [5], settings).images[0].astype(np.float32)

    assert np.abs(drawn("ddim") - drawn("")).mean() < 5  # above that where latents are clipped
