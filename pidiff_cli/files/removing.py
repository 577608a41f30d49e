"""Removing what may partly refuse: what can go goes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a file, a link (never what it leads to) or a folder with all that is in it.

    What cannot be removed stays, and what is beside it goes all the same.

    Raises:
        OSError: the first thing that did not go.
    """
    try:
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return
        inside = sorted(path.iterdir())
    except FileNotFoundError:
        return
    remove_trees(inside)
    path.rmdir()


def remove_trees(paths: Iterable[Path]) -> None:
    """Remove each as `remove_tree` does, also after one that does not go; raises as it."""
    failed: OSError | None = None
    for path in paths:
        try:
            remove_tree(path)
        except OSError as error:
            failed = failed or error
    if failed:
        raise failed
