"""How often the judge's 95 % interval (core/metrics/bootstrap.py) holds the true mean.

    python -m benchmarks.quality.judge_intervals

Made-up likenesses of a known mean, drawn normally and skewed; means of one set, differences of two.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.commands import command_line
from pidiff_cli.core.metrics.bootstrap import difference, interval

TIMES = 300
SIZES = (5, 8, 12, 24)


def coverage(count: int, draw: Callable[[int], np.ndarray], mean: float) -> tuple[float, float]:
    """Share of the intervals of a mean, and of a difference of two sets, that hold the truth."""
    held = [interval(draw(count)) for _ in range(TIMES)]
    gaps = [difference(draw(count), draw(count), paired=False)[1] for _ in range(TIMES)]
    return (
        sum(one is not None and one[0] <= mean <= one[1] for one in held) / TIMES,
        sum(one is not None and one[0] <= 0 <= one[1] for one in gaps) / TIMES,
    )


def main() -> None:
    """Measure and print."""
    command_line("benchmarks.quality.judge_intervals", __doc__).parse_args()
    rng = np.random.default_rng(0)
    print("| pictures | mean, normal | difference | mean, skewed | difference |")
    print("|---" * 5 + "|")
    for count in SIZES:
        normal = coverage(count, lambda n: rng.normal(0.5, 0.1, n), 0.5)
        skewed = coverage(count, lambda n: rng.beta(8, 2, n), 0.8)
        print(f"| {count} | " + " | ".join(f"{share:.2f}" for share in (*normal, *skewed)) + " |")


if __name__ == "__main__":
    main()
