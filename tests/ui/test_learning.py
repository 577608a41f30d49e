"""A new person from dropped photos."""

from __future__ import annotations

import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from pidiff_cli.ui.jobs import Job
from tests.ui.conftest import Opened
from tests.ui.test_drafts import png


@pytest.fixture
def learning(
    page: Opened, stages: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> Opened:
    """Photos that are all kept, and stages that compute nothing."""
    from pidiff_cli import api

    def look(photos, seen, *, faces, home):
        rows = [
            SimpleNamespace(path=p, kept=True, why="", notes=(), boxes=(), chosen=None,
                            picture=None, quality=1.0)
            for p in photos
        ]  # fmt: skip
        return SimpleNamespace(photos=rows, advice="", problem="")

    monkeypatch.setattr(api, "look", look)
    return page


def with_photos(page: Opened) -> str:
    draft = page.post("/api/drafts").json()["id"]
    for name in ("a.png", "b.png"):
        page.add(draft, name, png())
    return draft


def wish(draft: str, **other: str) -> dict[str, str]:
    return {"draft": draft, "name": "alice", "noun": "woman", "consent": "synthetic", **other}


def test_a_person_is_learnt_and_the_uploaded_photos_go(learning: Opened, home: Path):
    draft = with_photos(learning)
    job = learning.ended(learning.post("/api/learn", wish(draft)).json())
    assert job["state"] == "done", job
    assert (home / "profiles" / "alice" / "profile.json").is_file()
    assert not list((home / "cache" / "uploads").rglob("*.png"))
    assert learning.get(f"/api/drafts/{draft}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"consent": ""}, {"consent": "unstated"}, {"noun": "dog"}, {"name": "../x"}, {"name": ""}],
)
def test_name_noun_and_consent_are_asked_for(learning: Opened, home: Path, wrong: dict[str, str]):
    answer = learning.post("/api/learn", wish(with_photos(learning), **wrong))
    assert answer.status_code == 400 and answer.json()["message"]
    assert not (home / "profiles").exists()


def test_a_name_that_is_taken_is_refused_and_the_photos_stay(learning: Opened):
    learning.ended(learning.post("/api/learn", wish(with_photos(learning))).json())
    draft = with_photos(learning)
    answer = learning.post("/api/learn", wish(draft, name="Alice"))
    assert answer.status_code == 400 and "called" in answer.json()["message"]
    assert len(learning.get(f"/api/drafts/{draft}").json()["photos"]) == 2


def test_photos_that_could_not_be_used_come_back(learning: Opened, monkeypatch: pytest.MonkeyPatch):
    from pidiff_cli import api
    from pidiff_cli.errors import InputError

    def refuse(*photos, **more):
        raise InputError("Several people are in these photos.")

    monkeypatch.setattr(api, "prepare", refuse)
    draft = with_photos(learning)
    job = learning.ended(learning.post("/api/learn", wish(draft)).json())
    assert job["state"] == "failed" and job["asked"]["draft"] == draft
    assert len(learning.get(f"/api/drafts/{draft}").json()["photos"]) == 2


def test_photos_of_a_job_that_waits_stay(learning: Opened, home: Path):
    go, jobs = threading.Event(), learning.work.jobs
    jobs.add(Job("draw", "first"), lambda job, kept: go.wait(30) and None)
    draft = with_photos(learning)
    job = learning.post("/api/learn", wish(draft)).json()
    assert learning.post("/api/learn", wish(draft, name="bob")).status_code == 400
    for _ in range(6):  # newer ones, of which the oldest make way
        learning.post("/api/drafts")
    go.set()
    assert learning.ended(job)["state"] == "done"


def test_on_what_it_would_be_learnt_is_told_before(learning: Opened):
    told = learning.get("/api/base").json()["told"]
    assert "using mini" in told and "For photographs: pidiff doctor" in told


def test_without_a_kept_photo_nothing_begins(learning: Opened):
    draft = learning.post("/api/drafts").json()["id"]
    assert learning.post("/api/learn", wish(draft)).status_code == 400


def test_a_tuning_that_was_stopped_is_gone_on_with(
    learning: Opened, monkeypatch: pytest.MonkeyPatch
):
    from pidiff_cli import api

    learning.ended(learning.post("/api/learn", wish(with_photos(learning))).json())
    (alice,) = learning.get("/api/state").json()["people"]
    called = []
    monkeypatch.setattr(
        api, "tune",
        lambda who, **more: (called.append((who, more.get("retune"))),
                             SimpleNamespace(likeness={}, steps=1, seconds=1.0))[1],
    )  # fmt: skip
    learning.ended(learning.post(f"/api/people/{alice['id']}/learn").json())
    learning.ended(learning.post(f"/api/people/{alice['id']}/learn", {"retune": True}).json())
    assert called == [("alice", False), ("alice", True)]


def test_steps_are_kept_where_the_tick_says_so(learning: Opened, stages: dict[str, ModuleType]):
    for name, tick in (("alice", {"keep": True}), ("bob", {"keep": False}), ("cleo", {})):
        wished = {**wish(with_photos(learning), name=name), **tick}
        job = learning.ended(learning.post("/api/learn", wished).json())
        assert job["state"] == "done", job
    assert [config.keep_checkpoints for config in stages["tune"].configs] == [3, 0, 0]
    answer = learning.post("/api/learn", {**wish(with_photos(learning), name="dan"), "keep": "x"})
    assert answer.status_code == 400
