"""Inversion and tuning that write all that the real ones write, by the same code, and learn
nothing: what is tried is what they leave, not what they draw."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pidiff_cli.core.images import png_bytes
from tests.support.tiny_base import DIM, ROWS

STRIP = png_bytes(np.zeros((8, 8, 3), np.uint8))


def install_idle(patch: pytest.MonkeyPatch) -> None:
    """Put them in the stages' places."""
    from pidiff_cli.stages import invert
    from pidiff_cli.stages.prepare import run as prepare
    from pidiff_cli.stages.prepare import writing
    from pidiff_cli.stages.tune import pace
    from pidiff_cli.stages.tune import run as tune

    patch.setattr(prepare, "contact_sheet", lambda *_: np.zeros((8, 8, 3), np.uint8))
    patch.setattr(writing, "png_bytes", lambda pixels: png_bytes(pixels[::4, ::4]))
    patch.setattr(invert, "run", _invert)
    patch.setattr(tune, "open_evaluators", lambda *_: None)
    patch.setattr(tune, "make_job", _make_job)
    patch.setattr(tune, "train", _train)
    patch.setattr(tune, "save_adapter", _save_adapter)
    patch.setattr(tune, "_report", _report)
    patch.setattr(tune, "tells_nothing", lambda *_: False)
    patch.setattr(tune, "strips_of", lambda *_: [])
    patch.setattr(tune.page, "tell", lambda *_: None)
    patch.setattr(pace, "key_of", lambda *_: "tiny")
    patch.setattr(pace, "of_drawing", lambda key: key)


def _invert(
    profile: Any, config: Any, parts: Any, progress: Any, file: str = "identity.safetensors"
) -> Any:
    from pidiff_cli.stages.invert import PREVIEW
    from pidiff_cli.stages.results import InvertResult

    keys = tuple(photo.key for photo in profile.photos if not photo.held_out)
    random = np.random.default_rng([len(keys), config.refine])
    codes = random.standard_normal((len(keys), ROWS, DIM)).astype(np.float32)
    weights = np.full(len(keys), 1 / len(keys), np.float32)
    profile.save_identity(codes, weights, codes.mean(0), keys, file)
    return InvertResult(profile.folder, profile.write(PREVIEW, STRIP), 0.5)


def _make_job(task: Any, state: Any, tools: Any, faces: Any, progress: Any) -> Any:
    from pidiff_cli.stages.tune.state import Run

    base = SimpleNamespace(dtype=torch.float32, lora=None, device=torch.device("cpu"))
    base.has_branch = True
    model = SimpleNamespace(base_model=None, seed=task.config.seed, digest=task.digest)
    job = SimpleNamespace(profile=task.profile, base=base, model=model, plan=None, paces=[])
    job.config = task.config
    job.left = SimpleNamespace(drawn=[])
    return job, Run(), SimpleNamespace(device="cpu")


def _train(job: Any, current: Any, progress: Any) -> None:
    from pidiff_cli.stages.tune.held import hold
    from pidiff_cli.stages.tune.loop import CHECKPOINT
    from pidiff_cli.stages.tune.previews import PREVIEWS, PreviewScore

    for step in (2, 4):
        job.profile.write(PREVIEWS, STRIP)
        current.step = current.best_step = step
        save = partial(_save_step, job.model, step)
        hold(job.profile, current, job.config.keep_checkpoints, PreviewScore(0.5), 0, save)
        job.profile.write_folder(CHECKPOINT, lambda to: _save_adapter(job.model, to / "adapter"))
    current.losses = [{"loss": 0.5}] * 4


def _save_step(model: Any, step: int, folder: Path) -> None:
    """Another adapter than the one that draws."""
    _save_adapter(SimpleNamespace(digest=f"{model.digest}{step}"), folder / "adapter")


def _save_adapter(model: Any, folder: Path, half: bool = False) -> None:
    from peft import LoraConfig
    from safetensors.numpy import save_file

    folder.mkdir(exist_ok=True)
    LoraConfig(r=2, target_modules=["to_q_id"]).save_pretrained(str(folder))
    values = np.random.default_rng(int(model.digest, 16)).standard_normal(64)
    save_file({"a": values.astype(np.float32)}, folder / "adapter_model.safetensors")


def _report(
    task: Any, job: Any, current: Any, tools: Any, faces: Any, strips: Any, progress: Any
) -> dict[str, Any]:
    for name in ("likeness.json", "likeness.html"):
        task.profile.write(f"reports/{name}", b"{}")
    return {"held_out": 0.5, "photos": 0.6, "before": 0.1}
