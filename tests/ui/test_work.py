"""What the page does with people, pictures and jobs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, age, locking
from pidiff_cli.ui.jobs import Job, Jobs
from tests.support.tiny_person import make_profile
from tests.ui.conftest import Opened


def alice_of(page: Opened) -> str:
    people = page.get("/api/state").json()["people"]
    return next(one["id"] for one in people if one["name"] == "alice")


def drawn(page: Opened, **asked: object) -> dict:
    wish = {"who": alice_of(page), "prompt": "as a chef", "steps": 2, "size": 64, **asked}
    answer = page.post("/api/draw", wish)
    assert answer.status_code == 200, answer.text
    job = page.ended(answer.json())
    assert job["state"] == "done", job
    return job


def test_pictures_come_with_their_records_and_can_go(tuned_page: Opened, tmp_path: Path):
    job = drawn(tuned_page, count=2, seed=7)
    assert [one["seed"] for one in job["pictures"]] == ["7", "8"]
    first = job["pictures"][0]
    assert first["prompt"] == "as a chef" and first["who"] == "alice"
    listed = tuned_page.get("/api/pictures").json()["pictures"]
    assert {one["id"] for one in listed} == {one["id"] for one in job["pictures"]}
    whole = tuned_page.get(f"/pictures/{first['id']}")
    assert whole.content == (tmp_path / "pics" / first["file"]).read_bytes()
    assert tuned_page.get(f"/pictures/{first['id']}?small").headers["content-type"] == "image/webp"
    saved = tuned_page.get(f"/pictures/{first['id']}?save").headers["content-disposition"]
    assert saved.startswith("attachment")
    tuned_page.post(f"/api/pictures/{first['id']}/delete")
    (told,) = tuned_page.work.jobs.told()
    assert [one["seed"] for one in told["pictures"]] == ["8"]  # nor is it shown as just drawn
    assert tuned_page.get(f"/pictures/{first['id']}").status_code == 404
    assert len(list((tmp_path / "pics").iterdir())) == 1


def test_no_likeness_is_told_where_no_network_can_tell_it(tuned_page: Opened, tmp_path: Path):
    assert drawn(tuned_page, seed=7)["pictures"][0]["likeness"] is not None
    alice = Profile.open("alice", tmp_path)
    alice.update_stage("prepare", world="photographs")
    likeness = {"held_out": 0.35, "photos": 0.57, "told": False}
    result = {"base": "mini", "recipe": "mini-cpu", "steps": 1, "seconds": 1.0, "peak_mb": 1.0}
    alice.update_stage("tune", done=True, result={**result, "likeness": likeness})
    assert drawn(tuned_page, seed=8)["pictures"][0]["likeness"] is None
    (row,) = tuned_page.get("/api/state").json()["people"]
    assert row["alike"] == "cannot be told"


def test_again_changes_what_is_changed(tuned_page: Opened):
    (first,) = drawn(tuned_page, seed=7)["pictures"]
    answer = tuned_page.post(f"/api/pictures/{first['id']}/again", {"seed": "9"})
    (other,) = tuned_page.ended(answer.json())["pictures"]
    assert other["seed"] == "9" and other["settings"]["steps"] == "2"


def test_two_strengths_side_by_side(tuned_page: Opened):
    job = drawn(tuned_page, seed=7, count=2, beside={"identity_scale": 0})
    columns = [(one["column"], one["settings"]["identity_scale"]) for one in job["pictures"]]
    assert columns == [(0, "1"), (0, "1"), (1, "0"), (1, "0")]


def test_a_new_seed_is_one_for_both_columns(tuned_page: Opened):
    job = drawn(tuned_page, seed="random", beside={"identity_scale": 0})
    one, other = (picture["seed"] for picture in job["pictures"])
    assert one == other
    assert drawn(tuned_page, seed="random")["pictures"][0]["seed"] != one


def test_a_seed_beside_that_is_left_empty_is_a_new_one(tuned_page: Opened):
    seen = set()
    for _ in range(2):
        one, other = drawn(tuned_page, seed=7, beside={"seed": ""})["pictures"]
        assert one["seed"] == "7" and other["seed"] != GenerateConfig().seed
        seen.add(other["seed"])
    assert len(seen) == 2


def test_the_person_stays_loaded(tuned_page: Opened, monkeypatch: pytest.MonkeyPatch):
    from pidiff_cli.stages.person import loading

    loads = []
    load = loading._load
    monkeypatch.setattr(loading, "_load", lambda *a, **k: (loads.append(1), load(*a, **k))[1])
    drawn(tuned_page, seed=1)
    drawn(tuned_page, seed=2)
    assert len(loads) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""}, {"count": 0}, {"count": 1e9}, {"seed": "x"}, {"who": "../alice"},
        {"edits": {"smile": "much"}}, {"edits": 3}, {"steps": "many"}, {"beside": 3},
        {"style": {"who": "x", "group": "fine"}},
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_a_sentence(tuned_page: Opened, wrong: dict):
    wish = {"who": alice_of(tuned_page), "prompt": "as a chef", **wrong}
    answer = tuned_page.post("/api/draw", wish)
    assert answer.status_code == 400 and answer.json()["message"]


def test_what_is_no_json_is_a_sentence(page: Opened):
    from tests.ui.conftest import TOKEN

    for content in (b"{", b"[]", b"\xff", b"x" * 300_000):
        answer = page.client.post("/api/draw", content=content, headers={"x-pidiff-token": TOKEN})
        assert answer.status_code == 400 and answer.json()["message"]


def test_rename_copy_forget_delete(page: Opened, home: Path):
    make_profile(home)
    key = alice_of(page)
    assert page.post(f"/api/people/{key}/rename", {"name": "../x"}).status_code == 400
    assert page.post(f"/api/people/{key}/rename", {"name": "anna"}).status_code == 200
    assert page.post(f"/api/people/{key}/copy", {"name": "bea"}).status_code == 200
    assert page.post(f"/api/people/{key}/forget").status_code == 200
    rows = {one["name"]: one for one in page.get("/api/state").json()["people"]}
    assert rows["anna"]["photos"] == 0 and rows["bea"]["photos"] == 4
    whole = page.get(f"/people/{rows['bea']['id']}/export?photos=yes")
    assert len(whole.content) > 1000 and "bea.pidiff" in whole.headers["content-disposition"]
    assert page.post(f"/api/people/{key}/delete").status_code == 200
    assert [one["name"] for one in page.get("/api/state").json()["people"]] == ["bea"]


def test_two_of_one_id_are_never_taken_for_one_another(page: Opened, home: Path):
    import shutil

    alice = make_profile(home)
    whole = alice_of(page)
    shutil.copytree(alice.folder, home / "profiles" / "carl")  # as an import under another name
    Profile(home / "profiles" / "carl").update(name="carl")
    rows = {one["name"]: one["id"] for one in page.get("/api/state").json()["people"]}
    assert len({whole, *rows.values()}) == 3
    assert page.post(f"/api/people/{whole}/delete").status_code == 400
    assert page.post(f"/api/people/{rows['carl']}/delete").status_code == 200
    assert [p.name for p in (home / "profiles").iterdir() if p.name[0] != "."] == ["alice"]
    assert alice_of(page) == whole


def test_locked_and_faulty_people_are_told(page: Opened, home: Path, tmp_path: Path):
    alice, bob = make_profile(home), home / "profiles" / "bob"
    locking.lock(alice, age.Keys(recipients=(age.public_of(age.new_identity()),)))
    bob.mkdir()
    (bob / "profile.json").write_text("{")
    (home / "profiles" / "carl").symlink_to(tmp_path)
    rows = {one["name"]: one for one in page.get("/api/state").json()["people"]}
    assert [*rows] == ["bob", "carl", "alice"] and rows["alice"]["locked"]
    assert "cannot be read" in rows["bob"]["problem"] and "link" in rows["carl"]["problem"]


def test_a_killed_export_leaves_nothing_of_a_person(
    page: Opened, home: Path, monkeypatch: pytest.MonkeyPatch
):
    from pidiff_cli.profile.mending import LEAVING
    from pidiff_cli.stages.export import run

    make_profile(home)
    places: list[Path] = []
    real = run.run_export

    def noted(profile, kind, target, *more):
        places.append(target)
        return real(profile, kind, target, *more)

    monkeypatch.setattr(run, "run_export", noted)
    assert page.get(f"/people/{alice_of(page)}/export?photos=yes").status_code == 200
    assert places[0].parent.parent == home / "profiles" / LEAVING  # swept by the next writer


def test_a_report_runs_nothing_and_has_no_origin(page: Opened, home: Path):
    profile = make_profile(home)
    profile.write("reports/likeness.html", b"<script>alert(1)</script>")
    answer = page.get(f"/people/{profile.manifest.id}/report")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;") and "script-src" not in policy


def test_jobs_run_one_after_another_and_one_that_waits_can_be_taken_out():
    jobs, go, order = Jobs(), threading.Event(), []
    first = jobs.add(
        Job("draw", "first"), lambda job, kept: (go.wait(10), order.append(1)) and None
    )
    second = jobs.add(Job("draw", "second"), lambda job, kept: order.append(2))
    third = jobs.add(Job("draw", "third"), lambda job, kept: order.append(3))
    jobs.stop(second)
    assert second.state == "stopped" and third.state == "waiting"
    go.set()
    jobs._works.put(None)
    jobs._thread.join(10)
    assert order == [1, 3] and first.state == third.state == "done"


def test_a_fault_of_one_job_is_told_and_the_next_one_runs(capsys: pytest.CaptureFixture[str]):
    def fails(job: Job, kept: object) -> None:
        raise InputError("The disk is full.", "Make room.")

    def breaks(job: Job, kept: object) -> None:
        raise RuntimeError("odd")

    def fills(job: Job, kept: object) -> None:
        raise MemoryError

    jobs = Jobs()
    works = (fails, breaks, lambda job, kept: None, fills)
    made = [jobs.add(Job("draw", "x"), work) for work in works]
    jobs._works.put(None)
    jobs._thread.join(10)
    assert [job.state for job in made] == ["failed", "failed", "done", "failed"]
    assert made[3].error["message"] == "There is not enough memory for this."
    assert made[0].error == {"message": "The disk is full.", "hint": "Make room."}
    assert "odd" in made[1].error["message"]


def test_a_closing_server_stops_what_runs_where_it_can_be_gone_on_with():
    begun, jobs = threading.Event(), Jobs()

    def long(job: Job, kept: object) -> None:
        from pidiff_cli.errors import StoppedError
        from pidiff_cli.stages.progress import Event

        hear = jobs.listen(job)
        begun.set()
        while not hear(Event("tune", 1, 10)):
            pass
        raise StoppedError("Stopped.")

    job = jobs.add(Job("tune", "Learn x", "x"), long)
    assert begun.wait(10)
    jobs.close(wait=10)
    assert job.state == "stopped" and not jobs._thread.is_alive()


def with_steps(home: Path) -> Profile:
    """alice, tuned with other steps kept."""
    from tests.support.opened import run_tune, short_tuning
    from tests.support.tiny_person import Notes

    settings = {"preview_every": 2, "keep_checkpoints": 3, "patience": 0}
    run_tune(short_tuning(home, **settings), Notes())
    return Profile.open("alice", home)


def test_two_steps_side_by_side_and_the_other_one_used(tuned_page: Opened, tmp_path: Path):
    alice = with_steps(tmp_path)
    (row,) = tuned_page.get("/api/state").json()["people"]
    own = next(one["step"] for one in row["checkpoints"] if one["own"])
    other = next(one["step"] for one in row["checkpoints"] if not one["own"])
    job = drawn(tuned_page, seed=7, beside={"checkpoint": other})
    told = [(one["column"], one["settings"]["checkpoint"]) for one in job["pictures"]]
    assert told == [(0, str(own)), (1, str(other))]
    wish = {"who": row["id"], "prompt": "as a chef", "beside": {"checkpoint": 77}}
    failed = tuned_page.ended(tuned_page.post("/api/draw", wish).json())
    assert failed["state"] == "failed" and "Step 77" in failed["error"]["message"]
    before = alice.fingerprint
    assert tuned_page.post(f"/api/people/{row['id']}/step", {"step": other}).status_code == 200
    (row,) = tuned_page.get("/api/state").json()["people"]
    assert [one["step"] for one in row["checkpoints"] if one["own"]] == [other]
    assert alice.fingerprint != before
    for wrong in ({"step": 77}, {"step": "x"}, {}):
        assert tuned_page.post(f"/api/people/{row['id']}/step", wrong).status_code == 400
