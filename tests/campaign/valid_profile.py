"""A profile of every kind of file, as a program of today writes it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np


def make_profile(home: Path) -> Any:
    """alice: photos, codes, adapters that fit mini, a log and a checkpoint; exported."""
    import torch
    from safetensors.torch import save_file

    from pidiff_cli.core.images import png_bytes
    from pidiff_cli.profile import Photo, Profile
    from pidiff_cli.profile.archive import write_archive

    fixture = Path(__file__).parents[1] / "fixtures" / "tuned_0_1_0" / "profile"
    shutil.copytree(fixture, home / "profiles" / "alice")
    profile = Profile.open("alice", home)
    told = {"step": 2, "digest": "x", "losses": [{"loss": 0.5}]}
    state = {"loop": told, "optimizer": {"0/step": 2.0}}
    face = png_bytes(np.full((16, 16, 3), 90, np.uint8))
    profile.write("photos/01_face.png", face)
    info = {"box": [1.0, 2.0, 3.0, 4.0], "place": [8.0, 8.0, 4.0], "turn": 0.1}
    profile.update(photos=(Photo("01", "one.jpg", 0.5, face="photos/01_face.png", info=info),))
    profile.write("reports/loss.jsonl", b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n')
    _write_lora(profile)
    write_archive(profile, home / "alice.pidiff", True)
    profile.write("checkpoint/state.json", json.dumps(state).encode())
    tensors = {"0/exp_avg": torch.zeros(3), "0/exp_avg_sq": torch.zeros(3)}
    tensors["generator"] = torch.Generator().get_state()
    profile.write("checkpoint/optimizer.safetensors", lambda path: save_file(tensors, path))
    return profile


def _write_lora(profile: Any) -> None:
    from pidiff_cli.core.identity.lora_files import write_peft
    from tests.support.lora_made import random_lora

    unet = mini_layers()
    profile.write_folder("lora", lambda folder: write_peft(random_lora(unet), folder))


def mini_layers() -> Any:
    from pidiff_cli.core.diffusion.unet_layers import unet_layers
    from pidiff_cli.weights.locate import PACKAGE_WEIGHTS

    return unet_layers(PACKAGE_WEIGHTS / "diffusers", "mini")
