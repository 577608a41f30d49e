"""Pictures of people, read once into a cache: latents, head masks and W+ codes.

What is cached lies in the output folder, a file a picture, and is read from there at every step:
memory does not grow with the pictures. Of several processes each reads its share into it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.faces.align import align_face, unwarp_mask
from pidiff_cli.core.faces.detect import Face, find_faces
from pidiff_cli.core.faces.framing import place_of
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.images import PhotoError, on_white, read_photo, resized, to_tensor
from pidiff_cli.core.training.dataset import photo_variants
from pidiff_cli.core.training.pretraining import Part, People
from pidiff_cli.core.wplus.inversion import invert
from pidiff_cli.core.wplus.weights import load_encoder, load_generator, read_sizes
from pidiff_cli.errors import InputError
from pidiff_cli.files import write_file
from pidiff_cli.stages.pretrain.buckets import cut, nearest
from pidiff_cli.stages.pretrain.samples import Sample, find_samples
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights import locate

COMMAND = "pretrain identity"
BANK = 4096  # codes that perturbed ones are drawn from, 150 MB of FFHQ's


class Reader:
    """Reads a picture; its networks are opened at the first one that is not in the cache."""

    def __init__(self, parts: locate.BaseParts, base: Base, size: int, bucketed: bool) -> None:
        self.parts, self.base, self.size, self.bucketed = parts, base, size, bucketed
        self.nets: tuple[torch.nn.Module, Tensor, int] | None = None

    def read(self, file: Path) -> dict[str, Tensor]:
        """``latents``, ``masks`` and ``codes`` of the largest face; {} where there is none."""
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
        image, head = self._framed(picture, whole, faces[0])
        latents = self.base.encode(image)
        with torch.no_grad():
            codes = invert(encoder, mean, white)
        small = F.interpolate(head, latents.shape[-2:], mode="area")
        found = {"latents": latents.float().cpu(), "masks": small, "codes": codes}
        return {key: value[0].contiguous() for key, value in found.items()}

    def _framed(self, picture: np.ndarray, mask: np.ndarray, face: Face) -> tuple[Tensor, Tensor]:
        """The picture (1, 3, h, w) in [-1, 1] and its head mask (1, 1, h, w), as trained on."""
        framing, place = self.base.framing, place_of(face.landmarks)
        if not self.bucketed:
            generator = torch.Generator().manual_seed(0)
            return photo_variants(picture, mask, self.size, 1, generator, framing, place)
        grey = torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32))[None, None]
        height, width = picture.shape[:2]
        return cut(to_tensor(picture), grey, place, framing, nearest(width, height, self.size))


def read_people(
    data: Path,
    cache: Path,
    reader: Reader,
    progress: Progress,
    part: Part,
    wait: Callable[[], None],
) -> People:
    """Every picture with a face; what was read before lies in ``cache`` and is not read again.

    Args:
        part: this process's share of the reading is every ``of``-th picture.
        wait: returns when all processes have come to it.

    Raises:
        InputError: no such folder, a broken shard, or no picture with a face in it.
        MissingWeightError: the W+ networks or those that find faces are not here.
    """
    if not data.is_dir():
        raise InputError(f"{data} is no folder.", "Give a folder of pictures: --data FOLDER")
    samples = find_samples(data)
    settings = f"{reader.size}{' bucketed' if reader.bucketed else ''}"
    files = [cache / f"{sample.key(settings)}.safetensors" for sample in samples]
    progress.start("read", len(samples))
    for sample, file in list(zip(samples, files, strict=True))[part.rank :: part.of]:
        if not file.is_file():
            with sample.opened() as picture:
                write_file(file, save(reader.read(picture)))
        progress.advance("read", part.of)
    wait()
    people = _opened(samples, files)
    if not people.captions:
        raise InputError(f"No picture with a face is in {data}.", "Faces of 96 px and more work.")
    shapes = f" in {len(people.buckets)} shapes" if reader.bucketed else ""
    count = len(people.captions)
    progress.finish("read", f"{len(samples)} pictures → {count} with a face{shapes}")
    return people


def _opened(samples: list[Sample], files: list[Path]) -> People:
    """What the cache holds, by its files' headers; the bank's codes are read."""
    captions: list[str] = []
    kept: list[Path] = []
    shapes: dict[tuple[int, ...], list[int]] = {}
    for sample, file in zip(samples, files, strict=True):
        shape = _shape(file)
        if shape:
            shapes.setdefault(shape, []).append(len(kept))
            kept.append(file)
            captions.append(sample.caption)
    every = max(1, -(-len(kept) // BANK))
    bank = [_codes(file) for file in kept[::every]]
    buckets = [torch.tensor(shapes[shape]) for shape in sorted(shapes)]
    return People(
        captions, buckets, torch.stack(bank) if bank else torch.empty(0),
        lambda index: load_file(kept[index]),
    )  # fmt: skip


def _shape(file: Path) -> tuple[int, ...]:
    """Of a picture's latents; () where it has no face."""
    try:
        with safe_open(file, "pt") as content:
            held = "latents" in content.keys()
            return tuple(content.get_slice("latents").get_shape()) if held else ()
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"What was read of a picture is not there, or damaged: {file}.",
            "Delete the file and start again; processes on several machines need one folder --out.",
        ) from error


def _codes(file: Path) -> Tensor:
    with safe_open(file, "pt") as content:
        return content.get_tensor("codes")
