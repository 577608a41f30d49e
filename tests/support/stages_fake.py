"""Stages that write what they must and compute nothing, for the tests of the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


def install_stages(monkeypatch: pytest.MonkeyPatch, weights: Path) -> dict[str, ModuleType]:
    """Put them in the stages' places, with a base that has no weights under ``weights``."""
    from pidiff_cli.stages import evaluate, invert, stylemix
    from pidiff_cli.stages.generate import run as generate
    from pidiff_cli.stages.prepare import run as prepare
    from pidiff_cli.stages.tune import run as tune
    from pidiff_cli.weights import locate

    (weights / "diffusers").mkdir(parents=True)
    (weights / "diffusers" / "model_index.json").write_text("{}")
    monkeypatch.setattr(locate, "PACKAGE_WEIGHTS", weights)
    runs = (
        (prepare, _prepare), (invert, _invert), (tune, _tune), (generate, _generate),
        (stylemix, _stylemix), (evaluate, _evaluate),
    )  # fmt: skip
    for module, run in runs:
        monkeypatch.setattr(module, "run", run)
        monkeypatch.setattr(module, "configs", [], raising=False)
    monkeypatch.setattr(prepare, "add", _add)
    monkeypatch.setattr(invert, "fits", invert.fits)  # a test may set another
    return {
        "prepare": prepare, "invert": invert, "tune": tune, "generate": generate,
        "stylemix": stylemix, "evaluate": evaluate,
    }  # fmt: skip


def _prepare(config: Any, folder: Any, progress: Any, seen: Any = None) -> Any:
    from pidiff_cli.profile import Photo, Profile
    from pidiff_cli.stages.results import Kept, PrepareResult, RejectedPhoto

    profile = Profile.create_in(folder, config.name, config.noun)
    profile.write("photos/01.png", b"face")
    profile.update(photos=(Photo("01", "one.jpg", 0.9, face="photos/01.png"),))
    progress.start("prepare", 2)
    progress.advance("prepare", 2)
    progress.finish("prepare", "2 photos → 1 kept")
    return PrepareResult(
        profile.folder,
        (Kept("one.jpg", 0.9),),
        (RejectedPhoto("two.jpg", "too blurred"),),
        "A profile view would help most.",
    )


def _add(config: Any, profile: Any, known: Any, progress: Any) -> Any:
    from pidiff_cli.profile import Photo
    from pidiff_cli.stages.results import Kept, PrepareResult

    profile.write("photos/02.png", b"face")
    profile.update(photos=(*profile.photos, Photo("02", "new.jpg", 0.8, face="photos/02.png")))
    return PrepareResult(profile.folder, (Kept("new.jpg", 0.8),), ())


def _invert(
    profile: Any, config: Any, parts: Any, progress: Any, file: str = "identity.safetensors"
) -> Any:
    from pidiff_cli.stages.results import InvertResult

    code = np.zeros((1, 12, 80), np.float32)
    profile.save_identity(code, np.ones(1, np.float32), code[0], ("01",), file)
    preview = profile.write("reports/inversion.png", b"strip")
    return InvertResult(profile.folder, preview, 0.5)


def _tune(profile: Any, config: Any, parts: Any, weights: Any, recipe: Any, progress: Any) -> Any:
    from pidiff_cli.stages.results import TuneResult

    sys.modules["pidiff_cli.stages.tune.run"].configs.append(config)  # type: ignore[attr-defined]
    report = profile.write("reports/likeness.html", b"<html>")
    profile.update(base={"name": config.base}, recipe={"name": config.recipe})
    likeness = {"held_out": 0.71, "photos": 0.78}
    result = {"base": config.base, "recipe": config.recipe, "steps": config.steps}
    result |= {"seconds": 1.0, "peak_mb": 2.0, "likeness": likeness}
    profile.update_stage("tune", done=True, result=result)
    return TuneResult(profile=profile.folder, report=report, **result)


def _generate(
    profile: Any,
    config: Any,
    parts: Any,
    progress: Any,
    calls: Any = None,
    prompts: Any = None,
) -> Any:
    from pidiff_cli.stages.generate.calls import Calls
    from pidiff_cli.stages.results import GenerateResult, Picture

    sys.modules["pidiff_cli.stages.generate.run"].configs.append(config)  # type: ignore[attr-defined]
    calls, made = calls or Calls(), []
    for prompt in prompts or config.prompts:
        for number in range(config.count):
            path = config.out / f"{prompt[:20]}-{number}.png"
            made.append(Picture(path, prompt, config.seed + number, 0.5))
            if calls.on_written:
                calls.on_written(path)
            if calls.on_picture:
                calls.on_picture(made[-1])
        if calls.on_prompt:
            calls.on_prompt()
    return GenerateResult(tuple(made))


def _stylemix(a: Any, b: Any, config: Any, parts: Any, progress: Any) -> Any:
    from pidiff_cli.stages.results import StylemixResult

    sys.modules["pidiff_cli.stages.stylemix"].configs.append(config)  # type: ignore[attr-defined]
    return StylemixResult(config.out / "sheet.png")


def _evaluate(profile: Any, config: Any, parts: Any, progress: Any) -> Any:
    from pidiff_cli.stages.results import EvaluateResult

    sys.modules["pidiff_cli.stages.evaluate"].configs.append(config)  # type: ignore[attr-defined]
    own = {"value": 0.7, "plus_minus": 0.1, "beside": 0.8, "beside_is": "your own photos"}
    none = {"value": None, "plus_minus": None, "beside": None, "beside_is": "", "why": "one photo"}
    measures = {"likeness": {**own, "why": ""}, "copy_paste": none}
    prompts = ({"prompt": "as a chef", "likeness": 0.7},)
    seeds = ({"seed": config.seed, "likeness": 0.7},)
    pictures = ({"prompt": "as a chef", "seed": config.seed, "likeness": 0.7},)
    report, table = config.out / f"{config.name}.html", config.out / f"{config.name}.json"
    profile = config.home / "profiles" / config.name
    return EvaluateResult(profile, "mini", measures, prompts, seeds, pictures, report, table)
