"""Inputs of strangers, changed at random, to every reader: none may end in an internal error, take
two seconds, or grow the process by 200 MB.

    python -m tests.campaign.fuzz --count 10000 --seed 0
"""

from __future__ import annotations

import argparse
import collections
import gc
import json
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.campaign.targets import Target, make

SECONDS, GROWTH = 2.0, 200.0  # CPU seconds, MB
_ABORT = 30  # seconds after which an input is given up
_DEAR = 20  # of so many turns one goes to what loads a network


class _GivenUp(BaseException):
    pass


def run(count: int, seed: int, kept: Path | None = None, dear: bool = True) -> dict[str, Any]:
    """Try so many inputs.

    Args:
        kept: a folder for inputs that failed. dear: readers that load a network, too.

    Returns:
        {"inputs", "internal_errors", "hangs", "growths", "accepted", "refused", "told": one line a
        fault}; the three in the middle are to be 0.
    """
    warnings.simplefilter("ignore")
    rng = random.Random(seed)
    counts: collections.Counter[str] = collections.Counter(inputs=0)
    told: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        home.mkdir()
        targets = [target for target in make(home) if dear or not target.dear]
        _check_valid(targets, home)
        cheap, costly = [t for t in targets if not t.dear], [t for t in targets if t.dear]
        gc.collect()
        gc.freeze()
        for number in range(count):
            turn = number // _DEAR if costly and number % _DEAR == _DEAR - 1 else None
            one = cheap[number % len(cheap)] if turn is None else costly[turn % len(costly)]
            data = one.mutate(one.valid, rng)
            counts["inputs"] += 1
            if number % 500 == 499:
                print(f"{counts['inputs']} {dict(counts)} {told[-3:]}", file=sys.stderr, flush=True)
            for kind, line in _tried(one, data, home):
                counts[kind] += 1
                if line:
                    told.append(f"{number} {one.label}: {kind}: {line}")
                    if kept is not None:
                        kept.mkdir(parents=True, exist_ok=True)
                        (kept / f"{number}-{Path(one.name).name}").write_bytes(data)
    names = ("inputs", "internal_errors", "hangs", "growths", "accepted", "refused")
    return {name: counts[name] for name in names} | {"told": told}


def _check_valid(targets: list[Target], home: Path) -> None:
    """What is not changed is read: a campaign of what is refused anyhow would show nothing."""
    for target in targets:
        found = [
            kind for kind, line in _tried(target, target.valid, home) if line or kind == "refused"
        ]
        if found:
            raise AssertionError(f"{target.label} is not read as it is: {found}")


def _tried(target: Target, data: bytes, home: Path) -> Iterator[tuple[str, str]]:
    """What came of one input: kinds, with a line where it is a fault."""
    from pidiff_cli.errors import PidiffError

    place = home / target.name
    before = place.read_bytes() if place.is_file() else None
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    began, size = time.process_time(), _resident()
    _forget_peak()
    try:
        with _limited():
            target.read(home)
        yield "accepted", ""
    except PidiffError as error:
        yield "refused", ""
        if not str(error).strip():
            yield "internal_errors", "a sentence without a word"
    except _GivenUp:
        yield "hangs", f"given up after {_ABORT} s"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        yield "internal_errors", f"{type(error).__name__} {str(error)[:160]!r} at {where}"
    took, grown = time.process_time() - began, (_peak() - size) / 1e6
    if took > SECONDS:
        yield "hangs", f"{took:.1f} s"
    if grown > GROWTH:
        yield "growths", f"{grown:.0f} MB"
    _restore(home, place, before)


def _restore(home: Path, place: Path, before: bytes | None) -> None:
    if before is None:
        place.unlink(missing_ok=True)
    else:
        place.write_bytes(before)
    for left in (home / "into", home / "out", home / "profiles" / "eve"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _limited() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise _GivenUp

    old = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(_ABORT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def _forget_peak() -> None:
    """Let the kernel count the largest size anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # then it is the largest since the start


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """The command line; 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for inputs that failed")
    given = parser.parse_args()
    found = run(given.count, given.seed, given.keep)
    print(json.dumps(found, indent=1))
    return int(any(found[name] for name in ("internal_errors", "hangs", "growths")))


if __name__ == "__main__":
    sys.exit(main())
