"""The mean of several trainings' UNet and identity branch (Izmailov et al. 2018, Averaging Weights
Leads to Wider Optima; Wortsman et al. 2022, Model soups).

    python -m pidiff_cli.mini.train.mean new before=0.5 after=0.5

What small batches moved by chance is halved, what both have learnt stays. The weights must come
from one another: the mean of two trainings from nothing is neither. Other networks and texts are
the first folder's.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from pidiff_cli.mini.train.common import export_fp16

FILES = (
    "diffusers/unet/diffusion_pytorch_model.safetensors",
    "identity/branch.safetensors",
    "identity/wproj.safetensors",
)


def mean(states: Sequence[dict[str, Tensor]], shares: Sequence[float]) -> dict[str, Tensor]:
    """The sum of the states' tensors times their shares, in float64, as the first one's dtype.

    Raises:
        ValueError: other names or shapes, or shares that are not 1 together.
    """
    if abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"the shares are {sum(shares):g} together, not 1")
    sizes = [{key: value.shape for key, value in state.items()} for state in states]
    if any(size != sizes[0] for size in sizes):
        raise ValueError("weights of other sizes")
    pairs = list(zip(states, shares, strict=True))
    return {
        key: sum((share * state[key].double() for state, share in pairs), torch.zeros(())).to(
            first.dtype
        )
        for key, first in states[0].items()
    }


def write_mean(out: Path, folders: Sequence[Path], shares: Sequence[float]) -> None:
    """The first folder with the mean of all folders' UNet and branch; ``out`` may be one of them.

    Raises:
        ValueError: as ``mean``, or packed weights. OSError: a file is missing.
    """
    made = []
    for name in FILES:
        states = [load_file(folder / name) for folder in folders]
        if not all(value.is_floating_point() for value in states[0].values()):
            raise ValueError(f"{name} holds packed weights")
        with safe_open(folders[0] / name, "pt") as file:
            made.append((mean(states, shares), file.metadata()))
    if out.resolve() != folders[0].resolve():
        shutil.copytree(folders[0], out, dirs_exist_ok=True)
    for name, (state, metadata) in zip(FILES, made, strict=True):
        export_fp16(state, out / name, metadata)


def _part(text: str) -> tuple[Path, float]:
    folder, _, share = text.rpartition("=")
    if not folder:
        raise argparse.ArgumentTypeError(f"{text!r} is not FOLDER=SHARE")
    return Path(folder), float(share)


def main(argv: Sequence[str] | None = None) -> None:
    """Write the mean; SystemExit where the weights do not go together."""
    parser = argparse.ArgumentParser(prog="pidiff_cli.mini.train.mean", description=__doc__)
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("parts", type=_part, nargs="+", metavar="FOLDER=SHARE")
    args = parser.parse_args(argv)
    try:
        write_mean(args.out, [f for f, _ in args.parts], [share for _, share in args.parts])
    except (OSError, ValueError) as error:
        raise SystemExit(f"no mean: {error}") from error


if __name__ == "__main__":
    main()
