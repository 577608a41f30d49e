"""A base from the parts that `weights/` found, and what tells one base's weights from another's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.diffusion.untouched import Untouched
from pidiff_cli.core.training.memory_plan import Learnt, Sizes
from pidiff_cli.core.wplus.weights import read_sizes
from pidiff_cli.weights import locate, records
from pidiff_cli.weights.bases import BASES

_kept: dict[tuple[object, ...], Untouched] | None = None
_SAMPLE = 1 << 20  # bytes read at the start, in the middle and at the end of a large file


def load_parts(
    parts: locate.BaseParts,
    device: torch.device,
    dtype: torch.dtype,
    parked: bool = False,
    nf4: bool = False,
    codes: tuple[int, ...] | None = None,
) -> Base:
    """Load a base with its general branch; without one it starts from the text's keys and values,
    and without the W+ networks either there is none.

    Args:
        parked, nf4: as ``open_base``'s.
        codes: shape (L, D) of a person's W+ codes, where they were read elsewhere.

    Raises:
        InputError: a checkpoint of another family. MissingWeightError: it does not load.
    """
    sizes = None
    if parts.identity is None and codes is not None:
        sizes = codes[0], codes[1]
    elif parts.identity is None and parts.wplus is not None:
        found = read_sizes(parts.wplus)
        sizes = int(found["rows"]), int(found["style_dim"])
    asked = (
        parts.diffusers, parts.identity, sizes, device, dtype, parts.family, parked, nf4
    )  # fmt: skip
    if _kept is None:
        return open_base(*asked)
    kept = _kept.get(asked)
    if kept is None or not kept.intact:
        _kept.clear()  # the room is for one base
        kept = _kept[asked] = Untouched(open_base(*asked))
    return kept.copy()


@contextmanager
def base_kept() -> Iterator[None]:
    """Inside, a base that is asked for again is not loaded again: every `load_parts` gives it as
    it was first loaded, on the same weights. The last one is kept."""
    global _kept
    before = _kept
    _kept = {} if before is None else before
    try:
        yield
    finally:
        _kept = before


def fuse_lora(base: Base, family: str) -> None:
    """Fuse the person's LoRA, if any, where its weights have room beside the base's.

    On a CUDA card they must leave what decoding a picture takes; where they do not, PEFT's layers
    draw the same pictures, slower.
    """
    lora = base.lora
    if lora is None or not lora.fusible:
        return
    if base.device.type == "cuda":
        sizes = Sizes.of(family, base.dtype.itemsize, Learnt(0, branch=False))
        decode = sizes.call("decode", BASES[family].size) if sizes else 0
        if lora.copied_bytes + decode > torch.cuda.mem_get_info(base.device)[0]:
            return
    lora.fuse()


def fingerprints(parts: locate.BaseParts) -> dict[str, str]:
    """What a profile keeps of the base it is tuned on, beside its name."""
    weights = {"fingerprint": fingerprint(parts)}
    if parts.family != "mini":
        weights |= {"family": parts.family, "identity": identity_fingerprint(parts)}
    return weights


def fingerprint(parts: locate.BaseParts) -> str:
    """16 hex digits of a base's diffusion weights; of gigabytes, samples of every file."""
    if parts.family == "mini":
        return locate.fingerprint(parts.diffusers)
    return _sampled(parts.diffusers)


def identity_fingerprint(parts: locate.BaseParts) -> str:
    """16 hex digits of the general branch under a person's adapter; "" where it has no files.

    mini's comes and goes with its diffusion weights.
    """
    return _sampled(parts.identity) if parts.identity and parts.family != "mini" else ""


def _sampled(path: Path) -> str:
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        if file.name.startswith(".") or file.name == records.NAME:
            continue
        size = file.stat().st_size
        digest.update(f"{file.relative_to(path).as_posix()} {size}".encode())
        with file.open("rb") as content:
            for start in (0, max(0, (size - _SAMPLE) // 2), max(0, size - _SAMPLE)):
                content.seek(start)
                digest.update(content.read(_SAMPLE))
    return digest.hexdigest()[:16]
