"""generate: pictures of a profile's person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.config import GenerateConfig, check
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.stages import _drawing
from pidiff_cli.stages._wplus import edited, mixed_from
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import GenerateResult, Picture

_NOT_RECORDED = {"home", "device", "offline", "out", "prompts", "count", "seed", "best", "score"}


def run(
    config: GenerateConfig,
    progress: Progress,
    on_picture: Callable[[Picture], None] | None = None,
) -> GenerateResult:
    """Draw every prompt ``count`` times and write the pictures.

    Args:
        on_picture: called with each picture as soon as it is written.

    Raises:
        InputError: no such profile, no W+ code, or the folder cannot be written.
        UsageError: a setting that cannot mean anything.
    """
    check(config)
    if not config.prompts:
        raise InputError("There is no prompt.", 'For example: pidiff generate NAME "as a chef"')
    if "+" in config.name:
        raise UsageError(
            "Several people in one picture are not possible yet.",
            f"Mix their looks instead: pidiff stylemix {config.name.replace('+', ' ')}",
        )
    profile = Profile.open(config.name, config.home)
    out = _drawing.make_folder(config.out)
    sitter = _drawing.open_sitter(
        profile, config.home, config.base, config.device, config.score or config.best > 0, progress
    )
    _drawing.check_size(sitter.base, config.size)
    code = _code(config, sitter)
    progress.start("generate", len(config.prompts) * config.count * config.steps)
    pictures: list[Picture] = []

    def step() -> None:
        progress.advance("generate", 1)

    for prompt in config.prompts:
        for picture in _one_prompt(config, sitter, code, prompt, out, progress, step):
            pictures.append(picture)
            if on_picture:
                on_picture(picture)
    progress.finish("generate", _told(pictures))
    return GenerateResult(tuple(pictures))


def _one_prompt(
    config: GenerateConfig,
    sitter: _drawing.Sitter,
    code: Tensor,
    prompt: str,
    out: Any,
    progress: Progress,
    step: Callable[[], None],
) -> Any:
    """The pictures of one prompt, written; with ``best`` only once all are drawn."""
    encoded = _drawing.encode(sitter, prompt, progress)
    seeds = [config.seed + i for i in range(config.count)]
    drawn = _drawing.draw_pictures(
        sitter, encoded, code, seeds, _drawing.draw_settings(config), step
    )
    settings = {k: _plain(v) for k, v in asdict(config).items() if k not in _NOT_RECORDED}

    def write(seed: int, image: np.ndarray, alike: float | None) -> Picture:
        record = {
            "prompt": prompt, "full_prompt": encoded.text, "seed": seed, "settings": settings,
            **sitter.record,
        }  # fmt: skip
        return _drawing.write_picture(out, image, record, alike)

    if not config.best or config.best >= config.count:
        for seed, image, alike in drawn:
            yield write(seed, image, alike)
        return
    ranked = sorted(drawn, key=lambda item: -2.0 if item[2] is None else item[2], reverse=True)
    if all(item[2] is None for item in ranked):
        progress.warn("The likeness could not be measured: the first pictures are kept.")
        ranked.sort(key=lambda item: item[0])
    for seed, image, alike in ranked[: config.best]:
        yield write(seed, image, alike)


def _code(config: GenerateConfig, sitter: _drawing.Sitter) -> Tensor:
    """The person's W+ code (L, D) with the wished layers and edits."""
    code = sitter.code
    if config.style_from:
        code = mixed_from(code, config.style_from, config.home)
    if config.edits:
        code = edited(code, config.edits, sitter.record["base"]["name"], config.home)
    return code.to(torch.float32)


def _plain(value: Any) -> Any:
    """JSON form of a setting: tuples as lists, so that a record read back is equal."""
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _told(pictures: list[Picture]) -> str:
    scores = [p.likeness for p in pictures if p.likeness is not None]
    beside = f" · likeness {sum(scores) / len(scores):.2f}" if scores else ""
    return f"{len(pictures)} picture{'s' * (len(pictures) != 1)}{beside}"
