"""PIDiff, PIDiff without each of its parts, and its branch without tuning."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

from benchmarks.places import WEIGHTS
from benchmarks.quality.tune_settings import tune
from benchmarks.rivals.cases import NOUN, Case, wishes_of
from benchmarks.rivals.general import vector_base
from benchmarks.rivals.shop import Made, Shop
from benchmarks.tuning import CONFIG, INTERNALS, drawing, tuning
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.identity.adapter import trainable_parameters
from pidiff_cli.core.training import step
from pidiff_cli.core.wplus.inversion import invert, robust_mean
from pidiff_cli.core.wplus.weights import load_encoder, load_generator
from pidiff_cli.profile import Profile
from pidiff_cli.stages.faces import aligned_faces
from pidiff_cli.stages.tune.data import codes_of, training_photos

Settings = dict[str, Any]


def pidiff(shop: Shop, case: Case, settings: Settings) -> Iterator[Made]:
    """The default recipe, changed by the settings.

    Settings: those of ``TuneConfig``, of ``TuneInternals`` and of drawing; ``map=0`` switches the
    localisation map off in tuning and drawing, ``background=1`` leaves the background in what the
    W+ encoder reads, ``vector=1`` takes the embedder's vector for the W+ code, ``tune=0`` tunes
    nothing; ``bare=1`` takes the general branch away, as on bases that have none, where the
    branch, if its rank is not 0, begins with the text's own weights.
    """
    use_map = bool(settings.get("map", 1))
    how = drawing(replace(shop.settings, use_map=use_map), {
        key: value for key, value in settings.items() if key not in CONFIG | INTERNALS
    })  # fmt: skip
    profile = shop.profile(case)
    base = _base(shop, settings)
    if not base.has_branch:
        codes = None
    elif settings.get("vector"):
        codes = _vectors(shop, profile, base)
    elif settings.get("background"):
        codes = _with_background(profile)
    else:
        codes = codes_of(profile, training_photos(profile)[0])
    steps, seconds, parameters = 0, 0.0, 0
    if settings.get("tune", 1):
        chosen, began = tuning("mini-cpu", settings), time.process_time()
        with nullcontext() if use_map else patch.object(step, "identity_on", _everywhere):
            model, _ = tune(base, profile, chosen, codes)
        steps, seconds = chosen.config.steps, time.process_time() - began
        parameters = sum(p.numel() for p in trainable_parameters(model).values())
    with base.lora.fused() if base.lora else nullcontext():
        images, maps = drawn_pictures(base, codes[1] if codes else None, case, how)
    yield Made(images, maps if use_map else None, seconds, parameters, steps)


def _base(shop: Shop, settings: Settings) -> Base:
    """mini, to change at will, with the branch that the settings leave."""
    if settings.get("bare"):
        codes = shop.base.rows, shop.base.dim
        return shop.bare_base(codes if settings.get("rank") else None)
    return shop.own_base(vector_base(shop) if settings.get("vector") else None)


def drawn_pictures(
    base: Base, mean: Tensor | None, case: Case, how: DrawSettings
) -> tuple[np.ndarray, np.ndarray]:
    """All prompts and seeds of a case: pictures and maps."""
    images, maps = [], []
    for wish in wishes_of(case.situation).asked:
        prompt = encode_prompt(base, complete(wish, NOUN), NOUN)
        made = draw(base, prompt, mean, list(case.seeds), how, record=how.use_map)
        images.append(made.images)
        if made.maps is not None:
            maps.append(made.maps)
    return np.concatenate(images), np.concatenate(maps) if maps else np.zeros(0)


def _everywhere(context: Any, tokens: Tensor, subject: Tensor, on: Tensor | None = None) -> None:
    """``step.identity_on`` with M = 1, as in the W+ adapter."""
    context.tokens, context.subject, context.scale = tokens, subject, 1.0
    context.on, context.levels = on, None
    context.use_map, context.record, context.maps = False, False, []


@torch.no_grad()
def _with_background(profile: Profile) -> tuple[Tensor, Tensor]:
    """Codes (P, L, D) and their mean from aligned faces whose background was left in."""
    faces, (own, _) = aligned_faces(profile), training_photos(profile)
    x = torch.from_numpy(np.stack([faces[photo.key] for photo in own]))
    x = x.permute(0, 3, 1, 2).float() / 127.5 - 1
    encoder, (_, middle) = load_encoder(WEIGHTS), load_generator(WEIGHTS)
    x = torch.nn.functional.interpolate(x, (encoder.side, encoder.side), mode="area")
    codes = invert(encoder, middle, x)
    return codes, robust_mean(codes, [max(photo.quality, 0.01) for photo in own])[0]


def _vectors(shop: Shop, profile: Profile, base: Base) -> tuple[Tensor, Tensor]:
    """The embedder's vectors in the place of codes (P, L, E), and their mean."""
    faces, (own, _) = aligned_faces(profile), training_photos(profile)
    found = shop.reader.embed([faces[photo.key] for photo in own])  # (P, E)
    codes = found[:, None].expand(-1, base.rows, -1).contiguous()
    return codes, codes.mean(0)
