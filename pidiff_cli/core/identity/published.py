"""The published W+ adapter (`wplus_adapter.bin`), converted once to an identity folder.

Its file is a dict of `w_proj` (the token projector) and `wplus_adapter` (one `to_q_wplus`,
`to_k_wplus`, `to_v_wplus` a cross-attention, named by its index in `unet.attn_processors`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pidiff_cli.core.identity.files import SETTINGS, write_identity
from pidiff_cli.core.identity.tokens import PUBLISHED_GROUPS
from pidiff_cli.core.tensors import pickles
from pidiff_cli.errors import InputError

WHAT = "the W+ adapter of Stable Diffusion 1.5"
PULL = "Fetch the right one: pidiff models pull sd15"
ROWS, DIM, WIDTH = 18, 512, 768

#: Cross-attentions of Stable Diffusion 1.5 in the order of `unet.attn_processors` (the middle block
#: is last), with their width; the i-th one has the index 2i + 1, as self-attentions are counted.
LAYERS: tuple[tuple[str, int], ...] = (
    *((f"down_blocks.{b}.attentions.{a}", 320 * 2**b) for b in range(3) for a in range(2)),
    *((f"up_blocks.{b}.attentions.{a}", 1280 >> (b - 1)) for b in range(1, 4) for a in range(3)),
    ("mid_block.attentions.0", 1280),
)


def convert_wplus_adapter(path: Path | str, folder: Path) -> None:
    """`wplus_adapter.bin` -> `identity.json`, `wproj.safetensors`, `branch.safetensors`.

    ``identity.json``, without which the folder does not count, goes first and comes back last.
    The weights keep the file's precision.

    Raises:
        MissingWeightError: no such file.
        InputError: damaged, with code in it, or another file; says what it probably is.
    """
    path = Path(path)
    _refuse_stage_one(path)
    whole = pickles.read_pickle(path)
    found = _flat(whole)
    fitted = pickles.fit(found, layout(), path, WHAT, whole, PULL)
    dtype = _precision(fitted, path)
    projector = _under(fitted, "w_proj.")
    branch = {_module_path(k): v for k, v in _under(fitted, "wplus_adapter.").items()}
    settings = {
        "rows": ROWS, "dim": DIM, "groups": PUBLISHED_GROUPS, "token_dim": WIDTH,
        "closed_vocabulary": False,
    }  # fmt: skip
    (folder / SETTINGS).unlink(missing_ok=True)
    write_identity(folder, branch, projector, settings, dtype)


def _refuse_stage_one(path: Path) -> None:
    """Stage 1's published file has stage 2's very layout; nothing but its name tells it."""
    if path.is_file() and re.search(r"stage[ _-]?(1|one)(?!\d)", path.stem.lower()):
        raise InputError(
            f"{path.name} is by its name the W+ adapter of training stage 1: the same layout, but "
            "it has seen cut-out faces only.",
            "Fetch stage 2's: pidiff models pull sd15. To use it all the same, rename it.",
        )


def layout() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published file, its two parts joined by a dot."""
    shapes: dict[str, tuple[int, ...]] = {}
    for i, (start, stop) in enumerate(PUBLISHED_GROUPS):
        shapes[f"w_proj.proj_{i}.weight"] = (WIDTH, (stop - start) * DIM)
    shapes |= {"w_proj.norm.weight": (WIDTH,), "w_proj.norm.bias": (WIDTH,)}
    for i, (_, width) in enumerate(LAYERS):
        for part, inner in (("q", width), ("k", WIDTH), ("v", WIDTH)):
            shapes[f"wplus_adapter.{2 * i + 1}.to_{part}_wplus.weight"] = (width, inner)
    return shapes


def _flat(whole: Any) -> dict[str, Tensor]:
    """Tensors of the two parts; of another file, all there are, so that the error can count."""
    if not isinstance(whole, Mapping):
        return {}
    found = pickles.tensors_in(whole)
    for part, inside in whole.items():
        found |= {f"{part}.{key}": value for key, value in pickles.tensors_in(inside).items()}
    return found


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _module_path(key: str) -> str:
    """``1.to_k_wplus.weight`` -> ``down_blocks.0…attn2.to_k_id.weight``."""
    index, part, last = key.split(".")
    layer = LAYERS[int(index) // 2][0]
    return f"{layer}.transformer_blocks.0.attn2.{part.removesuffix('_wplus')}_id.{last}"


def _precision(tensors: Mapping[str, Tensor], path: Path) -> torch.dtype:
    kinds = {value.dtype for value in tensors.values()}
    if not all(kind.is_floating_point for kind in kinds):
        raise InputError(f"{path.name} is not {WHAT}: some weights are whole numbers.", PULL)
    return kinds.pop() if len(kinds) == 1 else torch.float32
