"""SIGTERM and SIGHUP end a command as Ctrl-C does: what it has begun is undone on the way out."""

from __future__ import annotations

import signal
from types import FrameType

from pidiff_cli.errors import StoppedBySignal

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")  # of POSIX; the last of Windows


def install() -> None:
    """Let them raise `StoppedBySignal` in the main thread; what is ignored (nohup) stays so."""
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # a second one would cut the cleaning short
    raise StoppedBySignal(number)
