"""Cache the W+ codes that the diffusion training conditions on.

``python -m pidiff_cli.mini.train.codes --source factors`` maps the known factors through the
exported generator; ``--source encoder`` reads the aligned pictures with the exported e4e encoder,
as users' photos are read. Writes ``.mini/codes/codes.npy`` (N, 12, 80) float16 and
``usable.npy`` (N,) uint8: 0 a picture in a drawing style, 1 a photo, 2 a photo of a bare head;
only a photo's code may stand for the person.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from pidiff_cli.mini.train import common, stylegan
from pidiff_cli.mini.train.aligned import ALIGNED, Aligned, open_aligned

FOLDER = Path(".mini/codes")
CHUNK = 128


@torch.no_grad()
def from_factors(bank: Aligned) -> np.ndarray:
    """Canonical codes (N, L, D) float16 of every picture's factors."""
    from pidiff_cli.core.wplus.weights import load_generator

    generator, _ = load_generator(common.WEIGHTS)
    masks = stylegan.group_masks(stylegan.group_slices())
    chunks = [
        stylegan.codes(generator, stylegan.make_z(part), masks).half().numpy()
        for part in np.array_split(bank.factors, max(1, len(bank.factors) // CHUNK))
    ]
    return np.concatenate(chunks)


@torch.no_grad()
def from_encoder(bank: Aligned) -> np.ndarray:
    """Encoded codes (N, L, D) float16 of every aligned picture with a white background."""
    from pidiff_cli.core.wplus.weights import load_encoder, load_generator

    encoder, (_, latent_avg) = load_encoder(common.WEIGHTS), load_generator(common.WEIGHTS)
    chunks = []
    for start in range(0, len(bank.white), CHUNK):
        x = stylegan.to_pm1(bank.white[start : start + CHUNK])
        with torch.autocast("cpu", torch.bfloat16):
            chunks.append((encoder(x).float() + latent_avg).half().numpy())
    return np.concatenate(chunks)


def main() -> None:
    """Write the cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", choices=("factors", "encoder"), default="encoder")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--aligned", type=Path, default=ALIGNED)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    bank = open_aligned(args.aligned)
    made = from_factors(bank) if args.source == "factors" else from_encoder(bank)
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.save(FOLDER / "codes.npy", made)
    np.save(FOLDER / "usable.npy", bank.photo.astype(np.uint8) + (bank.photo & bank.bare))
    print(f"{len(made)} codes, mean deviation {made.astype(np.float32).std():.3f}")


if __name__ == "__main__":
    main()
