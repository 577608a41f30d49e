"""Many people on one machine: seconds and memory a person, against one `pidiff tune` at a time.

    nice -n 19 python -m benchmarks.speed.many alone --people 10   # tune, two threads, one by one
    nice -n 19 python -m benchmarks.speed.many together --people 100  # tune-many on all cores
    nice -n 19 python -m benchmarks.speed.many pairs --people 10   # both in turn, one load for both
    nice -n 19 python -m benchmarks.speed.many memory --people 100  # one process, one after another
    python -m benchmarks.speed.many report  # into docs/measurements/many.json

Each is gone on with by the same command (`.mini/many`). Wall and CPU seconds stand side by side:
wall depends on what else the machine does, CPU time hardly. `pairs` tunes by turns a person alone
with two threads and two other people together with one thread each, start included in both, so
that both meet the same load. `memory` tunes with 2 steps and draws the report in 1, so that 100
people end the same day; what is kept between people, and given back, is the same.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.commands import command_line, pidiff
from benchmarks.drawings import identities
from benchmarks.machine import keep, machine, table
from benchmarks.places import MEASUREMENTS, ROOT
from benchmarks.quality.people import write_photos

PLACE = Path(".mini/many")
RESULTS = MEASUREMENTS / "many.json"


def photos_of(first: int, count: int, folder: Path) -> Iterator[Path]:
    """A folder of four drawn photos for each of so many held-out people, drawn when asked for."""
    for person in identities(count, first):
        path = folder / f"t{person}"
        if len(list(path.glob("*.png"))) < 4:
            write_photos(person, path)
        yield path


def resident(pid: int) -> tuple[float, float]:
    """Resident and proportional (shared pages divided) MB of a process; zeros where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0.0, 0.0
    found = {line.split()[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines}
    return found.get("Rss:", 0.0), found.get("Pss:", 0.0)


class Watch(threading.Thread):
    """CPU seconds and memory of a process and all below it, looked at every second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self._cpu, self.over = psutil.Process(pid), dict[int, float](), False
        self.most_pss = self.most_rss = 0.0
        self.minutes: list[float] = []  # most PSS within each minute

    def run(self) -> None:
        """Look until `over`."""
        began = time.perf_counter()
        while not self.over:
            try:
                family = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                return
            memory = [resident(one.pid) for one in family]
            self.most_rss = max(self.most_rss, sum(rss for rss, _ in memory))
            pss = sum(pss for _, pss in memory)
            self.most_pss = max(self.most_pss, pss)
            minute = int((time.perf_counter() - began) // 60)
            self.minutes += [0.0] * (minute + 1 - len(self.minutes))
            self.minutes[minute] = max(self.minutes[minute], round(pss, 1))
            for one in family:
                try:
                    used = one.cpu_times()
                    self._cpu[one.pid] = used.user + used.system
                except psutil.Error:
                    continue
            time.sleep(1)

    @property
    def cpu(self) -> float:
        """Seconds of all processes there were."""
        return sum(self._cpu.values())


def tune_together(people: Path, home: Path, *words: str) -> dict[str, Any]:
    """`pidiff tune-many` of a folder: wall and CPU seconds, the most memory, what came of each."""
    command = [sys.executable, "-m", "pidiff_cli", "--home", str(home), "-q", "tune-many",
               str(people), "--base", "mini", *words]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    watch = Watch(process.pid)
    watch.start()
    out, _ = process.communicate()
    seconds, watch.over = time.perf_counter() - began, True
    ended = [json.loads(line) for line in out.splitlines()]
    return {
        "wall": round(seconds, 1), "cpu": round(watch.cpu, 1), "pss_mb": round(watch.most_pss),
        "rss_mb": round(watch.most_rss), "pss_minutes": watch.minutes, "people": ended,
    }  # fmt: skip


def tune_alone(photos: Path, home: Path, threads: int, *words: str) -> dict[str, Any]:
    """`pidiff tune` of one person in a process of its own."""
    done = pidiff("-q", "tune", str(photos), "--name", photos.name, "--base", "mini", *words,
                  home=home, threads=threads)  # fmt: skip
    return {"wall": round(done.seconds, 1), "cpu": round(done.cpu, 1)}


def rows_of(name: str) -> list[dict[str, Any]]:
    """What was measured so far."""
    path = PLACE / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def add(name: str, row: dict[str, Any]) -> None:
    """One more measurement, on the disk at once."""
    PLACE.mkdir(parents=True, exist_ok=True)
    told = {"at": time.strftime("%H:%M:%S"), "load": round(os.getloadavg()[0], 1), **row}
    with (PLACE / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps(told) + "\n")
    print(json.dumps(told), flush=True)


def alone(count: int, words: list[str]) -> None:
    """One person after another, two threads each."""
    begun = len(rows_of("alone"))
    for photos in photos_of(begun, count - begun, PLACE / "photos"):
        home = PLACE / "home-alone"
        add("alone", {"person": photos.name, **tune_alone(photos, home, 2, *words)})
        shutil.rmtree(home, ignore_errors=True)


def together(count: int, words: list[str]) -> None:
    """All of them by one command; run again it goes on, and its times add up."""
    folder = PLACE / f"together-{count}"
    for photos in photos_of(0, count, PLACE / "photos"):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / photos.name).exists():
            (folder / photos.name).symlink_to(photos.absolute())
    row = tune_together(folder, PLACE / f"home-together-{count}", *words)
    add(f"together-{count}", row)


def pairs(count: int, words: list[str]) -> None:
    """By turns one alone with two threads, and two together with one thread each."""
    people = [*photos_of(0, 3 * count, PLACE / "photos")]
    for i in range(len(rows_of("pairs")), count):
        home, folder = PLACE / "home-pairs", PLACE / "pair"
        for gone in (home, folder):
            shutil.rmtree(gone, ignore_errors=True)
        folder.mkdir(parents=True)
        for photos in people[3 * i + 1 : 3 * i + 3]:
            (folder / photos.name).symlink_to(photos.absolute())
        first = tune_alone(people[3 * i], home, 2, *words)
        both = tune_together(folder, home, *words)
        both["people"] = len(both["people"])
        add("pairs", {"alone": first, "together": both})


def memory(count: int, words: list[str]) -> None:
    """One process, one person after another, by the job that every engine runs."""
    from pidiff_cli.many.job import TuneJob, work
    from pidiff_cli.many.pool import prepare_process
    from pidiff_cli.stages.tune import run as tune

    vars(tune)["REPORT_STEPS"] = 1
    prepare_process(1)
    home = PLACE / "home-memory"
    begun = len(rows_of("memory"))
    for photos in photos_of(begun, count - begun, PLACE / "photos"):
        settings = {"base": "mini", "steps": 2, "preview_every": 0}
        done = work(TuneJob(photos.name, (str(photos),), settings, str(home.absolute())))
        rss, pss = resident(os.getpid())
        row = {"person": photos.name, "status": done.status, "seconds": done.seconds,
               "cpu": done.cpu_seconds, "rss_mb": round(rss, 1), "pss_mb": round(pss, 1),
               "files": len(os.listdir("/proc/self/fd")), "error": done.error}  # fmt: skip
        add("memory", row)
        shutil.rmtree(home / "profiles" / photos.name, ignore_errors=True)


def slope(values: list[float]) -> float:
    """Least squares' rise from one value to the next."""
    return float(statistics.linear_regression(range(len(values)), values).slope)


def report() -> None:
    """What was measured, as a table and in docs/measurements."""
    found: dict[str, Any] = {"machine": machine()}
    if rows := rows_of("pairs"):
        for kind in ("wall", "cpu"):
            one = [row["alone"][kind] for row in rows]
            two = [row["together"][kind] / row["together"]["people"] for row in rows]
            found[f"pairs_{kind}"] = {
                "alone": round(statistics.median(one), 1),
                "a_person_together": round(statistics.median(two), 1),
                "ratio": round(statistics.median(b / a for a, b in zip(one, two, strict=True)), 3),
                "pairs": len(rows),
            }  # fmt: skip
    if rows := rows_of("alone"):
        found["alone"] = {
            k: round(statistics.median(r[k] for r in rows), 1) for k in ("wall", "cpu")
        }
    for path in sorted(PLACE.glob("together-*.jsonl")):
        rows = rows_of(path.stem)
        ended = [one for row in rows for one in row["people"] if one["status"] == "done"]
        if ended:
            found[path.stem] = {
                "people": len(ended), "wall": round(sum(r["wall"] for r in rows), 1),
                "wall_a_person": round(sum(r["wall"] for r in rows) / len(ended), 1),
                "cpu_a_person": round(sum(r["cpu"] for r in rows) / len(ended), 1),
                "pss_mb": max(r["pss_mb"] for r in rows),
            }  # fmt: skip
    if rows := rows_of("memory"):
        rss = [row["rss_mb"] for row in rows]
        later = rss[len(rss) // 4 :]
        found["memory"] = {
            "people": len(rss), "first_mb": rss[0], "tenth_mb": rss[min(9, len(rss) - 1)],
            "last_mb": rss[-1], "most_mb": max(rss), "rise_mb_a_person": round(slope(later), 3),
            "files_first": rows[0]["files"], "files_last": rows[-1]["files"],
        }  # fmt: skip
    for name, values in found.items():
        if name != "machine":
            print(f"\n{name}\n{table([values])}")
        keep(RESULTS, name, values)


def main() -> None:
    """The command line."""
    parser = command_line("benchmarks.speed.many", __doc__)
    parser.add_argument("what", choices=("alone", "together", "pairs", "memory", "report"))
    parser.add_argument("--people", type=int, default=100)
    given, words = parser.parse_known_args()
    os.chdir(ROOT)
    if given.what == "report":
        return report()
    {"alone": alone, "together": together, "pairs": pairs, "memory": memory}[given.what](
        given.people, words
    )
    return None


if __name__ == "__main__":
    main()
