"""python -m tests.campaign [NAME …] [--count N] [--seed N]: the trials and the table of figures."""

from __future__ import annotations

import argparse
import sys
import time

from tests.campaign.registry import CAMPAIGNS, COUNTS, run


def main() -> int:
    """Run the campaigns asked for; 1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *CAMPAIGNS], metavar="NAME")
    parser.add_argument("--count", type=int, help="trials of each [default: the figures' own]")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    outcomes = []
    for name in given.names or CAMPAIGNS:
        began = time.perf_counter()
        found = run(name, given.count or COUNTS.get(name, 1), given.seed)
        outcomes += found
        for outcome in found:
            print(f"{name}: {outcome.row()} in {time.perf_counter() - began:.0f} s", flush=True)
    print("\n| figure | to reach | measured |\n|---|---|---|")
    for outcome in outcomes:
        print(outcome.row())
    return int(any(outcome.faults for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
