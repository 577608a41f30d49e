"""Mistakes a person types: how long until the answer, whether it is one, and what it leaves behind.

    python -m benchmarks.speed.mistakes [--runs 3] [--only WORD]

Every command runs in a process of its own, in a folder and a home with a tuned profile, one that
is not tuned, a photo, and files of other kinds. Medians after one run that warms the files up. A
mistake is answered where the exit code is 2, 3 or 4, nothing says "Traceback" or "inside pidiff",
torch was not imported, and no file has come or gone. Where the cores are shared with others the
CPU time says more than the clock.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.commands import command_line
from benchmarks.speed.mistyped import MISTAKES, make_place, typed

LIMIT = 1.5  # seconds
_WATCHED = (
    "import atexit, os, runpy, sys;"
    "atexit.register(lambda: open(os.environ['SEEN'], 'w').write(str('torch' in sys.modules)));"
    "runpy.run_module('pidiff_cli', run_name='__main__')"
)


@dataclass(frozen=True)
class Answer:
    """Medians of wall and CPU seconds, and what was wrong with the answer; "" when nothing."""

    words: str
    seconds: float
    cpu: float
    fault: str
    told: str


def ask(line: str, root: Path, runs: int) -> Answer:
    """Type one line so many times, after once to warm the files up."""
    walls, cpus, faults, told = [], [], set(), ""
    before = _files(root)
    environment = {**os.environ, "PIDIFF_HOME": str(root / "home"), "SEEN": str(root.parent / "s")}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    for number in range(runs + 1):
        used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable.encode(), b"-c", _WATCHED.encode(), *typed(line)],
            cwd=root, env=environment, capture_output=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if number:
            walls.append(wall)
            cpus.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
        told = (done.stderr + done.stdout).decode(errors="replace")
        faults |= _faults(done.returncode, told, Path(environment["SEEN"]).read_text() == "True")
    if _files(root) != before:
        faults.add("left something behind")
    return Answer(
        line, statistics.median(walls), statistics.median(cpus), ", ".join(sorted(faults)), told
    )


def _faults(code: int, told: str, torch: bool) -> set[str]:
    found = {
        f"exit {code}": code not in (2, 3, 4),
        "Traceback": "Traceback" in told,
        "inside pidiff": "inside pidiff" in told,
        "no word": not told.strip(),
        "torch": torch,
    }
    return {name for name, is_so in found.items() if is_so}


def _files(root: Path) -> dict[str, bytes]:
    """Every file's content and every folder, but for locks."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else b""
        for path in root.rglob("*")
        if not path.name.endswith((".lock", ".locks"))
    }


def main() -> None:
    """Type them all and print a table."""
    parser = command_line("benchmarks.speed.mistakes", __doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="lines that hold this word")
    parser.add_argument("--say", action="store_true", help="print the answers too")
    given = parser.parse_args()
    lines = [line for line in MISTAKES if given.only in line]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "place"
        root.mkdir()
        make_place(root)
        answers = []
        for line in lines:
            answers.append(answer := ask(line, root, given.runs))
            print(f"{answer.seconds:5.2f} s  {answer.cpu:5.2f} s CPU  {line}  {answer.fault}")
            if given.say:
                print("    " + "\n    ".join(answer.told.strip().splitlines()))
    slow = [one for one in answers if one.seconds > LIMIT]
    busy = [one for one in answers if one.cpu > LIMIT]
    wrong = [one for one in answers if one.fault]
    walls, cpus = [one.seconds for one in answers], [one.cpu for one in answers]
    print(
        f"{len(answers)} mistakes · median {statistics.median(walls):.2f} s, slowest "
        f"{max(walls):.2f} s (CPU {max(cpus):.2f} s) · over {LIMIT} s: {len(slow)} by the clock, "
        f"{len(busy)} by CPU time · answered wrongly: {len(wrong)}"
    )


if __name__ == "__main__":
    main()
