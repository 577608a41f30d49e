"""What `tune` needs around its loop: pictures, captions, previews, digest of the settings."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.core.faces.framing import Place
from pidiff_cli.core.identity.adapter import code_delta, trainable_parameters
from pidiff_cli.core.images import read_photo
from pidiff_cli.core.training.dataset import LatentSet, cache_latents, face_variants, photo_variants
from pidiff_cli.core.training.step import LossSettings
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.recipe import recipe_of

VARIANTS = 24  # cached pictures a phase, shared out over the photos, at least 4 a photo
REPORT_STEPS = 16  # denoising steps of a picture in the report
LOG = "reports/loss.jsonl"
DIGEST = 2  # raised where settings come or go: an earlier tuning still draws, and begins anew
_NOT_IN_DIGEST = {
    "home", "device", "offline", "name", "recipe", "steps", "resume", "restart", "retune",
    "checkpoint_every", "preview_every", "report_prompts", "checkpointing", "at_once",
    "quantise", "memory", "patience", "text_loss", "lean", "self_attention",
    "skip_dropped",
}  # fmt: skip


def training_photos(profile: Profile) -> tuple[list[Photo], list[Photo]]:
    """Photos to learn from, and photos held out. Raises InputError when there is none."""
    own = [photo for photo in profile.photos if not photo.held_out]
    if not own:
        raise InputError(
            f"{profile.name} holds no photo to learn from.",
            f"Add some: pidiff tune PHOTOS --name {profile.name}",
        )
    return own, [photo for photo in profile.photos if photo.held_out]


def codes_of(profile: Profile, photos: list[Photo]) -> tuple[Tensor, Tensor]:
    """W+ codes (P, L, D) of these photos in order, and the person's mean (L, D)."""
    identity = profile.load_identity()
    rows = {key: row for row, key in enumerate(identity.keys)}
    codes = [identity.codes[rows[p.key]] if p.key in rows else identity.mean for p in photos]
    return torch.from_numpy(np.stack(codes)), torch.from_numpy(np.array(identity.mean))


def training_data(
    profile: Profile, config: TuneConfig, base: Base, photos: list[Photo]
) -> tuple[LatentSet, LatentSet]:
    """Cached latents of phase (a) and phase (b); (b) is (a) where no photo was kept."""
    generator = torch.Generator().manual_seed(config.seed)
    count = max(4, math.ceil(VARIANTS / len(photos)))
    faces, whole = [], []
    for photo in photos:
        face, mask = _read(profile, photo.face), _read_mask(profile, photo.mask)
        faces.append(face_variants(face, mask, config.size, count, generator))
        if photo.picture and photo.picture_mask:
            picture, mask = _read(profile, photo.picture), _read_mask(profile, photo.picture_mask)
            place = Place(*photo.info["place"]) if "place" in photo.info else None
            whole.append(
                photo_variants(picture, mask, config.size, count, generator, base.framing, place)
            )
        else:
            whole.append(faces[-1])
    return cache_latents(base, faces), cache_latents(base, whole)


def captions(base: Base, noun: str) -> list[EncodedPrompt]:
    """The captions to learn with: those of two forms that the base has words for."""
    forms = [encode_prompt(base, f"a {kind} of a {noun}", noun) for kind in ("photo", "portrait")]
    return [form for form in forms if not form.unknown] or forms[:1]


def loss_settings(config: TuneConfig) -> LossSettings:
    """The recipe's losses."""
    return LossSettings(
        config.min_snr, config.off_face_weight, config.preserve_weight, config.preserve_share,
        config.locate_weight, config.code_weight if config.tune_code else 0.0,
        config.drop_text, config.drop_identity, config.drop_both, config.skip_dropped,
    )  # fmt: skip


def drawing(config: TuneConfig, family: str, steps: int) -> DrawSettings:
    """How previews and the report are drawn: as `generate` will with this recipe."""
    chosen = recipe_of(config.recipe or "auto", family).generate
    names = ("guidance", "identity_scale", "start", "hold", "negative", "scheduler")
    given = {name: chosen[name] for name in names if name in chosen}
    return DrawSettings(steps=steps, size=config.size, **given)


def rate_groups(model: nn.Module, config: TuneConfig) -> list[dict[str, Any]]:
    """Parameter groups for the optimizer; ``rate`` multiplies the learning rate of each."""
    code = code_delta(model)
    rest = [p for p in trainable_parameters(model).values() if p is not code]
    groups: list[dict[str, Any]] = [{"params": rest, "rate": 1.0}]
    return groups if code is None else [*groups, {"params": [code], "rate": config.code_rate}]


def learning_rate(config: TuneConfig, step: int) -> float:
    """Linear warm-up, then a cosine down to a tenth of the peak."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    along = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return config.learning_rate * (0.55 + 0.45 * math.cos(math.pi * min(along, 1.0)))


def settings_of(config: TuneConfig) -> dict[str, object]:
    """The settings worth keeping, JSON values."""
    hidden = {"home", "device", "offline", "name", "resume", "restart", "retune"}
    return {key: value for key, value in asdict(config).items() if key not in hidden}


def digest_of(profile: Profile, config: TuneConfig, photos: list[Photo], base: str) -> str:
    """Changes when a run cannot go on from another's checkpoint."""
    values = {key: v for key, v in asdict(config).items() if key not in _NOT_IN_DIGEST}
    files = profile.manifest.files
    values["version"] = DIGEST
    values["photos"] = [(p.key, files.get(p.face, "")) for p in photos]
    values["codes"] = files.get("identity.safetensors", "")
    values["fingerprint"] = base
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def aligned_faces(profile: Profile, photos: list[Photo]) -> list[np.ndarray]:
    """The aligned faces of photos, (S, S, 3) uint8."""
    return [_read(profile, photo.face) for photo in photos if photo.face]


def write_log(profile: Profile, losses: list[dict[str, float]]) -> None:
    """Write ``reports/loss.jsonl``, one line a step."""
    lines = (json.dumps({"step": i + 1, **values}) + "\n" for i, values in enumerate(losses))
    profile.write(LOG, "".join(lines).encode())


def read_log(profile: Profile) -> list[dict[str, float]]:
    """The losses in ``reports/loss.jsonl``; empty when it is not there or damaged."""
    try:
        lines = profile.path(LOG).read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return []
    return [{k: v for k, v in entry.items() if k != "step"} for entry in entries]


def peak_mb(device: torch.device) -> float:
    """Most memory used so far: of the GPU, or of the process; 0 where it cannot be told."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _read(profile: Profile, relative: str) -> np.ndarray:
    return read_photo(profile.path(relative))


def _read_mask(profile: Profile, relative: str) -> np.ndarray:
    return _read(profile, relative)[..., 0].astype(np.float32) / 255
