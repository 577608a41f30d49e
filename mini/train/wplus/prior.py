"""Where the W+ codes of drawn people lie, for photos that the encoder does not know.

``python -m mini.train.wplus.prior`` writes ``prior.safetensors`` beside the W+ weights, from
the codes that `codes` left; of photos alone, since only they stand for people.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mini.train.common import MADE
from mini.train.wplus.codes import FOLDER
from pidiff_cli.core.wplus.prior import COUNT, CodePrior
from pidiff_cli.core.wplus.weights import PRIOR_FILE


def main(argv: Sequence[str] | None = None) -> bool:
    """Write the prior."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=MADE)
    parser.add_argument("--codes", type=Path, default=FOLDER)
    parser.add_argument("--count", type=int, default=COUNT, help="directions")
    args = parser.parse_args(argv)
    usable = np.load(args.codes / "usable.npy") > 0  # (N,)
    codes = np.load(args.codes / "codes.npy", mmap_mode="r")[usable]  # (N, L, D)
    prior = CodePrior.of(torch.from_numpy(codes).float(), args.count)
    prior.save(args.weights / PRIOR_FILE)
    print(f"{len(codes)} codes, {len(prior.basis)} directions -> {args.weights / PRIOR_FILE}")
    return True


if __name__ == "__main__":
    main()
