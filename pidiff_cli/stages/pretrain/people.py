"""A folder of pictures of people, read once: latents, head masks, W+ codes, captions."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.faces.align import align_face, unwarp_mask
from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.framing import place_of
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.images import PhotoError, on_white, read_photo, resized
from pidiff_cli.core.training.dataset import photo_variants
from pidiff_cli.core.training.pretraining import People
from pidiff_cli.core.wplus.inversion import invert
from pidiff_cli.core.wplus.weights import load_encoder, load_generator, read_sizes
from pidiff_cli.errors import InputError
from pidiff_cli.files import PICTURES, write_file
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights import locate

CAPTION = "a photo of a person"
COMMAND = "pretrain identity"


def read_people(
    folder: Path, cache: Path, parts: locate.BaseParts, base: Base, size: int, progress: Progress
) -> People:
    """Every picture with a face; what was read before lies in ``cache`` and is not read again.

    A caption is the text file beside the picture (``0001.jpg``, ``0001.txt``).

    Raises:
        InputError: no such folder, or no picture with a face in it.
        MissingWeightError: the W+ networks or those that find faces are not here.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", "Give a folder of pictures: --data FOLDER")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES and p.is_file())
    reader = _Reader(parts, base, size)
    progress.start("read", len(files))
    found: list[dict[str, Tensor]] = []
    captions = []
    for file in files:
        kept = _cached(file, cache, size, reader)
        if len(kept):
            found.append(kept)
            captions.append(_caption(file))
        progress.advance("read")
    if not found:
        raise InputError(f"No picture with a face is in {folder}.", "Faces of 96 px and more work.")
    progress.finish("read", f"{len(files)} pictures → {len(found)} with a face")
    stacked = {key: torch.cat([item[key] for item in found]) for key in found[0]}
    encoded = [encode_prompt(base, text, "person") for text in captions]
    latents = stacked["latents"].to(base.dtype)
    return People(latents, stacked["masks"].to(base.dtype), stacked["codes"], encoded)


class _Reader:
    """Networks that read a picture; opened at the first one that is not in the cache."""

    def __init__(self, parts: locate.BaseParts, base: Base, size: int) -> None:
        self.parts, self.base, self.size = parts, base, size
        self.nets: tuple[torch.nn.Module, Tensor, int] | None = None

    def read(self, file: Path) -> dict[str, Tensor]:
        """Latents, masks and codes of the largest face; {} where there is none."""
        try:
            picture = read_photo(file)
        except PhotoError:
            return {}
        faces = find_faces(picture, self.parts.faces)
        if not faces:
            return {}
        if self.nets is None:
            wplus = self.parts.need_wplus(COMMAND)
            _, mean = load_generator(wplus)
            self.nets = load_encoder(wplus), mean, int(read_sizes(wplus)["encoder"]["side"])
        encoder, mean, side = self.nets
        aligned = align_face(picture, faces[0].landmarks, 256)
        mask = head_mask(aligned, self.parts.faces)
        white = resized(on_white(aligned, mask), side)
        whole = unwarp_mask(mask, faces[0].landmarks, *picture.shape[:2])
        generator = torch.Generator().manual_seed(0)
        framing, place = self.base.framing, place_of(faces[0].landmarks)
        images, masks = photo_variants(picture, whole, self.size, 1, generator, framing, place)
        latents = self.base.encode(images)
        with torch.no_grad():
            codes = invert(encoder, mean, white)
        small = F.interpolate(masks, latents.shape[-2:], mode="area")
        return {"latents": latents.float().cpu(), "masks": small, "codes": codes}


def _cached(file: Path, cache: Path, size: int, reader: _Reader) -> dict[str, Tensor]:
    stat = file.stat()
    told = f"{file.resolve()} {stat.st_size} {stat.st_mtime_ns} {size}"
    path = cache / f"{hashlib.sha256(told.encode()).hexdigest()[:24]}.safetensors"
    if path.is_file():
        return load_file(path)
    made = {key: value.contiguous() for key, value in reader.read(file).items()}
    write_file(path, save(made))
    return made


def _caption(file: Path) -> str:
    beside = file.with_suffix(".txt")
    try:
        text = " ".join(beside.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError):
        return CAPTION
    return re.sub(r"\s+", " ", text)[:1000] or CAPTION
