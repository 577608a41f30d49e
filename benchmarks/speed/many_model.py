"""What a million people would cost: small costs measured at 1 to 10,000, the rest by simulation.

    nice -n 10 python -m benchmarks.speed.many_model measure [--parts names]  # minutes
    python -m benchmarks.speed.many_model simulate [--workers 2 16 256] [--steps-cpu 56]

`measure` times what grows with the count of people and is none of the learning: a job through the
worker processes' queue (1, 10, 100, 1000 idle jobs), asking whether somebody is done (photos
hashed, the note read), and what a new name takes among 100 to 100,000 profiles: finding that nobody
has it, taking its lock, making the empty profile.
`simulate` lets people arrive at workers event by event (each worker takes the next one when it is
free; every CPU second counts as one on a core of its own) with durations drawn from the measured
ones, and adds the measured small costs. It first repeats the measured runs of
`benchmarks.speed.many` and of the queue, and tells how far off it is.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.commands import command_line
from benchmarks.machine import keep, machine, table
from benchmarks.places import MEASUREMENTS
from benchmarks.speed.many import rows_of
from pidiff_cli.many.job import DONE, Outcome, TuneJob
from pidiff_cli.many.ledger import Ledger
from pidiff_cli.many.pool import Pool
from pidiff_cli.many.share import Share
from pidiff_cli.profile import Profile, hold, profile_folder

RESULTS = MEASUREMENTS / "many_model.json"
COUNTS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
QUEUE, NAMES = (1, 10, 100, 1_000), (100, 1_000, 10_000, 100_000)
PERSON_CPU = (
    56.0  # CPU seconds of a person on mini, one thread, start included: recipes/mini-cpu.yaml
)
CORES = 2  # of the machine that `benchmarks.speed.many` ran on, a person each
SAMPLE = 10  # people that the model of learning is taken from
START_CPU = 6.0  # of these: interpreter, libraries, weights; once a worker in tune-many
PROFILE_MB = {"mini": 0.5, "sd15": 8.1}  # what draws, without photos; docs/speed.md


def idle(threads: int) -> None:
    """A worker's first act: none."""


def nothing(job: TuneJob, stop: Callable[[], bool]) -> Outcome:
    """A job that is done at once."""
    return Outcome(job.name, DONE)


