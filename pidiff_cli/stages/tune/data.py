"""What a tuning learns from: photos, captions, latents and text states, kept between runs.

Latents lie under ``photos/``, as pictures can be drawn from them: what drops the photos drops
them, and no export takes them along. Their key is content: photos, settings, the base's weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import (
    EncodedPrompt,
    TextStates,
    encode_prompt,
    text_states,
)
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.faces.framing import Place
from pidiff_cli.core.training.captioning import found_captions
from pidiff_cli.core.training.dataset import LatentSet, cache_latents, face_variants, photo_variants
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile, codes_file
from pidiff_cli.stages.faces import Faces, stored_picture
from pidiff_cli.stages.progress import Progress

#: What a caption may tell of a face besides whose it is.
MOODS = (
    ", smiling", ", laughing", ", looking sad", ", looking angry", ", looking surprised",
)  # fmt: skip
#: Prompts whose clothes, places and styles have to stay the base's while a LoRA learns.
OTHERS = (
    "as a wizard", "as a doctor", "as a knight", "as a cowboy", "as a king", "as a firefighter",
    "in a garden", "in space", "laughing", "looking sad", "pencil sketch", "watercolour painting",
)  # fmt: skip
VARIANTS = 24  # cached pictures a phase, shared out over the photos, at least 4 a photo
LATENTS = "photos/latents.safetensors"
VERSION = 2  # of what is kept; another one is made anew


@dataclass(frozen=True)
class Material:
    """Latents of phase (a) and (b), captions, and the text states of captions and "" (last).

    ``told``: (P, F) the captions that are true of each photo; None is all of them for all.
    """

    data: tuple[LatentSet, LatentSet]
    captions: list[EncodedPrompt]
    texts: TextStates
    told: Tensor | None = None


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
    """W+ codes (P, L, D) of these photos in order, and the person's mean (L, D).

    Raises InputError where the profile has none.
    """
    identity = profile.load_identity(codes_file(profile))
    rows = {key: row for row, key in enumerate(identity.keys)}
    codes = [identity.codes[rows[p.key]] if p.key in rows else identity.mean for p in photos]
    return torch.from_numpy(np.stack(codes)), torch.from_numpy(np.array(identity.mean))


def captions(base: Base, noun: str, mood: str = "") -> list[EncodedPrompt]:
    """The captions to learn with: those of two forms that the base has words for."""
    texts = [f"a {kind} of a {noun}{mood}" for kind in ("photo", "portrait")]
    forms = [encode_prompt(base, text, noun) for text in texts]
    return [form for form in forms if not form.unknown] or forms[:1]


def mood_captions(base: Base, noun: str) -> list[list[EncodedPrompt]]:
    """Captions of every mood that the base has words for, the plain ones first."""
    found = [captions(base, noun, mood) for mood in ("", *MOODS)]
    return [forms for forms in found if not forms[0].unknown and len(forms) == len(found[0])]


def told_by(base: Base, data: LatentSet, forms: list[list[EncodedPrompt]]) -> Tensor:
    """Which captions (P, F) are true of each photo: of the mood that the base sees in it.

    What a caption says of a picture is not learnt into the person: else who smiles in the photos
    smiles in the snow.
    """
    photos = range(int(data.photo.max()) + 1)
    first = torch.tensor([int((data.photo == p).nonzero()[0]) for p in photos])
    texts = text_states(base, [of_mood[0] for of_mood in forms])
    moods = found_captions(base, data.latents[first], data.masks[first], texts)
    count = len(forms[0])
    return torch.tensor([[mood * count + i for i in range(count)] for mood in moods])


def moods_found(forms: list[list[EncodedPrompt]], told: Tensor) -> str:
    """How many photos show which mood: "2 smiling, 1 looking sad"; "" where none shows any."""
    plain = forms[0][0].text
    which = (told[:, 0] // len(forms[0])).tolist()
    counts = {k: which.count(k) for k in sorted(set(which)) if k}
    return ", ".join(f"{n} {forms[k][0].text[len(plain) + 2 :]}" for k, n in counts.items())


def other_prompts(base: Base, noun: str) -> list[EncodedPrompt]:
    """What else a person may be drawn as, as far as the base has the words (``OTHERS``)."""
    forms = [encode_prompt(base, complete(wish, noun), noun) for wish in OTHERS]
    return [form for form in forms if not form.unknown]


def material(
    profile: Profile,
    config: TuneConfig,
    base: Base,
    photos: list[Photo],
    faces: Faces,
    weights: str,
    progress: Progress,
    others: Sequence[EncodedPrompt] = (),
    moods: bool = False,
) -> Material:
    """Read what the last tuning of the same photos kept, or make and keep it.

    Args:
        weights: fingerprint of the base, whose autoencoder and text encoders made it.
        others: further captions, behind those of the photos.
        moods: captions tell of each photo's mood.
    """
    noun = profile.manifest.noun
    forms = mood_captions(base, noun) if moods else [captions(base, noun)]
    texts_of = [*chain.from_iterable(forms), *others]
    key = _key(profile, config, base, photos, weights, texts_of)
    found = _read_latents(profile.stored(LATENTS), key, base)
    if found:
        progress.line("Latents and text of these photos are there from an earlier tuning.")
        return Material(found[0], texts_of, found[1], found[2])
    data = training_data(profile, config, base, photos, faces)
    told = told_by(base, data[1], forms) if moods else None
    if told is not None and (found_moods := moods_found(forms, told)):
        progress.line(f"Moods in the photos, not to be learnt: {found_moods}.")
    texts = text_states(base, [*texts_of, encode_prompt(base, "", "")])
    if all(photo.picture for photo in photos):  # else no photo is to stay
        profile.write(LATENTS, lambda path: _save_latents(path, key, data, texts, told))
    return Material(data, texts_of, texts, told)


def training_data(
    profile: Profile, config: TuneConfig, base: Base, photos: list[Photo], faces: Faces
) -> tuple[LatentSet, LatentSet]:
    """Cached latents of phase (a) and phase (b); (b) is (a) where no photo was kept."""
    generator = torch.Generator().manual_seed(config.seed)
    count = max(4, math.ceil(VARIANTS / len(photos)))
    heads, whole = [], []
    for photo in photos:
        mask = _read_mask(profile, photo.mask)
        heads.append(face_variants(faces[photo.key], mask, config.size, count, generator))
        if photo.picture and photo.picture_mask:
            picture = stored_picture(profile, photo.picture)
            mask = _read_mask(profile, photo.picture_mask)
            place = Place(*photo.info["place"]) if "place" in photo.info else None
            whole.append(
                photo_variants(picture, mask, config.size, count, generator, base.framing, place)
            )
        else:
            whole.append(heads[-1])
    return cache_latents(base, heads), cache_latents(base, whole)


def _read_mask(profile: Profile, relative: str) -> np.ndarray:
    return stored_picture(profile, relative)[..., 0].astype(np.float32) / 255


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
        "settings": [config.size, config.seed, VARIANTS],
        "framing": base.framing.values(),
        "base": [weights, str(base.dtype)],
        "captions": [caption.text for caption in captions],
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _save_latents(
    path: Path,
    key: str,
    data: tuple[LatentSet, LatentSet],
    texts: TextStates,
    told: Tensor | None,
) -> None:
    tensors: dict[str, Tensor] = {"text": texts.tokens}
    if told is not None:
        tensors["told"] = told
    if texts.pooled is not None:
        tensors["pooled"] = texts.pooled
    for name, part in zip(("faces", "photos"), data, strict=True):
        tensors |= {f"{name}.latents": part.latents, f"{name}.photo": part.photo}
        tensors[f"{name}.masks"] = part.masks
    kept = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_file(kept, path, metadata={"key": key})


def _read_latents(
    path: Path, key: str, base: Base
) -> tuple[tuple[LatentSet, LatentSet], TextStates, Tensor | None] | None:
    """What is kept under this key; None where nothing is, or where it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("key") != key:
                return None
            # Copied: the file's own offsets are not those of torch's memory, on which the last bit
            # of some CPU kernels depends; a run that goes on would not be the one not stopped.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}
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
    states = TextStates(texts, None if pooled is None else pooled.to(base.device))
    return (faces, photos), states, tensors.get("told")
