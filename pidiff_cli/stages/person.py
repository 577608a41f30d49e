"""What `generate` and `stylemix` share: open a person on a base, draw, score, write pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pidiff_cli import __version__
from pidiff_cli.config import DrawingConfig, GenerateConfig, StylemixConfig
from pidiff_cli.core.device import pick_device
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw, together
from pidiff_cli.core.faces.reader import FaceReader, likeness
from pidiff_cli.core.identity.adapters import load_adapters, swap_adapters
from pidiff_cli.core.images import marked_png, read_record
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import PUBLIC, write_file, write_new
from pidiff_cli.marks.marker import WITHOUT, Marker
from pidiff_cli.profile import Profile
from pidiff_cli.profile.consent import consent_kind
from pidiff_cli.stages.base import fingerprint, fuse_lora, identity_fingerprint, load_parts
from pidiff_cli.stages.checks import check_size, check_tuned_on, only_side
from pidiff_cli.stages.faces import Faces, aligned_faces, open_reader
from pidiff_cli.stages.kept import loaded_once
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.reading import PromptReader
from pidiff_cli.stages.results import Picture
from pidiff_cli.weights import locate


@dataclass
class LoadedPerson:
    """One person on a loaded base, ready to be drawn.

    Attributes:
        parts: where the base's weights lie.
        code: W+ code (L, D) before the adapter's Δw; None on a base without a branch.
        faces: the aligned faces of the photos; empty where likeness is not measured.
        reference: embeddings (P, E) of the person's photos; None where none can be made.
        record: what every picture's record says of profile, base and versions; no name, no path.
        noun: what prompts call the person.
        model: what holds the branch's adapter; the UNet itself where it has none.
        weights: fingerprints of the base and of its general branch.
    """

    profile: Profile
    base: Base
    parts: locate.BaseParts
    code: Tensor | None
    reader: FaceReader | None
    faces: Faces
    reference: Tensor | None
    record: dict[str, Any]
    noun: str
    model: nn.Module
    weights: tuple[str, str]


def load_person(
    profile: Profile,
    parts: locate.BaseParts,
    device: str,
    score: bool,
    progress: Progress,
    noun: str = "",
    last: LoadedPerson | None = None,
) -> LoadedPerson:
    """Load a base and put the profile's adapter on it; once, where `keep_loaded` asks for it.

    Args:
        score: also open the face networks, and embed the photos that likeness is measured against.
        noun: what prompts call the person; the profile's own when empty.
        last: who was drawn before and will not be any more: where it is the same base and the
            adapters agree, theirs is overwritten.

    Raises:
        InputError: no W+ code, or one of another base. MissingWeightError: no such weights here.
    """

    def load() -> LoadedPerson:
        if last is not None:
            return _load(profile, parts, device, score, progress, last)
        key = (
            profile.folder.resolve(), profile.fingerprint, profile.manifest.photos, parts, device,
            score,
        )  # fmt: skip
        kept: LoadedPerson = loaded_once(
            repr(key), lambda: _load(profile, parts, device, score, progress)
        )
        return kept

    return replace(profile.reading(load), profile=profile, noun=noun or profile.manifest.noun)


def _load(
    profile: Profile, parts: locate.BaseParts, device: str, score: bool, progress: Progress,
    last: LoadedPerson | None = None,
) -> LoadedPerson:  # fmt: skip
    manifest, name = profile.manifest, parts.name
    tuned = profile.parts
    if tuned:
        check_tuned_on(profile, parts)
    mean = _code(profile)
    same = last is not None and last.parts == parts
    base, model = _swapped(last, profile, same) or _loaded(profile, parts, device, mean)
    if not base.has_branch:
        mean = None
    if mean is not None and not _fits(base, mean):
        raise InputError(
            f"The W+ code of {profile.name} is not of the base {name}.",
            f"Make it anew: pidiff invert {profile.name} --base {name}",
        )
    known = last.weights if last is not None and same else None
    weights = known or (fingerprint(parts), identity_fingerprint(parts))
    if not tuned:
        progress.warn(f"{profile.name} is not tuned yet: drawn by the general branch alone.")
    elif manifest.base.get("fingerprint") not in (None, weights[0]):
        progress.warn(f"{profile.name} was tuned on other weights of {name}; likeness suffers.")
    elif manifest.base.get("identity", "") != weights[1]:
        progress.warn(
            f"{profile.name} was tuned on another general branch of {name}; tune it again: "
            f"pidiff tune {profile.name} --base {name} --retune"
        )
    reader = open_reader(parts.faces) if score else None
    record = {
        "profile": {"id": manifest.id, "fingerprint": profile.fingerprint},
        "base": {"name": name, "fingerprint": weights[0]},
        "consent": consent_kind(manifest),
        "versions": {"pidiff": __version__, "torch": torch.__version__},
    }
    faces = aligned_faces(profile) if reader else {}
    reference = reader.embed([*faces.values()]) if reader and faces else None
    return LoadedPerson(
        profile, base, parts, mean, reader, faces, reference, record, manifest.noun, model, weights
    )


def _swapped(
    last: LoadedPerson | None, profile: Profile, same: bool
) -> tuple[Base, nn.Module] | None:
    """The base of who was drawn before with this person's adapters in place of theirs."""
    if last is None or not same or not profile.parts:
        return None
    last.base.rest()
    if not swap_adapters(last.model, last.base.lora, profile.stored):
        return None
    return last.base, last.model


