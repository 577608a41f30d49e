"""invert: aligned faces of a profile to W+ codes and their robust mean."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.config import InvertConfig
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.images import resized, save_png, to_tensor, to_uint8
from pidiff_cli.core.wplus.inversion import refine, robust_mean
from pidiff_cli.core.wplus.weights import SIZES_FILE, read_sizes
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile, drop_draft
from pidiff_cli.profile.draft import DRAFT, DRAFT_STAGE, STAGE
from pidiff_cli.profile.forgotten import IDENTITY
from pidiff_cli.profile.world import note_world, world_of
from pidiff_cli.stages.codes import Decoder
from pidiff_cli.stages.face_codes import Portraits, measured_photographs, read_codes
from pidiff_cli.stages.faces import aligned_faces, open_reader, stored_picture
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import InvertResult
from pidiff_cli.weights.locate import BaseParts

PREVIEW = "reports/inversion.png"


def inverted(
    profile: Profile, config: InvertConfig, parts: BaseParts, progress: Progress,
    draft: bool = False,
) -> InvertResult:  # fmt: skip
    """The profile's W+ codes for this base, made when they are missing or other settings ask.

    The caller holds the profile's lock.

    Args:
        draft: new codes of a tuned profile are made beside its own, which draw with the adapter
            that learnt them until `take_draft` puts the new ones in their place.

    Raises:
        InputError: codes are missing, and the profile holds no photos to make them of.
        MissingWeightError: the W+ networks are not here.
    """
    wplus = parts.need_wplus("invert")
    notes = wanted(profile, config)
    for stage, file in ((STAGE, IDENTITY), (DRAFT_STAGE, DRAFT)):
        state, there = profile.stage_state(stage), profile.path(file).is_file()
        if there and notes.items() <= state.items() and fits(profile, wplus, file):
            if file == IDENTITY:
                drop_draft(profile)
            preview = profile.stored(state["preview"]) if state.get("preview") else None
            preview = preview if preview and preview.is_file() else None  # forgotten, or not here
            return InvertResult(profile.folder, preview, state.get("likeness"))
    if not profile.photos:
        raise InputError(
            f"{profile.name} holds no photos.",
            f"Give it some: pidiff prepare PHOTOS --name {profile.name} --force",
        )
    later = draft and bool(profile.parts)
    with profile.changing():
        result = run(profile, config, parts, progress, DRAFT if later else IDENTITY)
        told = {**notes, "preview": PREVIEW, "likeness": result.likeness}
        profile.update_stage(DRAFT_STAGE if later else STAGE, **told)
        if not later:
            drop_draft(profile)
    return result


def run(
    profile: Profile, config: InvertConfig, parts: BaseParts, progress: Progress,
    file: str = IDENTITY,
) -> InvertResult:  # fmt: skip
    """Encode every photo that was not held out; store codes, weights and mean in the profile.

    The caller holds the profile's lock.

    Raises:
        InputError: the profile holds no aligned face.
        MissingWeightError: a network of the base is not on this machine.
    """
    wplus = parts.need_wplus("invert")
    began = time.perf_counter()
    aligned = aligned_faces(profile)
    photos = [p for p in profile.photos if p.key in aligned and not p.held_out]
    if not photos:
        raise InputError(
            f"{profile.name} holds no aligned face.",
            f"Give it photos: pidiff prepare PHOTOS --name {profile.name} --force",
        )
    portraits = Portraits(
        [aligned[p.key] for p in photos],
        [head_of(profile, p, aligned[p.key]) for p in photos],
        [max(photo.quality, 0.01) for photo in photos],
    )
    decoder, faces = Decoder.open(wplus), portraits.white  # (P, 3, S, S)
    vectors, world = measured_photographs(wplus, portraits, config.home, world_of(profile))
    note_world(profile, world)
    codes = read_codes(decoder, wplus, portraits, progress, vectors)  # (P, L, D)
    reader = open_reader(parts.faces)
    if config.refine:
        codes = _refined(config, decoder, codes, faces, reader, progress)
    mean, weights = robust_mean(codes, portraits.quality)
    keys = tuple(photo.key for photo in photos)
    profile.save_identity(codes.numpy(), weights.numpy(), mean.numpy(), keys, file)
    redrawn = decoder.pictures(torch.cat([codes, mean[None]]))
    strip = preview_strip(to_uint8(resized(faces, redrawn.shape[1])), redrawn)
    path = profile.write(PREVIEW, lambda target: save_png(target, strip))
    alike = _likeness([aligned[p.key] for p in photos], redrawn[-1], reader)
    seconds = time.perf_counter() - began
    count = f"{len(photos)} face{'s' * (len(photos) != 1)}"
    progress.finish(
        "invert", f"{count} → W+ ({codes.shape[1]} x {codes.shape[2]}) · {seconds:.0f} s"
    )
    return InvertResult(profile.folder, path, alike)


def wanted(profile: Profile, config: InvertConfig) -> dict[str, Any]:
    """What a profile notes of its inversion: with equal notes the codes are still good."""
    keys = [photo.key for photo in profile.photos]
    seed = {"seed": config.seed} if config.refine and config.seed else {}
    return {"base": config.base, "refine": config.refine, "photos": keys, **seed}


def fits(profile: Profile, wplus: Path, file: str = IDENTITY) -> bool:
    """Whether the profile's codes have the size of the base's present weights: mini's may be newer
    than they are, and wider. Without weights to read photos with the codes stay as they are."""
    if not (wplus / SIZES_FILE).is_file():
        return True
    sizes = read_sizes(wplus)
    return profile.load_identity(file).mean.shape == (sizes["rows"], sizes["style_dim"])


def head_of(profile: Profile, photo: Photo, aligned: np.ndarray) -> np.ndarray:
    """The head in a photo's aligned face, (S, S) in [0, 1]; all of it where no mask was stored."""
    if not photo.mask:
        return np.ones(aligned.shape[:2], np.float32)
    mask = to_tensor(stored_picture(profile, photo.mask))[0, 0] * 0.5 + 0.5
    return np.asarray(mask.numpy())


def preview_strip(faces: np.ndarray, redrawn: np.ndarray) -> np.ndarray:
    """Photos (P, S, S, 3) over their codes redrawn, the mean (the last one) at the right."""
    blank = np.full_like(redrawn[-1:], 255)
    top = np.concatenate([*faces, *blank], axis=1)
    return np.concatenate([top, np.concatenate(list(redrawn), axis=1)])


def _refined(
    config: InvertConfig,
    decoder: Decoder,
    codes: Tensor,
    faces: Tensor,
    reader: FaceReader | None,
    progress: Progress,
) -> Tensor:
    """Codes (P, L, D) after ``config.refine`` steps of optimisation."""
    progress.start("refine", config.refine + 1)
    with torch.random.fork_rng(devices=[]):  # a caller's own random numbers stay as they are
        torch.manual_seed(config.seed)
        found = refine(
            decoder.net, codes, resized(faces, decoder.net.size), config.refine,
            None if reader is None else reader.embedder,
            advance=lambda step, loss: progress.advance("refine", 1, error=round(loss, 4)),
        )  # fmt: skip
    progress.finish("refine", f"error {found.error_before:.3f} → {found.error_after:.3f}")
    return found.codes.detach()


def _likeness(
    faces: list[np.ndarray], redrawn: np.ndarray, reader: FaceReader | None
) -> float | None:
    """Mean cosine of the redrawn mean face with the photos."""
    if reader is None:
        return None
    own = reader.embed(faces)
    return round(float((own @ reader.embed([redrawn])[0]).mean()), 4)
