"""`tune-many`: a line each, what is done is done, who fails stops nobody, a stop can be gone on."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.errors import InputError, StoppedError
from pidiff_cli.many import run as many
from pidiff_cli.many.job import Outcome, TuneJob, work

begun: list[str] = []


class Here:
    """Everybody in this process, one after another."""

    stopped = False

    def run(self, jobs: Iterable[TuneJob]) -> Iterator[tuple[TuneJob, Outcome]]:
        for job in jobs:
            if self.stopped:
                return
            begun.append(job.name)
            yield job, work(job, lambda: self.stopped)

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def people(tmp_path: Path, stages: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three folders, learnt by stages that compute nothing; bob's photos are at fault."""
    for name in ("alice", "bob", "carl"):
        folder = tmp_path / "people" / name
        folder.mkdir(parents=True)
        (folder / "one.jpg").write_bytes(name.encode())
    monkeypatch.setattr(stages["prepare"], "run", _refusing(stages["prepare"].run))
    monkeypatch.setattr(stages["tune"], "run", _with_a_part(stages["tune"].run))
    monkeypatch.setattr(many, "on_this_machine", lambda _: lambda jobs: (Here(), "one at a time"))
    begun.clear()
    return tmp_path / "people"


def _refusing(run: Any) -> Any:
    def prepare(config: Any, folder: Any, progress: Any, seen: Any = None) -> Any:
        if config.name == "bob" and not (config.photos[0] / "better.jpg").exists():
            raise InputError("No face was found.", "Take another photo.")
        progress.warn("Two photos are few.")
        return run(config, folder, progress, seen)

    return prepare


def _with_a_part(run: Any) -> Any:
    def tune(profile: Any, *more: Any) -> Any:
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            profile.write(f"lora/{name}", b"{}")
        return run(profile, *more)

    return tune


def lines(out: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in map(json.loads, out.splitlines())}


def test_a_line_each_and_a_table_and_nobody_stops_the_others(pidiff, people, home):
    done = pidiff("tune-many", people, "--steps", "7", "--consent", "synthetic")
    found = lines(done.out)
    assert done.code == 3 and [*found] == ["alice", "bob", "carl"]
    assert found["alice"]["status"] == "done" and found["alice"]["steps"] == 7
    assert found["alice"]["likeness"] == 0.71
    assert found["alice"]["warnings"] == ["Two photos are few."]
    assert Path(found["carl"]["report"]).is_file()
    assert found["bob"]["status"] == "failed" and found["bob"]["error"] == "No face was found."
    assert "2 of 3 people are done, 1 failed" in done.err and "--retry" in done.err
    assert "No face was found. Take another photo." in done.err
    assert (home / "profiles" / "alice").is_dir()


def test_what_is_done_is_done_and_what_failed_waits_for_retry(pidiff, people):
    pidiff("tune-many", people)
    begun.clear()
    again = pidiff("tune-many", people)
    assert begun == [] and again.code == 3
    statuses = {name: one["status"] for name, one in lines(again.out).items()}
    assert statuses == {"alice": "kept", "bob": "failed", "carl": "kept"}
    pidiff("tune-many", people, "--retry")
    assert begun == ["bob"]
    (people / "bob" / "better.jpg").write_bytes(b"better")  # other photos: tried without --retry
    begun.clear()
    mended = pidiff("tune-many", people)
    assert begun == ["bob"] and mended.code == 0
    assert "3 of 3 people are done (2 before)" in mended.err


def test_other_settings_and_a_lost_profile_are_to_be_done(pidiff, people, home):
    import shutil

    pidiff("tune-many", people)
    shutil.rmtree(home / "profiles" / "carl")
    begun.clear()
    pidiff("tune-many", people)
    assert begun == ["carl"]
    begun.clear()
    pidiff("tune-many", people, "--seed", "5")
    assert begun == ["alice", "bob", "carl"]


@pytest.mark.parametrize(
    "line", ["delete carl --yes", "forget carl --all --keep-pictures --yes", "forget carl --yes",
             "rename carl Karl"],
)  # fmt: skip
def test_no_note_outlives_the_profile_or_its_photos(pidiff, people, home, line):
    pidiff("tune-many", people)
    (home / "many" / "carl.json").rename(home / "many" / "Carl.json")  # as a table may write it
    done = pidiff("profile", *line.split())
    assert done.code == 0, done.err
    assert sorted(p.name for p in (home / "many").iterdir()) == ["alice.json", "bob.json"]


def test_who_is_locked_is_done_once_unlocked(pidiff, people, home, monkeypatch):
    monkeypatch.setenv("PIDIFF_PASSPHRASE", "four words are enough")
    pidiff("tune-many", people)
    assert pidiff("profile", "lock", "carl").code == 0
    found = lines(pidiff("tune-many", people).out)["carl"]
    assert found["status"] == "failed" and found["error"] == "carl is locked."
    assert found["hint"] == "Open it: pidiff profile unlock carl"
    assert pidiff("profile", "unlock", "carl").code == 0
    assert lines(pidiff("tune-many", people).out)["carl"]["status"] == "kept"


@pytest.mark.parametrize("text", ["[]", "{", '{"key": 3}', '{"exit_code": "x"}', "null"])
def test_a_damaged_note_is_none(pidiff, people, home, text):
    pidiff("tune-many", people)
    (home / "many" / "carl.json").write_text(text)
    begun.clear()
    assert lines(pidiff("tune-many", people).out)["carl"]["status"] in ("done", "kept")
    assert begun == ["carl"]


def test_sigterm_ends_calmly_and_the_same_command_goes_on(pidiff, people, monkeypatch):
    told = many.Ledger.note

    def note(self: Any, job: TuneJob, outcome: Outcome) -> None:
        told(self, job, outcome)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(many.Ledger, "note", note)
    stopped = pidiff("tune-many", people)
    assert stopped.code == 130 and begun == ["alice"]
    assert "Stopped: 1 of 3 people are done" in stopped.err
    assert "The same command goes on." in stopped.err
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    monkeypatch.setattr(many.Ledger, "note", told)
    assert [*lines(pidiff("tune-many", people).out)] == ["alice", "bob", "carl"]
    assert begun == ["alice", "bob", "carl"]


def test_what_is_at_fault_is_told_before_anything(pidiff, people, monkeypatch):
    for words, code, told in (
        (("--engine", "slurm"), 2, "local, ray"),
        (("--address", "auto"), 2, "--engine ray"),
        (("--workers", "0"), 2, "workers is 0"),
        (("--steps", "0"), 2, "steps"),
        (("--noun", "duck"), 2, "noun"),
    ):
        done = pidiff("tune-many", people, *words)
        assert done.code == code and told in done.err, done.err
    assert begun == [] and pidiff("tune-many", "nowhere").code == 3


def test_without_ray_it_is_said_how_to_install_it(pidiff, people, monkeypatch):
    from pidiff_cli.many import ray_engine

    monkeypatch.setattr(ray_engine, "find_spec", lambda name: None)
    done = pidiff("tune-many", people, "--engine", "ray")
    assert done.code == 2 and "pip install 'pidiff-cli[ray]'" in done.err


def test_a_stop_is_an_outcome(tmp_path: Path) -> None:
    job = TuneJob("alice", (), {}, str(tmp_path))
    assert work(job, lambda: True).status == "stopped"
    with pytest.raises(StoppedError):
        raise StoppedError("")
