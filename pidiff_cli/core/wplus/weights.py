"""Reads the mini base's W+ networks from its weights folder, strictly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from pidiff_cli.core.tensors.load import MEND, load_strictly, read_tensors, with_prefix
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.stylegan2 import Generator
from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.reading.text import read_json

GENERATOR_FILE, ENCODER_FILE, SIZES_FILE = "stylegan2.safetensors", "e4e.safetensors", "wplus.json"
PRIOR_FILE = "prior.safetensors"


def load_generator(folder: Path | str) -> tuple[Generator, Tensor]:
    """The generator in eval mode, and the mean code (L, D), both float32."""
    sizes, path = read_sizes(folder), Path(folder) / GENERATOR_FILE
    tensors = read_tensors(path)
    try:
        widths = {int(side): int(width) for side, width in sizes["channels"].items()}
        net = Generator(sizes["size"], sizes["style_dim"], sizes["n_mlp"], widths)
    except KeyError as error:
        raise InputError(f"{SIZES_FILE} in {folder} lacks the entry {error}", MEND) from error
    load_strictly(net, with_prefix(tensors, "g_ema."), path)
    return net.eval(), mean_code(tensors, net.rows, net.style_dim, path)


def load_encoder(folder: Path | str) -> Encoder:
    """The encoder in eval mode, float32."""
    sizes, path = read_sizes(folder), Path(folder) / ENCODER_FILE
    try:
        net = Encoder(sizes["rows"], sizes["style_dim"], **sizes["encoder"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{SIZES_FILE} in {folder} does not fit: {error}", MEND) from error
    load_strictly(net, with_prefix(read_tensors(path), "encoder."), path)
    return net.eval()


def load_directions(folder: Path | str) -> Tensor:
    """How the code moves per unit of each world factor, float32 (F, L, D); `read_sizes` may name
    the factors."""
    path = Path(folder) / GENERATOR_FILE
    tensors = read_tensors(path)
    if "factor_directions" not in tensors:
        raise InputError(f"{path.name} holds no directions", MEND)
    return tensors["factor_directions"].float()


def read_sizes(folder: Path | str) -> dict[str, Any]:
    """The sizes in `wplus.json`; MissingWeightError if it is not there."""
    path = Path(folder) / SIZES_FILE
    if not path.is_file():
        raise MissingWeightError(f"{path} is missing", MEND)
    sizes: dict[str, Any] = read_json(path, dict[str, Any])
    return sizes


def mean_code(tensors: dict[str, Tensor], rows: int, dim: int, path: Path) -> Tensor:
    """`latent_avg` as (L, D) float32, from (D,), (1, D) or (L, D)."""
    if "latent_avg" not in tensors:
        raise InputError(f"{path} has no latent_avg", MEND)
    mean = tensors["latent_avg"].float()
    if mean.shape[-1] != dim or mean.numel() not in (dim, rows * dim):
        raise InputError(f"latent_avg in {path} is {tuple(mean.shape)}, not ({rows}, {dim})", MEND)
    return mean.reshape(-1, dim).expand(rows, dim).clone()
