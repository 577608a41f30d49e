"""Which files of pidiff_cli run at least one function in `tune` and in `generate` on mini.

    python -m benchmarks.speed.entered
    python -m benchmarks.speed.entered --steps 8 --arrows

A tuning of a few steps from the demo's drawn portraits, then one picture of the person, each by the
command line in a process of its own. A file counts when one of its functions is called; what an
import runs does not count. An arrow is a pair of files of which one calls the other. Printed as
well: how often each configuration is made, and how often it is checked.
"""

from __future__ import annotations

import inspect
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pidiff_cli
from benchmarks.commands import command_line
from pidiff_cli.config import CommonConfig

PACKAGE = f"{Path(pidiff_cli.__file__).parent}/"


@dataclass
class Seen:
    """What ran: calls by file, pairs (calling file, called file), configurations by class name."""

    files: Counter[str] = field(default_factory=Counter)
    arrows: Counter[tuple[str, str]] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Take note of a call; a profile function of `sys.setprofile`."""
        code = frame.f_code
        if event != "call" or not code.co_flags & inspect.CO_OPTIMIZED:
            return
        if code.co_name == "__init__" and code.co_filename == "<string>":  # of a dataclass
            made = frame.f_locals["self"]
            if isinstance(made, CommonConfig):
                self.made[type(made).__name__] += 1
        elif code.co_filename.startswith(PACKAGE) and not code.co_name.startswith("<"):
            self._called(frame, code)

    def _called(self, frame: FrameType, code: CodeType) -> None:
        own, caller = _short(code), frame.f_back
        if own not in self.files and _importing(frame):
            return
        self.files[own] += 1
        if code is CommonConfig.__post_init__.__code__:
            self.checked[type(frame.f_locals["self"]).__name__] += 1
        while caller and not caller.f_code.co_filename.startswith(PACKAGE):
            caller = caller.f_back
        if caller and (other := _short(caller.f_code)) != own:
            self.arrows[other, own] += 1


def _short(code: CodeType) -> str:
    return code.co_filename.removeprefix(PACKAGE)


def _importing(frame: FrameType) -> bool:
    """Whether the body of one of the package's modules is being run."""
    up: FrameType | None = frame
    while up:
        if up.f_code.co_name == "<module>" and up.f_code.co_filename.startswith(PACKAGE):
            return True
        up = up.f_back
    return False


@contextmanager
def watching() -> Iterator[Seen]:
    """Watch every call of this thread and of those that start meanwhile."""
    seen = Seen()
    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        yield seen
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def command(words: list[str]) -> Seen:
    """Run one command line of pidiff in this process."""
    from pidiff_cli.cli.app import run

    with watching() as seen:
        code = run(words)
    if code:
        raise RuntimeError(f"pidiff {' '.join(words)} ended with {code}.")
    return seen


def measure(steps: int) -> dict[str, Seen]:
    """Both commands in an empty home, each in a fresh process."""
    from pidiff_cli.stages import demo

    with tempfile.TemporaryDirectory() as folder:
        photos, home = demo.run(Path(folder)).drawn, ["--home", f"{folder}/home", "--quiet"]
        pictures = ["--out", f"{folder}/pics", "--steps", "2"]
        commands = {
            "tune": [*home, "tune", str(photos), "--name", "p", "--steps", str(steps)],
            "generate": [*home, "generate", "p", "as a chef", *pictures],
        }
        found = {}
        for name, words in commands.items():
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                found[name] = pool.submit(command, words).result()
        return found


def main() -> None:
    """Measure and print."""
    parser = command_line("benchmarks.speed.entered", __doc__)
    parser.add_argument("--steps", type=int, default=4, help="of the tuning")
    parser.add_argument("--arrows", action="store_true", help="list who calls whom, too")
    args = parser.parse_args()
    found = measure(args.steps)
    print("| command | files | arrows | configurations made | checked |\n|---|---|---|---|---|")
    for name, seen in found.items():
        made, checked = (
            ", ".join(f"{kind} {times}" for kind, times in sorted(counts.items()))
            for counts in (seen.made, seen.checked)
        )
        print(f"| {name} | {len(seen.files)} | {len(seen.arrows)} | {made} | {checked} |")
    for name, seen in found.items():
        print(f"\n{name}:\n" + "\n".join(f"  {file}" for file in sorted(seen.files)))
        if args.arrows:
            print("\n".join(f"  {one} -> {other}" for one, other in sorted(seen.arrows)))


if __name__ == "__main__":
    main()
