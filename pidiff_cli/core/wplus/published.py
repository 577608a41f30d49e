"""The published StyleGAN2-FFHQ generator and e4e encoder, converted once to safetensors.

The folder they are written to is the one that `core.wplus.weights` reads, as mini's is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pidiff_cli.core.tensors import pickles
from pidiff_cli.core.tensors.load import write_tensors
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.irse import UNITS, WIDTHS
from pidiff_cli.core.wplus.stylegan2 import Generator, default_channels, rows_for
from pidiff_cli.core.wplus.weights import ENCODER_FILE, GENERATOR_FILE, SIZES_FILE
from pidiff_cli.errors import InputError
from pidiff_cli.files import write_file

PULL = "Fetch the right one: pidiff models pull ffhq"
PULL_GENERATOR = "Fetch the right one: pidiff models pull stylegan2-ffhq"
ENCODER, GENERATOR = "e4e's FFHQ encoder", "the StyleGAN2-FFHQ generator of 1024 px"

#: What `wplus.json` says of the published networks: 1024 px, 18 rows of 512, faces of 256 px.
FFHQ: dict[str, Any] = {
    "size": 1024,
    "style_dim": 512,
    "n_mlp": 8,
    "channels": {str(side): width for side, width in default_channels(1024).items()},
    "rows": rows_for(1024),
    "encoder": {
        "side": 256,
        "widths": list(WIDTHS),
        "units": list(UNITS),
        "coarse": 3,
        "middle": 7,
        "deltas": True,
        "reduction": 16,
        "stride": 1,
    },
}


def convert_e4e(path: Path | str, folder: Path, sizes: Mapping[str, Any] = FFHQ) -> None:
    """`e4e_ffhq_encode.pt` -> encoder, generator and sizes in `folder`; each written whole.

    The file is a dict: `state_dict` with `encoder.*` and `decoder.*`, `latent_avg` (L, D), `opts`.
    Every weight must be there, and none else.

    Args:
        sizes: of the networks, in the words of `wplus.json`.

    Raises:
        MissingWeightError: no such file.
        InputError: damaged, with code in it, or not e4e's file; says what it probably is.
    """
    path = Path(path)
    whole = pickles.read_pickle(path)
    state = whole.get("state_dict") if isinstance(whole, Mapping) else None
    tensors = pickles.tensors_in(state if state is not None else whole)
    _refuse_psp(whole, path)
    wanted = {f"encoder.{k}": v for k, v in _encoder_shapes(sizes).items()}
    wanted |= {f"decoder.{k}": v for k, v in _generator_shapes(sizes).items()}
    fitted = pickles.fit(tensors, wanted, path, ENCODER, whole, PULL)
    mean = _mean(whole, sizes, path, ENCODER)
    decoder = {
        f"g_ema.{k.removeprefix('decoder.')}": v
        for k, v in fitted.items()
        if k.startswith("decoder.")
    }
    encoder = {k: v for k, v in fitted.items() if k.startswith("encoder.")}
    write_tensors(folder / GENERATOR_FILE, decoder | {"latent_avg": mean})
    write_tensors(folder / ENCODER_FILE, encoder)
    _write_sizes(folder, sizes)


def convert_generator(path: Path | str, folder: Path, sizes: Mapping[str, Any] = FFHQ) -> None:
    """`stylegan2-ffhq-config-f.pt` -> generator and sizes in `folder`; each written whole.

    The file is a dict: `g_ema` and `latent_avg` (D,); `g` and `d`, if there, are not read. An
    encoder that is in the folder already stays.

    Raises:
        MissingWeightError: no such file.
        InputError: damaged, with code in it, or not that generator; says what it probably is.
    """
    path = Path(path)
    whole = pickles.read_pickle(path)
    state = whole.get("g_ema") if isinstance(whole, Mapping) else None
    tensors = pickles.tensors_in(state if state is not None else whole)
    fitted = pickles.fit(tensors, _generator_shapes(sizes), path, GENERATOR, whole, PULL_GENERATOR)
    mean = _mean(whole, sizes, path, GENERATOR)
    write_tensors(
        folder / GENERATOR_FILE, {f"g_ema.{k}": v for k, v in fitted.items()} | {"latent_avg": mean}
    )
    _write_sizes(folder, sizes)


def _encoder_shapes(sizes: Mapping[str, Any]) -> dict[str, torch.Size]:
    return pickles.shapes_of(lambda: Encoder(sizes["rows"], sizes["style_dim"], **sizes["encoder"]))


def _generator_shapes(sizes: Mapping[str, Any]) -> dict[str, torch.Size]:
    widths = {int(side): int(width) for side, width in sizes["channels"].items()}
    return pickles.shapes_of(
        lambda: Generator(sizes["size"], sizes["style_dim"], sizes["n_mlp"], widths)
    )


def _refuse_psp(whole: Any, path: Path) -> None:
    """pSp's file has e4e's very names, but its heads give codes of their own, not deltas."""
    guess = pickles.what_it_is(whole)
    if guess.startswith(("a pSp", "an encoder called")):
        raise InputError(
            f"{path.name} is {guess}, not {ENCODER}: the names fit, the codes would be wrong.", PULL
        )


def _mean(whole: Any, sizes: Mapping[str, Any], path: Path, what: str) -> Tensor:
    """`latent_avg` as (L, D) float32, from (D,), (1, D) or (L, D)."""
    mean = whole.get("latent_avg") if isinstance(whole, Mapping) else None
    rows, dim = sizes["rows"], sizes["style_dim"]
    if not isinstance(mean, Tensor):
        raise InputError(f"{path.name} is not {what}: it has no mean code (latent_avg).", PULL)
    if mean.numel() not in (dim, rows * dim) or mean.shape[-1] != dim:
        raise InputError(
            f"{path.name} is not {what}: its mean code is {tuple(mean.shape)}, not {(rows, dim)}.",
            PULL,
        )
    return mean.detach().float().reshape(-1, dim).expand(rows, dim).contiguous()


def _write_sizes(folder: Path, sizes: Mapping[str, Any]) -> None:
    text = json.dumps(dict(sizes), indent=1) + "\n"
    write_file(folder / SIZES_FILE, text.encode("utf-8"))