def seconds(call: Callable[[], Any], times: int = 5) -> float:
    """Median CPU seconds of this process and its ended children."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def queue() -> list[dict[str, float]]:
    """Wall seconds of so many idle jobs through two workers."""
    rows = []
    for count in QUEUE:
        jobs = [
            TuneJob(f"p{i}", ("/photos/one.jpg",) * 4, {"base": "mini"}, "/") for i in range(count)
        ]
        pool, began, cpu = (
            Pool(Share(2, 1), nothing, idle),
            time.perf_counter(),
            time.process_time(),
        )
        ended = sum(1 for _ in pool.run(jobs))
        rows.append({"jobs": ended, "wall": round(time.perf_counter() - began, 3),
                     "parent_cpu": round(time.process_time() - cpu, 3)})  # fmt: skip
    return rows


def asking(folder: Path) -> dict[str, float]:
    """Whether somebody is done: four photos of 140 kB hashed, the note read, the manifest read."""
    for number in range(4):
        (folder / f"{number}.png").write_bytes(os.urandom(140_000))
    photos = tuple(str(folder / f"{number}.png") for number in range(4))
    job, ledger = TuneJob("alice", photos, {"base": "mini"}, str(folder)), Ledger(folder)
    ledger.note(job, Outcome("alice", DONE))
    return {"cpu_ms": round(1e3 * seconds(lambda: [ledger.known(job) for _ in range(20)]) / 20, 3)}


def names(folder: Path) -> list[dict[str, float]]:
    """What a name takes among so many profiles, CPU ms.

    there: finding one that is there. listed: one that is not, where the folders were changed by
    another program, so that all are looked at. first: taking the first lock in such a home, which
    looks into all of them. new, lock, arrival: finding, holding and making one after that, the
    arrival with its two changes of the folder and an empty profile on the disk.
    """
    rows, made = [], 0
    home = folder / "names"
    for count in NAMES:
        while made < count:
            (home / "profiles" / f"p{made}").mkdir(parents=True)
            made += 1
        spent = {"there": repeated(lambda: profile_folder(home, "p5"), 50)}
        spent["listed"] = repeated(lambda: profile_folder(home, "Somebody"), 1)
        shutil.rmtree(home / "profiles" / ".locks", ignore_errors=True)
        spent["first"] = seconds(lambda: lock_once(home), 1)
        arrive(home)  # marks are made whole
        spent["arrival"] = seconds(lambda: arrive(home), 9)
        spent["new"] = repeated(lambda: profile_folder(home, "Somebody"), 50)
        spent["lock"] = repeated(lambda: lock_once(home), 5)
        rows.append(
            {"profiles": count} | {f"{key}_ms": round(1e3 * s, 3) for key, s in spent.items()}
        )
    return rows


def repeated(call: Callable[[], Any], times: int) -> float:
    """CPU seconds of one of so many calls in a row."""
    return seconds(lambda: [call() for _ in range(times)]) / times


def lock_once(home: Path) -> None:
    """Take a lock of a name that nobody has, and give it back."""
    with hold(home / "profiles" / "Nobody"):
        pass


def arrive(home: Path) -> None:
    """A new person comes."""
    Profile.create(home, f"N{secrets.token_hex(6)}", "person")


PARTS: dict[str, Callable[[Path], Any]] = {
    "queue": lambda _: queue(), "asking": asking, "names": names
}  # fmt: skip


def measure(parts: list[str]) -> None:
    """Small costs; those that are not asked for stay as they were measured."""
    with tempfile.TemporaryDirectory() as scratch:
        found = {part: PARTS[part](Path(scratch)) for part in parts}
    for name, rows in found.items():
        print(f"\n{name}\n{table(rows if isinstance(rows, list) else [rows])}")
    before = json.loads(RESULTS.read_text()).get("small", {}) if RESULTS.is_file() else {}
    keep(RESULTS, "small", {**before, "machine": machine(), **found})


def simulated(
    people: int, workers: int, durations: list[float], start: float, each: float
) -> float:
    """Wall seconds of so many people on workers with a core each.

    Args:
        durations: measured seconds of a person, drawn from. start: of each worker, before its first
            person. each: of the one process that hands out people and notes what came of them.
    """
    drawn, free = random.Random(0), [start] * min(workers, people)
    heapq.heapify(free)
    parent = 0.0
    for _ in range(people):
        parent = max(parent, free[0]) + each  # the next person is handed out by one process
        heapq.heapreplace(free, parent + drawn.choice(durations))
    return max(free)


def small_costs(data: dict[str, Any]) -> tuple[float, float]:
    """Seconds a person of the handing out, and of a new name, as it takes in the largest home."""
    rows = data["small"]["queue"]
    most = rows[-1]
    each = most["parent_cpu"] / most["jobs"] + data["small"]["asking"]["cpu_ms"] / 1e3
    return each, data["small"]["names"][-1]["arrival_ms"] / 1e3


def learning() -> list[dict[str, Any]]:
    """Wall seconds of `tune-many`, said from its first people and from the run of one person.

    How long a person takes is that of the first ``SAMPLE`` that ended; how long it takes to begin
    is the run of one, start to end, less the person.
    """
    runs = [rows_of(path.stem) for path in Path(".mini/many").glob("together-*.jsonl")]
    by_count = {len(rows[0]["people"]): rows[0] for rows in runs if len(rows) == 1}
    if 1 not in by_count or max(by_count) <= SAMPLE:
        return []
    one, count = by_count[1], max(by_count)
    begins = one["wall"] - one["people"][0]["seconds"]
    durations = [person["seconds"] for person in by_count[count]["people"][:SAMPLE]]
    said = simulated(count, CORES, durations, begins, 0.0)
    return [{"what": "wall s, tune-many", "people": count,
             "measured": by_count[count]["wall"], "model": round(said, 1)}]  # fmt: skip


def check(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The simulation beside what was measured: learning, and the queue alone."""
    rows = learning()
    per_job = data["small"]["queue"][-1]
    each = per_job["wall"] / per_job["jobs"]
    first = data["small"]["queue"][0]["wall"]
    for row in data["small"]["queue"][1:-1]:
        model = simulated(row["jobs"], 2, [each], first, 0.0)
        rows.append({"what": "wall s, idle jobs", "people": row["jobs"], "measured": row["wall"],
                     "model": round(model, 2)})  # fmt: skip
    for row in data["small"]["names"][1:-1]:
        rows.append({"what": "ms, a new name", "people": row["profiles"],
                     "measured": row["arrival_ms"],
                     "model": round(1e3 * small_costs(data)[1], 3)})  # fmt: skip
    return rows


def simulate(workers: list[int], person: float, profile_mb: float) -> None:
    """1 to 1,000,000 people on so many cores."""
    data = json.loads(RESULTS.read_text())
    checked = check(data)
    print(table(checked))
    each, name = small_costs(data)
    rows = []
    for count in COUNTS:
        row: dict[str, Any] = {"people": count}
        for cores in workers:
            wall = simulated(count, cores, [person - START_CPU], START_CPU, each)
            row[f"{cores}_cores_h"] = round(wall / 3600, 2)
        row["cpu_h"] = round((count * (person - START_CPU)) / 3600, 1)
        row["handing_out_h"] = round(count * each / 3600, 3)
        row["names_h"] = round(name * count / 3600, 3)
        row["disk_gb"] = round(count * profile_mb / 1e3, 2)
        rows.append(row)
    print(table(rows))
    keep(RESULTS, "check", {"rows": checked})
    keep(RESULTS, "simulated", {"person_cpu": person, "start_cpu": START_CPU, "rows": rows})


def main() -> None:
    """The command line."""
    parser = command_line("benchmarks.speed.many_model", __doc__)
    parser.add_argument("what", choices=("measure", "simulate"))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 16, 256])
    parser.add_argument("--steps-cpu", type=float, default=PERSON_CPU)
    parser.add_argument("--profile-mb", type=float, default=PROFILE_MB["mini"])
    given = parser.parse_args()
    if given.what == "measure":
        measure(given.parts)
    else:
        simulate(given.workers, given.steps_cpu, given.profile_mb)


if __name__ == "__main__":
    main()
