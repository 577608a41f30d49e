"""The person who was drawn last, kept on the loaded base for who draws again in this process."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Kept:
    """One loaded thing, and by what it was loaded."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._value: Any = None

    def get(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """What is kept under a key; anything else makes way before ``load`` makes it."""
        if self._value is None or self._key != key:
            self.release()
            self._value, self._key = load(), key
        return self._value

    def release(self) -> None:
        """Keep nothing: its memory is free for something else."""
        if self._value is None:
            return
        self._key = self._value = None
        gc.collect()
        if (torch := sys.modules.get("torch")) and torch.cuda.is_initialized():
            torch.cuda.empty_cache()  # else the card looks as full as before


_KEPT: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def keep_loaded() -> Iterator[Kept]:
    """In this thread, until the end of the block: the person who was drawn last stays loaded."""
    token = _KEPT.set(kept := Kept())
    try:
        yield kept
    finally:
        kept.release()
        _KEPT.reset(token)


def loaded_once(key: Hashable, load: Callable[[], Any]) -> Any:
    """What ``load`` makes, or has made under that key where somebody asked to keep it."""
    kept = _KEPT.get()
    return load() if kept is None else kept.get(key, load)
