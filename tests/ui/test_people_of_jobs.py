"""Nobody whom a job reads or makes is locked, renamed or removed under it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli.core.images import save_png
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.ui.jobs import LEARNS, Job, Jobs
from tests.support.quick_passphrase import make_quick
from tests.support.tiny_person import make_profile
from tests.ui.conftest import Opened

ACTS: dict[str, dict[str, Any]] = {
    "lock": {"passphrase": "six words"}, "rename": {"name": "other"}, "copy": {"name": "other"},
    "consent": {"consent": "agreed"}, "forget": {}, "delete": {}, "forget-all": {},
}  # fmt: skip


@pytest.fixture
def waiting(
    page: Opened, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opened]:
    """Over a home with four people, a picture of alice with bob's colours, and a worker that is
    busy with something else."""
    make_quick(monkeypatch)
    ids = {name: make_profile(home, name).manifest.id for name in ("alice", "bob", "carl", "dora")}
    settings = {"steps": 2, "size": 128, "base": "mini", "style_from": f"{ids['bob']}:fine=1"}
    record = {"prompt": "as a chef", "seed": 1, "settings": settings}
    record["profile"] = {"id": ids["alice"]}
    save_png(tmp_path / "pics" / "x.png", np.zeros((8, 8, 3), np.uint8), record)
    go = threading.Event()
    page.work.jobs.add(Job("draw", "first"), lambda job, kept: go.wait(60) and None)
    yield page
    for job in page.work.jobs.told():
        page.post(f"/api/jobs/{job['id']}/stop")
    go.set()


def ids_of(page: Opened) -> dict[str, str]:
    return {one["name"]: one["id"] for one in page.get("/api/state").json()["people"]}


def drawing(ids: dict[str, str], **more: Any) -> tuple[str, dict[str, Any]]:
    return "draw", {"who": ids["alice"], "prompt": "as a chef", **more}


def wishes(page: Opened) -> dict[str, tuple[str, dict[str, Any], set[str]]]:
    """Every kind of job: its address, what is asked, whose profiles it works with."""
    ids = ids_of(page)
    style = {"who": ids["bob"], "group": "fine"}
    mix = {"a": ids["alice"], "b": ids["bob"]}
    (picture,) = page.get("/api/pictures").json()["pictures"]
    return {
        "one": (*drawing(ids), {"alice"}),
        "best": (*drawing(ids, best=2), {"alice"}),
        "style": (*drawing(ids, style=style), {"alice", "bob"}),
        "beside": (*drawing(ids, style=style, beside={"who": ids["carl"]}),
                   {"alice", "bob", "carl"}),
        "again": (f"pictures/{picture['id']}/again", {}, {"alice", "bob"}),
        "mix": ("mix", {**mix, "prompt": "as a chef"}, {"alice", "bob"}),
        "kept mix": ("mix", {**mix, "name": "Mixed"}, {"alice", "bob", "Mixed"}),
        "learn": (f"people/{ids['alice']}/learn", {}, {"alice"}),
        "learn anew": (f"people/{ids['alice']}/learn", {"retune": True}, {"alice"}),
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    ["one", "best", "style", "beside", "again", "mix", "kept mix", "learn", "learn anew"],
)
def test_whoever_a_job_names_stays_as_they_are(waiting: Opened, home: Path, kind: str):
    path, asked, people = wishes(waiting)[kind]
    answer = waiting.post(f"/api/{path}", asked)
    assert answer.status_code == 200, answer.text
    job = answer.json()
    assert set(filter(None, (job["who"], *job["people"]))) == people
    before = {name: Profile(home / "profiles" / name).manifest for name in ids_of(waiting)}
    for name in people & before.keys():
        for act, given in ACTS.items():
            refused = waiting.post(f"/api/people/{ids_of(waiting)[name]}/{act}", given)
            assert refused.status_code == 400 and "worked on" in refused.text, (name, act)
    assert before == {name: Profile(home / "profiles" / name).manifest for name in before}
    dora = ids_of(waiting)["dora"]
    taken = waiting.post(f"/api/people/{dora}/rename", {"name": "mixed"})
    assert taken.status_code == (400 if kind == "kept mix" else 200)  # a name that is promised
    waiting.post(f"/api/jobs/{job['id']}/stop")
    for name in people & before.keys():
        free = waiting.post(f"/api/people/{ids_of(waiting)[name]}/consent", ACTS["consent"])
        assert free.status_code == 200


def test_a_name_is_promised_once(waiting: Opened):
    ids = ids_of(waiting)
    mix = {"a": ids["alice"], "b": ids["bob"]}
    assert waiting.post("/api/mix", {**mix, "name": "mixed"}).status_code == 200
    for name in ("mixed", "Mixed", "alice", "../x"):
        assert waiting.post("/api/mix", {**mix, "name": name}).status_code == 400, name


def test_who_is_learnt_is_neither_exported_nor_learnt_twice(waiting: Opened):
    alice = ids_of(waiting)["alice"]
    assert waiting.post("/api/draw", drawing(ids_of(waiting))[1]).status_code == 200
    assert waiting.get(f"/people/{alice}/export").status_code == 200  # a drawing only reads
    assert waiting.post(f"/api/people/{alice}/learn").status_code == 200
    assert waiting.post(f"/api/people/{alice}/learn").status_code == 400
    assert "worked on" in waiting.get(f"/people/{alice}/export").text


def test_pictures_of_nobody_here_are_told_at_once(waiting: Opened):
    ids = ids_of(waiting)
    (picture,) = waiting.get("/api/pictures").json()["pictures"]
    assert waiting.post(f"/api/people/{ids['bob']}/delete").status_code == 200
    answer = waiting.post(f"/api/pictures/{picture['id']}/again")
    assert answer.status_code == 400 and "Whose layers" in answer.text


def test_what_is_over_goes_with_whom_it_showed(waiting: Opened):
    ids = ids_of(waiting)
    style = {"who": ids["bob"], "group": "fine"}
    job = waiting.post("/api/draw", drawing(ids, style=style)[1]).json()
    waiting.post(f"/api/jobs/{job['id']}/stop")
    assert waiting.post(f"/api/people/{ids['alice']}/rename", {"name": "anna"}).status_code == 200
    told = next(one for one in waiting.work.jobs.told() if one["id"] == job["id"])
    assert told["who"] == "anna" and set(told["people"]) == {"anna", "bob"}
    assert waiting.post(f"/api/people/{ids['bob']}/lock", ACTS["lock"]).status_code == 200
    assert job["id"] not in [one["id"] for one in waiting.work.jobs.told()]


def test_no_job_begins_with_who_is_just_being_changed():
    jobs = Jobs()
    with jobs.alone_with("alice", ""):
        for job in (Job("draw", "x", "Alice"), Job("mix", "x", people=("bob", "alice"))):
            with pytest.raises(InputError, match="alice is just being changed"):
                jobs.add(job, lambda job, kept: None)
        with pytest.raises(InputError, match="worked on"), jobs.alone_with("alice", kinds=LEARNS):
            pass
        jobs.add(Job("draw", "x", "bob"), lambda job, kept: None)
    with jobs.alone_with("alice", kinds=LEARNS), jobs.alone_with("alice", kinds=LEARNS):
        jobs.add(Job("draw", "x", "alice"), lambda job, kept: None)
        with pytest.raises(InputError, match="just being changed"):
            jobs.add(Job("tune", "x", "alice"), lambda job, kept: None)
    jobs.add(Job("tune", "x", "alice"), lambda job, kept: None)
    jobs.close(10)
