"""pull when the line, the server or the disk fails: gone on with or refused, never half-written."""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest

from pidiff_cli.weights import download, records
from pidiff_cli.weights.table import WEIGHTS
from tests.support.hub_pull import SD15, left_over
from tests.support.hub_server import Fault

BLOCK = 1 << 16  # bytes that a break may cost
TRIES = 6  # of the library, in a row, that bring nothing


def test_a_broken_connection_is_gone_on_with(pidiff, server, home):
    cdn = f"/cdn/{SD15}/unet/diffusion_pytorch_model.fp16.safetensors"
    server.faults[cdn] = [Fault(drop_after=70_000), Fault(status=503), Fault(drop_after=90_000)]
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    asked = [h.get("range") for h in server.asked("unet/diffusion_pytorch_model.fp16.safetensors")]
    assert f"bytes={BLOCK}-" in asked and f"bytes={2 * BLOCK}-" in asked
    assert pidiff("models", "verify", "sd15-base").code == 0


def test_a_killed_pull_goes_on_in_the_next_run(pidiff, server, home):
    path = "/files/face_recognition_sface_2021dec.onnx"
    server.faults[path] = [Fault(drop_after=70_000)] + [Fault(status=500)] * TRIES
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and "has a fault (500)" in ran.err and left_over(home) == []
    assert pidiff("models", "pull", "sface").code == 0
    assert server.asked(path)[-1]["range"] == f"bytes={BLOCK}-"


def test_a_file_that_changed_meanwhile_starts_anew(pidiff, server, converts, home):
    path = "/files/2DFAN4-11f355bf06.pth.tar"
    server.faults[path] = [Fault(drop_after=70_000, body=b"old" * 78_000)]
    ran = pidiff("models", "pull", "landmarks", "--accept-license")
    assert ran.code == 0, ran.err
    entry = records.read_entries(home / "models/faces")["landmarks"]
    digest = hashlib.sha256(server.files[path[7:]]).hexdigest()
    assert entry.fetched["2DFAN4-11f355bf06.pth.tar"].sha256 == digest


def test_a_server_without_ranges(pidiff, server, home):
    server.ranges = False
    server.faults["/files/face_recognition_sface_2021dec.onnx"] = [Fault(drop_after=70_000)]
    assert pidiff("models", "pull", "sface").code == 0


def test_wrong_bytes_are_refused_and_removed(pidiff, server, home):
    path = "/files/face_recognition_sface_2021dec.onnx"
    server.faults[path] = [Fault(body=b"version https://git-lfs.github.com/spec/v1".ljust(99))]
    size = len(server.files[path[7:]])
    server.files[path[7:]] = b"x" * size
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and left_over(home) == []
    other = pidiff("models", "pull", "sface")
    assert other.code == 4 and "not the file that is known" in other.err
    digest = hashlib.sha256(b"x" * size).hexdigest()
    assert f"--sha256 {digest}" in other.err
    assert pidiff("models", "pull", "sface", "--sha256", digest).code == 0


def test_the_hub_sends_another_file_than_it_lists(pidiff, server, home):
    cdn = f"/cdn/{SD15}/unet/diffusion_pytorch_model.fp16.safetensors"
    content = server.repos[SD15]["unet/diffusion_pytorch_model.fp16.safetensors"]
    server.faults[cdn] = [Fault(body=b"y" * len(content))]
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and left_over(home) == []
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0


def test_what_was_fetched_once_must_come_again(pidiff, server, converts, home):
    """No hash is known of this file; the first fetch decides."""
    assert pidiff("models", "pull", "sd15-identity", "--accept-license").code == 0
    before = (home / "models/sd15/identity/pulled.json").read_bytes()
    server.files["wplus_adapter.bin"] = b"another"
    ran = pidiff("models", "pull", "sd15-identity", "--again")  # accepted before: not asked again
    assert ran.code == 4 and "not the file that is known" in ran.err
    assert (home / "models/sd15/identity/pulled.json").read_bytes() == before


def test_a_page_instead_of_a_file(pidiff, server, converts, home):
    server.files["wplus_adapter.bin"] = b"<html>log in</html>"
    ran = pidiff("models", "pull", "sd15-identity", "--accept-license")
    assert ran.code == 3 and left_over(home) == []
    assert not list((home / "models/.pull").rglob("wplus*"))  # fetched anew next time


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(status=404), "not at"),
        (Fault(status=403), "logged in"),
        (Fault(status=429, headers={"Retry-After": "3600"}), "asks to wait 3600 s"),
        (Fault(status=451), "refused"),
    ],
)
def test_refusals_say_what_to_do(pidiff, server, home, fault, told):
    server.faults["/files/face_recognition_sface_2021dec.onnx"] = [fault]
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and told in ran.err
    assert len(ran.err.strip().splitlines()) <= 4 and left_over(home) == []


