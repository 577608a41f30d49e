"""Features for the perceptual loss: a small image-text network, as the judge's, of another seed.

    python -m mini.train.judge.features --minutes 8

trains with the judge's code and writes `.mini/features/clip.{safetensors,json}`. Nothing of it
goes into the package, and the judge is not touched: what measures must not be trained against.
"""

from __future__ import annotations

from collections.abc import Sequence

from mini.train.common import arguments
from mini.train.judge import judge
from mini.train.perceptual import FEATURES

SEED = 101  # added to the run's own


def main(argv: Sequence[str] | None = None) -> bool:
    """Parse the options, train, export; whether the budget is used up."""
    args = arguments("features", "features for the perceptual terms").parse_args(argv)
    args.seed += SEED
    return judge.train(args, FEATURES)


if __name__ == "__main__":
    main()
