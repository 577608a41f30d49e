"""Default steps of today's code with changed settings, in a process of its own; see _old_step.py.

Arguments: the changes as JSON, threads. Every line "N SHARE" on stdin does N steps on random
latents, SHARE of them checking the preserve term, and answers with wall and CPU seconds of one.
"""

from __future__ import annotations

import json
import sys

import torch
from _tune_steps import config_of, mini_steps, nobody, timed


def main() -> None:
    """Serve until stdin ends."""
    torch.set_num_threads(int(sys.argv[2]))
    steps = mini_steps(config_of("mini-cpu", **json.loads(sys.argv[1])), nobody())
    print("ready", flush=True)
    for line in sys.stdin:
        count, share = line.split()
        steps.checking(float(share))
        print(*timed(steps.step, int(count), torch.device("cpu")), flush=True)


if __name__ == "__main__":
    main()
