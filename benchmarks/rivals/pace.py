"""CPU seconds of training until the person is drawn as well as DreamBooth-LoRA ever draws them.

    python -m benchmarks.rivals.pace                          # four people, 600 and 150 steps
    python -m benchmarks.rivals.pace --people 20 --workers 2

DreamBooth-LoRA trains with the settings chosen for it, for 600 steps; PIDiff without a general
branch by the default recipe. After every 25 steps all prompts and seeds are drawn, and rank-1 is
measured; looking is not counted in the seconds (one thread, the process's own CPU time, which for
PIDiff includes encoding the photos and finding their captions). The best of DreamBooth-LoRA's mean
rank-1 over the people, and when it is first there, is set beside when PIDiff's mean is first as
high. What was looked at is kept a person and method, so a stopped run goes on; the figures go to
docs/measurements/rivals_pace.json.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS
from benchmarks.rivals import run
from benchmarks.rivals.cases import HOME, Case, table_people
from benchmarks.rivals.measure import likeness, look
from benchmarks.rivals.methods import METHODS, settings_of
from benchmarks.rivals.pidiff import drawn_pictures
from benchmarks.rivals.shop import Made
from benchmarks.rivals.table import digest_of
from benchmarks.tuning import Person, make_job, tuning
from pidiff_cli.stages.faces import aligned_faces
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.tune import loop
from pidiff_cli.stages.tune.data import captions, training_data, training_photos
from pidiff_cli.stages.tune.state import Run

RESULTS = MEASUREMENTS / "rivals_pace.json"
EVERY = 25
WAYS = {"dreambooth": 600, "bare": 150}  # method and its steps
Look = dict[str, float]


class _Looker(Progress):
    """Looks after every so many steps; ``spent`` leaves looking out."""

    def __init__(self, look_now: Any) -> None:
        self.look_now, self.step, self.paused, self.began = look_now, 0, 0.0, time.process_time()

    @property
    def spent(self) -> float:
        """CPU seconds of the training so far."""
        return time.process_time() - self.began - self.paused

    def advance(self, task: str, n: float = 1, **info: object) -> None:
        """A step is done."""
        self.step += int(n)
        if self.step % EVERY == 0:
            began = time.process_time()
            self.look_now(self.step, self.spent)
            self.paused += time.process_time() - began


def own_looks(case: Case) -> list[Look]:
    """Of PIDiff without a general branch."""
    shop, settings = run.shop(), tuning("mini-cpu", {})
    profile, base = shop.profile(case), shop.bare_base()
    own, _ = training_photos(profile)
    looks: list[Look] = []

    def look_now(step: int, seconds: float) -> None:
        assert base.lora is not None
        with base.lora.fused():
            images, _ = drawn_pictures(base, None, case, shop.settings)
        looks.append(_seen(case, Made(images, None, seconds, 0, step)))

    looker = _Looker(look_now)
    data = training_data(profile, settings.config, base, own, aligned_faces(profile))
    job = make_job(base, "mini", settings, Person(data, None, None), captions(base, "person"))
    loop.train(job, Run(), looker)
    return looks


def rival_looks(case: Case) -> list[Look]:
    """Of DreamBooth-LoRA."""
    steps = WAYS["dreambooth"]
    settings = {**settings_of("dreambooth"), "steps": steps, "looks": range(EVERY, steps, EVERY)}
    made: Iterator[Made] = METHODS["dreambooth"].fit(run.shop(), case, settings)
    return [_seen(case, one) for one in made]


def _seen(case: Case, made: Made) -> Look:
    faces = [face for face in look(run.shop(), made.images) if face is not None]
    rank = likeness(run.shop(), case, faces, len(made.images))["rank1"]
    return {"step": made.steps, "seconds": round(made.seconds, 2), "rank1": rank}


def looks_of(person: int, way: str) -> list[Look]:
    """A person's looks by one way, kept in a file."""
    code = run.shop().code if way == "bare" else ""
    key = digest_of(run.shop().digest, run.shop().judged, code, str(WAYS), settings_of(way))
    path = HOME / "pace" / f"{way}-{person}-{key}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        found = own_looks(Case(person)) if way == "bare" else rival_looks(Case(person))
        path.write_text(json.dumps(found) + "\n")
    return list(json.loads(path.read_text()))


def means(all_looks: list[list[Look]]) -> list[Look]:
    """The mean over the people, look by look."""
    count = len(all_looks)
    return [
        {key: round(sum(one[key] for one in same) / count, 4) for key in same[0]}
        for same in zip(*all_looks, strict=True)
    ]


def figures(found: dict[str, list[Look]]) -> dict[str, Any]:
    """The rival's best, when it and when ours is first as good, and the ratio of the seconds."""
    best = max(one["rank1"] for one in found["dreambooth"])
    first = {
        way: next((one for one in looks if one["rank1"] >= best), None)
        for way, looks in found.items()
    }
    theirs, ours = first["dreambooth"], first["bare"]
    ratio = ours["seconds"] / theirs["seconds"] if ours and theirs else None
    return {"best": best, "first": first, "ratio": ratio}


def main() -> None:
    """Look at what is missing, print, keep."""
    parser = command_line("benchmarks.rivals.pace", __doc__)
    parser.add_argument("--people", type=int, default=4, help="people of the table")
    parser.add_argument("--workers", type=int, default=1, help="people at a time, a core each")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args: argparse.Namespace = parser.parse_args()
    people = table_people()[: args.people]
    jobs = [(person, way) for way in WAYS for person in people]
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        looks = list(pool.map(looks_of, *zip(*jobs, strict=True)))
    each = {way: looks[i * len(people) : (i + 1) * len(people)] for i, way in enumerate(WAYS)}
    found = {way: means(all_looks) for way, all_looks in each.items()}
    for way, line in found.items():
        print(way, " ".join(f"{one['step']}:{one['rank1']:.3f}" for one in line))
    told = figures(found)
    print(json.dumps(told))
    kept = {"machine": machine(), "people": people, "looks": found, **told}
    args.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
