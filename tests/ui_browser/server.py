"""`pidiff ui` with a tuning of a few steps: python -m tests.ui_browser.server HOME PORT"""

from __future__ import annotations

import sys
from pathlib import Path

from pidiff_cli.ui import server
from pidiff_cli.ui.learning import Learning

SHORT = {"steps": 16, "checkpoint_every": 2, "preview_every": 4}


def main() -> None:
    """Serve until the end."""
    home, begun = Path(sys.argv[1]), Learning.__init__

    def short(self, *given) -> None:
        begun(self, *given)
        self.settings = SHORT

    Learning.__init__ = short
    server.serve(
        home, home / "pics", "cpu", int(sys.argv[2]), False, lambda told: print(told, flush=True)
    )


if __name__ == "__main__":
    main()