def test_too_many_requests_are_waited_for(pidiff, server):
    server.faults["/files/face_recognition_sface_2021dec.onnx"] = [
        Fault(status=429, headers={"Retry-After": "7"})
    ]
    assert pidiff("models", "pull", "sface").code == 0
    assert server.waits[0] == 7.0


def test_no_server_at_all(pidiff, server, monkeypatch, home):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "cannot be reached" in ran.err and "HF_ENDPOINT" in ran.err


def test_an_attempt_that_brings_nothing_leaves_what_is_here_whole(pidiff, server, home):
    assert pidiff("models", "pull", "sface").code == 0
    server.faults["/files/face_recognition_sface_2021dec.onnx"] = [Fault(status=404)]
    assert pidiff("models", "pull", "sface", "--again").code == 4
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 0 and "here already" in ran.err
    assert not (home / "models/.pull/sface").exists()


def test_no_room_is_seen_before_anything_is_fetched(pidiff, server, monkeypatch, home):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 3 and "are free on the disk" in ran.err
    assert not server.asked(".safetensors") and left_over(home) == []


def test_no_room_is_seen_by_the_tables_size_where_a_server_tells_none(
    pidiff, server, monkeypatch, home
):
    server.heads = False
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 38_000_000))
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 3 and "are free on the disk" in ran.err and left_over(home) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 39_000_000))
    assert pidiff("models", "pull", "sface").code == 0


def test_a_disk_that_fills_up_on_the_way(pidiff, server, monkeypatch, home):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "http_get", full)
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 3 and "disk is full" in ran.err and left_over(home) == []


def test_interrupted_and_gone_on_with(pidiff, server, monkeypatch, home):
    path = f"/cdn/{SD15}/unet/diffusion_pytorch_model.fp16.safetensors"
    original = download.Web.save

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    def stop(self, url, *more):
        if "unet/diffusion" in url:
            server.faults[path] = [Fault(drop_after=70_000)]
            monkeypatch.setattr(time, "sleep", interrupt)
        original(self, url, *more)

    monkeypatch.setattr(download.Web, "save", stop)
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 130 and "goes on where it stopped" in ran.err and left_over(home) == []
    monkeypatch.setattr(download.Web, "save", original)
    monkeypatch.setattr(time, "sleep", server.waits.append)
    fetched = len(server.asked("unet/config.json"))
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert server.asked(path)[-1]["range"] == f"bytes={BLOCK}-"
    assert len(server.asked("unet/config.json")) == fetched  # what was whole is not fetched again


def test_cut_short_while_converting(pidiff, server, converts, monkeypatch, home):
    from pidiff_cli.stages.pull import place as pull

    good = pull.convert

    def cut(kind: str, path: Path, folder: Path) -> None:
        good(kind, path, folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(pull, "convert", cut)
    assert pidiff("models", "pull", "e4e", "--accept-license").code == 130
    monkeypatch.setattr(pull, "convert", good)
    server.seen.clear()
    assert pidiff("models", "pull", "e4e", "--accept-license").code == 0
    assert not server.asked("e4e_ffhq_encode.pt")  # fetched already, converted again
    assert "e4e" in records.read_entries(home / "models/ffhq")


def test_two_pulls_at_once(pidiff, server, home):
    from filelock import FileLock

    (home / "models/.pull").mkdir(parents=True)
    with FileLock(home / "models/.pull/lock"):
        ran = pidiff("models", "pull", "sface")
        assert ran.code == 3 and "Another pidiff" in ran.err
    assert pidiff("models", "pull", "sface").code == 0


def test_what_an_earlier_release_has_begun_is_gone_on_with(pidiff, server, home):
    """The names of an unfinished file and of its etag have stayed."""
    name = "face_recognition_sface_2021dec.onnx"
    content, folder = server.files[name], home / "models/.pull/sface"
    folder.mkdir(parents=True)
    (folder / f".{name}.part").write_bytes(content[:70_000])
    etag = f'"{hashlib.md5(content).hexdigest()}"'
    (folder / f".{name}.part.etag").write_text(etag)
    assert pidiff("models", "pull", "sface").code == 0
    asked = server.asked(name)
    assert [(h["range"], h["if-range"]) for h in asked] == [("bytes=70000-", etag)]


def test_what_an_earlier_release_has_fetched_stays(pidiff, server, home):
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    path = home / "models/sd15/diffusers/pulled.json"
    path.write_text(path.read_text().replace(WEIGHTS["sd15-base"].revision, "a" * 40))
    server.seen.clear()
    ran = pidiff("models", "pull", "sd15-base")
    assert ran.code == 0 and "here already" in ran.err and not server.seen
    assert pidiff("models", "verify", "sd15-base").code == 0
