"""Where things lie: the checkout, the tests' own data, and what is kept beside the checkout."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
FIXTURES = TESTS / "fixtures"
LAYOUTS = TESTS / "data" / "layouts"
SHARED = ROOT.parent / "shared"


def beside(home: Path) -> list[str]:
    """What lies in a home's `profiles/`, the folder of locks apart."""
    folder = home / "profiles"
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return sorted(name for name in names if name != ".locks")
