"""Bring the free face networks into the checkout; where they cannot be had, say so and go on."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # this checkout, whichever is installed

from pidiff_cli.errors import PidiffError
from pidiff_cli.weights import bundled
from pidiff_cli.weights.caches import wants_offline


def main() -> str:
    """What there is to say, in one line; "" when they were here."""
    if wants_offline() and bundled.lacking():
        return "face networks: not fetched, HF_HUB_OFFLINE is set; going on without them"
    try:
        came = bundled.bring()
    except PidiffError as error:
        return f"face networks: {error.message} Going on without them."
    if not came:
        return ""
    return "face networks: " + ", ".join(f"{w.name} ({w.licence})" for w in came)


if __name__ == "__main__":
    if said := main():
        sys.stderr.write(said + "\n")
