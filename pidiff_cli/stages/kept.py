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

    def get(
        self,
        key: Hashable,
        load: Callable[[], Any],
        turn: Callable[[Any], Any] = lambda value: None,
    ) -> Any:
        """What is kept under a key. Else ``turn`` makes it of what is kept, which is not to be used
        any more; where it makes None, that makes way before ``load`` makes it."""
        if self._value is None or self._key != key:
            before, self._value = self._value, None
            made = None if before is None else turn(before)
            del before
            self._value, self._key = load() if made is None else made, key
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


def loaded_once(key: Hashable, load: Callable[[], Any], turn: Callable[[Any], Any]) -> Any:
    """What ``load`` makes, or has made under that key where somebody asked to keep it; there
    ``turn`` may make it of what is kept."""
    kept = _KEPT.get()
    return load() if kept is None else kept.get(key, load, turn)
