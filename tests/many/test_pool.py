"""Worker processes: who is killed is tried once more, and nobody else is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pidiff_cli.errors import OutOfMemoryError
from pidiff_cli.many import pool as pool_of
from pidiff_cli.many.job import DONE, FAILED, STOPPED, TuneJob
from pidiff_cli.many.pool import Pool
from pidiff_cli.many.share import Need, Share, share_out
from tests.support.many_jobs import do, ended, idle


def jobs(home: Path, *names: str) -> list[TuneJob]:
    return [TuneJob(name, (), {}, str(home)) for name in names]


def test_everybody_is_done_in_other_processes(tmp_path: Path) -> None:
    pool = Pool(Share(2, 1), do, idle)
    found = [outcome for _, outcome in pool.run(jobs(tmp_path, "a", "b", "c", "d"))]
    assert {one.name for one in found} == {"a", "b", "c", "d"}
    workers = {one.resident_mb for one in found}
    assert os.getpid() not in workers and len(workers) <= 2


def test_a_killed_worker_costs_nobody_else(tmp_path: Path) -> None:
    pool = Pool(Share(2, 1), do, idle)
    found = {job.name: outcome for job, outcome in pool.run(jobs(tmp_path, "once", "b", "c"))}
    assert {name: one.status for name, one in found.items()} == dict.fromkeys(
        "once b c".split(), DONE
    )


def test_a_look_at_what_it_takes_that_is_killed_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_of, "need_of", ended)
    with pytest.raises(OutOfMemoryError, match="ended from outside, twice") as told:
        Pool(None, do, idle).need(jobs(tmp_path, "a"))
    assert told.value.exit_code == 5


def test_who_kills_the_worker_each_time_fails(tmp_path: Path) -> None:
    pool = Pool(Share(1, 1), do, idle)
    found = {job.name: outcome for job, outcome in pool.run(jobs(tmp_path, "killed", "b"))}
    assert found["killed"].status == FAILED and "--workers 1" in found["killed"].hint
    assert found["b"].status == DONE


def test_a_stop_reaches_those_under_way_and_begins_nobody(tmp_path: Path) -> None:
    pool = Pool(Share(2, 1), do, idle)
    ended = []
    for job, outcome in pool.run(jobs(tmp_path, "long", "b", "c", "d")):
        ended.append((job.name, outcome.status))
        pool.stop()
    assert ("long", STOPPED) in ended and len(ended) <= 3
    assert not (tmp_path / "d").exists()


def test_the_plan_says_how_many(monkeypatch) -> None:
    from pidiff_cli.many import share

    monkeypatch.setattr(share, "usable_cores", lambda: 8)
    gb = 10**9
    assert share_out(Need("mini", gb, 64 * gb), 100) == Share(8, 1)
    assert share_out(Need("mini", gb, 64 * gb), 3) == Share(3, 2)
    assert share_out(Need("mini", 10 * gb, 30 * gb), 100) == Share(2, 4)
    assert share_out(Need("mini", 10 * gb, 5 * gb), 100) == Share(1, 8)
    assert share_out(Need("mini", gb, 64 * gb), 100, 3) == Share(3, 2)
    assert share_out(Need("sd15", 0, 64 * gb), 100) == Share(1, 8)  # sizes nobody counted
    two = share_out(Need("sd15", 5 * gb, 24 * gb, 2, 24 * gb), 100)
    assert two.workers == 4 and two.cards == (0, 1, 0, 1) and two.memory == 10.8
    alone = share_out(Need("sdxl", 12 * gb, 24 * gb, 2, 24 * gb), 100)
    assert alone == Share(2, 4, (0, 1), None)