def _loaded(
    profile: Profile, parts: locate.BaseParts, device: str, mean: Tensor | None
) -> tuple[Base, nn.Module]:
    """The base with the person's adapters, if any, and what holds the branch's."""
    tuned = profile.parts
    where, dtype, _ = pick_device(device, family=parts.family)
    begun = mean.shape if mean is not None and "adapter" in tuned else None
    base = load_parts(parts, where, dtype, codes=begun)
    if not tuned or (mean is not None and base.has_branch and not _fits(base, mean)):
        return base, base.unet
    model, base.lora = load_adapters(base.unet, profile.stored)
    base.unet.requires_grad_(False)
    fuse_lora(base, parts.family)
    return base, model


def _fits(base: Base, mean: Tensor) -> bool:
    return mean.shape == (base.rows, base.dim)


def _code(profile: Profile) -> Tensor | None:
    """The person's W+ code (L, D). Raises InputError where the profile has nothing to draw by."""
    learnt = profile.manifest.base.get("wplus") != "off"
    if not learnt and "lora" in profile.parts:
        return None
    return torch.from_numpy(np.array(profile.load_identity().mean))


def draw_settings(config: DrawingConfig) -> DrawSettings:
    """The sampler's settings of a configuration; stylemix has neither negative nor scheduler."""
    return DrawSettings(
        steps=config.steps,
        guidance=config.guidance,
        prompt_pull=config.prompt_pull,
        identity_scale=config.identity_scale,
        start=config.start,
        keep_background=config.hold,
        size=config.size,
        negative=getattr(config, "negative", ""),
        scheduler=getattr(config, "scheduler", ""),
    )


def prompt_reader(
    loaded: LoadedPerson,
    literal: bool = False,
    edits: bool = True,
    subject: tuple[int, ...] = (),
) -> PromptReader:
    """How this person's prompts are read."""
    profile = loaded.profile
    return PromptReader(
        loaded.base, loaded.parts.name, loaded.parts.family, loaded.noun, profile.name,
        str(profile.stage_state("lora").get("trigger", "")),  # of a LoRA trained elsewhere
        literal, edits and loaded.code is not None, subject,
    )  # fmt: skip


def drawn_side(loaded: LoadedPerson, size: int, progress: Progress) -> int:
    """The side in px that a picture of this size is drawn at; said where it is another one.

    Raises:
        UsageError: a side that the base's networks cannot halve often enough, or below the one
            size that it draws.
    """
    base = loaded.base
    if (side := only_side(loaded.parts)) is not None:
        check_size(size, loaded.parts)
        if size > side:
            progress.line(f"{loaded.parts.name} draws at {side} px; enlarged to {size} (Lanczos).")
        return side
    blocks = len(base.unet.config.block_out_channels)  # type: ignore[union-attr, arg-type]
    unit = base.vae_factor * 2 ** (blocks - 1)
    if size % unit:
        raise UsageError(
            f"size is {size}; it must be a multiple of {unit} here.",
            f"Take {max(unit, round(size / unit) * unit)}.",
        )
    return size


