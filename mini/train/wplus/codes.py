"""Cache the W+ codes that the diffusion training conditions on.

``python -m mini.train.wplus.codes`` reads the aligned pictures with the exported e4e encoder, as
users' photos are read. Writes ``.mini/codes/codes.npy`` (N, 12, D) float16 and
``usable.npy`` (N,) uint8: 0 a picture in a drawing style, 1 a photo, 2 a photo of a bare head;
only a photo's code may stand for the person.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mini.train import common
from mini.train.data.aligned import ALIGNED, Aligned, open_aligned
from mini.train.machine import add_options, bf16, pick_device
from mini.train.wplus import parts

FOLDER = Path(".mini/codes")
CHUNK = 128


@torch.no_grad()
def from_encoder(
    bank: Aligned, weights: Path, device: torch.device, chunk: int = CHUNK
) -> np.ndarray:
    """Encoded codes (N, L, D) float16 of every aligned picture with a white background."""
    from pidiff_cli.core.wplus.weights import load_encoder, load_generator

    encoder, latent_avg = load_encoder(weights).to(device), load_generator(weights)[1].to(device)
    chunks = []
    for start in range(0, len(bank.white), chunk):
        x = parts.to_pm1(bank.white[start : start + chunk]).to(device)
        with bf16(device):
            chunks.append((encoder(x).float() + latent_avg).half().cpu().numpy())
    return np.concatenate(chunks)


def main(argv: Sequence[str] | None = None) -> bool:
    """Write the cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--weights", type=Path, default=common.MADE)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--aligned", type=Path, default=ALIGNED)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    bank, device = open_aligned(args.aligned), pick_device(args.device)
    made = from_encoder(bank, args.weights, device, args.batch or CHUNK)
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.save(FOLDER / "codes.npy", made)
    np.save(FOLDER / "usable.npy", bank.photo.astype(np.uint8) + (bank.photo & bank.bare))
    print(f"{len(made)} codes, mean deviation {made.astype(np.float32).std():.3f}")
    return True


if __name__ == "__main__":
    main()
