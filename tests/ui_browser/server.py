"""`pidiff ui` with a tuning of a few steps: python -m tests.ui_browser.server HOME PORT"""

from __future__ import annotations

import sys
from pathlib import Path

from pidiff_cli.ui import server
from pidiff_cli.ui.learning import Learning

SHORT = {"steps": 16, "checkpoint_every": 2, "preview_every": 4}
#: A file in the home: while it is there, the memory reads as if other programs filled a card.
FULL = "full"


def read_as_full(home: Path) -> None:
    """Fake what is read of the memory, and nothing else: plans and waiting are the program's."""
    from pidiff_cli.stages.tune import plan

    free, held = plan.free_bytes, plan.held_by_others

    def full() -> bool:
        return (home / FULL).exists()

    plan.free_bytes = lambda device: 100_000_000 if full() else free(device)
    plan.held_by_others = lambda device: 23_000_000_000 if full() else held(device)


def main() -> None:
    """Serve until the end."""
    home, begun = Path(sys.argv[1]), Learning.__init__

    def short(self, *given) -> None:
        begun(self, *given)
        self.settings = SHORT

    Learning.__init__ = short
    if (home / FULL).exists():
        read_as_full(home)
    server.serve(
        home, home / "pics", "cpu", int(sys.argv[2]), False, lambda told: print(told, flush=True)
    )


if __name__ == "__main__":
    main()
