"""What a tuning learns from, kept in the profile between runs: latents and text states.

They lie under ``photos/``, as pictures can be drawn from latents: what drops the photos drops
them, and no export takes them along. The key is content: photos, settings, the base's weights.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, TextStates, encode_prompt, text_states
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.tune import setup as _tuning

LATENTS = "photos/latents.safetensors"
VERSION = 2  # of what is kept; another one is made anew


@dataclass(frozen=True)
class Material:
    """Latents of phase (a) and (b), captions, and the text states of captions and "" (last)."""

    data: tuple[LatentSet, LatentSet]
    captions: list[EncodedPrompt]
    texts: TextStates


def material(
    profile: Profile,
    config: TuneConfig,
    base: Base,
    photos: list[Photo],
    weights: str,
    progress: Progress,
) -> Material:
    """Read what the last tuning of the same photos kept, or make and keep it.

    ``weights``: fingerprint of the base, whose autoencoder and text encoders made it.
    """
    captions = _tuning.captions(base, profile.manifest.noun)
    key = _key(profile, config, base, photos, weights, captions)
    found = _read(profile.path(LATENTS), key, base)
    if found:
        progress.line("Latents and text of these photos are there from an earlier tuning.")
        return Material(found[0], captions, found[1])
    data = _tuning.training_data(profile, config, base, photos)
    texts = text_states(base, [*captions, encode_prompt(base, "", "")])
    if all(photo.picture for photo in photos):  # else no photo is to stay
        profile.write(LATENTS, lambda path: _save(path, key, data, texts))
    return Material(data, captions, texts)


def _key(
    profile: Profile,
    config: TuneConfig,
    base: Base,
    photos: list[Photo],
    weights: str,
    captions: list[EncodedPrompt],
) -> str:
    """64 hex digits that change with anything that the latents or text states depend on."""
    files = profile.manifest.files
    values = {
        "version": VERSION,
        "photos": [
            [files.get(p, "") for p in (i.face, i.mask, i.picture, i.picture_mask)]
            + [i.info.get("place")]
            for i in photos
        ],
        "settings": [config.size, config.seed, _tuning.VARIANTS],
        "framing": base.framing.values(),
        "base": [weights, str(base.dtype)],
        "captions": [caption.text for caption in captions],
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _save(path: Path, key: str, data: tuple[LatentSet, LatentSet], texts: TextStates) -> None:
    tensors: dict[str, Tensor] = {"text": texts.tokens}
    if texts.pooled is not None:
        tensors["pooled"] = texts.pooled
    for name, part in zip(("faces", "photos"), data, strict=True):
        tensors |= {f"{name}.latents": part.latents, f"{name}.photo": part.photo}
        tensors[f"{name}.masks"] = part.masks
    kept = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_file(kept, path, metadata={"key": key})


def _read(
    path: Path, key: str, base: Base
) -> tuple[tuple[LatentSet, LatentSet], TextStates] | None:
    """What is kept under this key; None where nothing is, or where it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("key") != key:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        faces, photos = (
            LatentSet(
                tensors[f"{name}.latents"].to(base.device),
                tensors[f"{name}.masks"].to(base.device),
                tensors[f"{name}.photo"].to(torch.int64),
            )
            for name in ("faces", "photos")
        )
        pooled = tensors.get("pooled")
        texts = tensors["text"].to(base.device)
    except (OSError, KeyError, SafetensorError):
        return None
    return (faces, photos), TextStates(texts, None if pooled is None else pooled.to(base.device))