def enlarged(image: np.ndarray, size: int) -> np.ndarray:
    """A square picture (H, W, 3) uint8 at this side, by Lanczos' filter; as it is where it has
    it."""
    if image.shape[0] == size:
        return image
    whole = Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(whole)


def draw_pictures(
    loaded: LoadedPerson,
    prompts: list[EncodedPrompt],
    code: Tensor | None,
    seeds: list[int],
    settings: DrawSettings,
    on_step: Callable[[], None],
) -> Iterator[tuple[int, np.ndarray]]:
    """Seed and picture (H, W, 3) uint8, one after another; on a GPU a few are drawn at once.

    ``prompts`` holds one a seed. Raises InputError for a picture that shows nothing.
    """
    some = together(loaded.base, settings)
    for start in range(0, len(seeds), some):
        part, wanted = seeds[start : start + some], prompts[start : start + some]

        def step(count: int = len(part)) -> None:
            for _ in range(count):
                on_step()

        drawn = draw(loaded.base, wanted, code, part, settings, on_step=step)
        for seed, image, sound in zip(part, drawn.images, drawn.sound, strict=True):
            if not sound:
                raise InputError(
                    f"The picture of seed {seed} came out empty (black, or no numbers at all).",
                    "Weaker --edit, --guidance or --identity-scale may help, more --steps, or "
                    "another --scheduler.",
                )
            yield seed, image


def alike(loaded: LoadedPerson, image: np.ndarray) -> float | None:
    """Mean cosine with the person's photos; None where no face is found or nothing to compare."""
    if loaded.reader is None or loaded.reference is None:
        return None
    face = loaded.reader.embedding(image)
    return None if face is None else round(likeness(face, loaded.reference), 4)


def write_picture(
    out: Path,
    name: str,
    image: np.ndarray,
    record: dict[str, Any],
    alike: float | None,
    marker: Marker | None = None,
) -> Picture:
    """Write one PNG under a name of its own, `name` and the prompt in it, and mark it.

    The record names nobody: where the prompt has the person's name it holds the completed one.
    """
    prompt, seed = str(record["prompt"]), int(record["seed"])
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    if word.search(prompt) and not word.search(record["full_prompt"]):
        record = {**record, "prompt": record["full_prompt"]}
    path = write_new_png(out, f"{name}-{slug(prompt)}-{seed}", image, record, marker)
    return Picture(path, prompt, seed, alike)


def write_new_png(
    out: Path, stem: str, image: np.ndarray, record: dict[str, Any], marker: Marker | None = None
) -> Path:
    """Write `stem.png`, or `stem-2.png` and so on: what is there under a name, of another record,
    stays, also where somebody else writes into the folder now."""
    content, record = marked_png(image, record, marker)
    stem, number = _short(stem), 1
    while True:
        path = out / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
        try:
            write_new(path, content)
            return path
        except FileExistsError:
            if _same_record(path, record):
                write_file(path, content, PUBLIC)
                return path
        number += 1


def open_marker(config: GenerateConfig | StylemixConfig, progress: Progress) -> Marker | None:
    """What marks a command's pictures; what a person has to know of it is said in a line.

    Raises:
        InputError: the key, or the user's certificate, cannot be used.
    """
    marker = Marker.open(config.home, config.mark)
    if told := WITHOUT if marker is None else marker.doubt:
        progress.warn(told)
    return marker


def _short(stem: str) -> str:
    """A file's name as long as every disk takes it, with room for a number and the suffix."""
    return stem.encode()[:200].decode(errors="ignore")


def make_folder(out: Path) -> Path:
    """The folder for pictures, made if need be. Raises InputError when it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"Cannot make the folder {out}: {reason}.", "Choose another.") from error
    return out


def slug(text: str) -> str:
    """A file name's part of a prompt: letters, digits and single dashes, at most 40."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "picture"


def _same_record(path: Path, record: dict[str, Any]) -> bool:
    try:
        return read_record(path) == record
    except InputError:
        return False
