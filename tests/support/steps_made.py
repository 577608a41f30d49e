"""Kept steps in a profile, as a tuning leaves them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save

from pidiff_cli.profile import STEPS, Profile
from tests.support.profile_file import CONFIG

STEPS_OF_ALICE = (50, 100, 150)


def weights(step: int) -> bytes:
    """An adapter that tells which step it is."""
    return save({"a": np.full((64, 64), step, np.float32)})


def add_steps(profile: Profile, own: int = 150, steps: tuple[int, ...] = STEPS_OF_ALICE) -> None:
    """Let a profile draw by step ``own`` and keep the others."""

    def fill(step: int, folder: Path) -> None:
        (folder / "adapter_config.json").write_bytes(CONFIG)
        (folder / "adapter_model.safetensors").write_bytes(weights(step))

    with profile.changing():
        for step in steps:
            place = "adapter" if step == own else f"{STEPS}/{step}/adapter"
            profile.write_folder(place, lambda folder, step=step: fill(step, folder))
        rows = [{"step": step, "likeness": step / 200, "text_loss": 0.02} for step in steps]
        profile.update_stage("tune", kept=rows, chosen=own)
