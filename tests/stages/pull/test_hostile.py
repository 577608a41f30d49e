"""pull from servers that lie: nothing of it is kept, each is told in a sentence."""

from __future__ import annotations

import json
import logging

import httpx2
import pytest

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights.gate import Gate
from pidiff_cli.weights.table import WEIGHTS
from tests.support.hub_pull import SD15, left_over
from tests.support.hub_server import Fault

SFACE = "face_recognition_sface_2021dec.onnx"
PATH = f"/files/{SFACE}"
UNET = f"/cdn/{SD15}/unet/diffusion_pytorch_model.fp16.safetensors"
MOST = WEIGHTS["sface"].most


def led_to(address: str) -> Fault:
    """A redirect."""
    return Fault(status=302, headers={"Location": address})


def listed(files: list[dict[str, object]]) -> bytes:
    """A listing of Stable Diffusion 1.5."""
    return json.dumps({"sha": WEIGHTS["sd15-base"].revision, "siblings": files}).encode()


LIES = {
    "endless": (Fault(body=b"x" * 1_000_000, length=-1, endless=True), "that was cut off"),
    "too long": (Fault(length=10**12), "at most"),
    "packed": (Fault(more={"Content-Encoding": "gzip"}), "packed"),
    "a file of this machine": (led_to("file:///etc/passwd"), "an address of file:"),
    "ftp": (led_to("ftp://127.0.0.1/x"), "an address of ftp:"),
    "data": (led_to("data:text/plain,x"), "an address of data:"),
    "no address": (led_to("http://[::x/"), "keeps breaking off"),
    "in a circle": (led_to(PATH), "cannot be reached"),
    "legal": (Fault(status=451), "refused"),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_lie_is_told_and_nothing_is_kept(pidiff, server, home, kind):
    fault, told = LIES[kind]
    server.faults[PATH] = [fault] * 30
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and told in ran.err, ran.err
    assert len(ran.err.strip().splitlines()) <= 4 and left_over(home) == []
    assert not [p for p in (home / "models/.pull").rglob("*onnx*") if p.stat().st_size]
    assert server.sent <= MOST + 20_000_000  # what sockets and pipes hold
    server.faults.clear()
    assert pidiff("models", "pull", "sface").code == 0


def test_more_than_the_hub_has_listed(pidiff, server, home):
    server.faults[UNET] = [Fault(length=-1, endless=True)]
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "cut off" in ran.err and left_over(home) == []
    assert not [p for p in (home / "models/.pull").rglob("*.part") if p.stat().st_size]
    server.faults[UNET] = [Fault(length=7)]
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "has 7 bytes of it; " in ran.err and left_over(home) == []


def test_a_repository_that_is_far_larger_than_the_table_says(pidiff, server, home, monkeypatch):
    monkeypatch.setitem(WEIGHTS, "sd15-base", WEIGHTS["sd15-base"].__class__(
        **{**WEIGHTS["sd15-base"].__dict__, "mb": 0.5}))  # fmt: skip
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "are expected" in ran.err and not server.asked(".safetensors")


def test_a_listing_without_end_or_sense(pidiff, server, home):
    listing = f"/api/models/{SD15}/revision/{WEIGHTS['sd15-base'].revision}"
    for fault, told in (
        (Fault(body=b"[" * 1_000_000, length=-1, endless=True), "cut off"),
        (Fault(body=b"<html>"), "something else than asked for"),
        (Fault(body=b'{"sha": 1, "siblings": [1]}'), "something else than asked for"),
        (Fault(body=b'{"more": ' + b"[" * 1_000_000), "something else than asked for"),
        (Fault(body=listed([{"rfilename": "model_index.json", "size": -1}])), "something else"),
        (Fault(body=listed([{"rfilename": 7}])), "something else than asked for"),
        (Fault(status=404, headers={"X-Error-Code": "RevisionNotFound"}), "has no commit"),
        (Fault(body=b'{"sha": "../../..", "siblings": []}'), "has another commit"),
        (Fault(body=b'{"sha": "%s", "siblings": []}' % (b"a" * 40)), "has another commit"),
    ):
        server.faults[listing] = [fault]
        ran = pidiff("models", "pull", "sd15-base", "--accept-license")
        assert ran.code == 4 and told in ran.err, ran.err
    for name in ("../x", "/x", "unet/a\0.json", "unet/\x1b[2J.json", "unet/\ud800.json"):
        files = [{"rfilename": name}, {"rfilename": "model_index.json"}]
        server.faults[listing] = [Fault(body=listed(files))]
        ran = pidiff("models", "pull", "sd15-base", "--accept-license")
        assert ran.code in (3, 4) and not {"\0", "\x1b"} & {*ran.err}


def test_a_listing_names_no_file_of_this_machine(pidiff, server, home, tmp_path):
    (tmp_path / "secret").write_bytes(b"{}")
    large = {"size": 2, "sha256": str(tmp_path / "secret")}
    names = (
        "model_index.json",
        *(f"{x}/model.safetensors" for x in ("unet", "vae", "text_encoder")),
    )
    siblings = [{"rfilename": name, "lfs": large} for name in names]
    listing = f"/api/models/{SD15}/revision/{WEIGHTS['sd15-base'].revision}"
    server.faults[listing] = [Fault(body=listed(siblings))]
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "something else" in ran.err and left_over(home) == []
    assert (tmp_path / "secret").stat().st_nlink == 1


def test_chunks_without_a_length_are_taken(pidiff, server, home):
    server.faults[PATH] = [Fault(length=-1)]
    assert pidiff("models", "pull", "sface").code == 0


def test_a_part_from_another_place_is_not_joined(pidiff, server, home):
    server.faults[PATH] = [
        Fault(drop_after=70_000),
        Fault(more={"Content-Range": "bytes 5-9/10"}),
    ]
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and "another part of the file" in ran.err
    assert pidiff("models", "pull", "sface").code == 0


def test_a_connection_that_always_breaks_off_comes_to_an_end(pidiff, server, home):
    server.faults[PATH] = [Fault(drop_after=0)] * 50
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and "keeps breaking off" in ran.err and "goes on" in ran.err
    assert len(server.faults[PATH]) == 44


def test_a_server_that_says_nothing(pidiff, server, home, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.05)
    server.faults[PATH] = [Fault(length=400_000, silent=True)] * 6
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and "cannot be reached (timed out)" in ran.err


def test_nothing_of_this_machine_is_told_and_nothing_said_twice(pidiff, server, home, monkeypatch):
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    server.faults[PATH] = [Fault(drop_after=70_000), Fault(status=503)]
    try:
        assert pidiff("models", "pull", "sface").code == 0
    finally:
        logging.getLogger().removeHandler(handler)
    assert not [text for text in said if "ownload" in text or "etry" in text]
    agents = {headers["user-agent"].partition("/")[0] for _, _, headers in server.seen}
    assert agents == {"pidiff"}


def test_https_does_not_lead_down_to_http_and_keeps_its_token(pidiff):
    seen: list[tuple[str, str | None]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url), request.headers.get("Authorization")))
        to = {"a.test": "https://b.test/x", "b.test": "http://a.test/x"}[request.url.host]
        return httpx2.Response(302, headers={"Location": to})

    gate = Gate("https://a.test/x", 10)
    hooks = {"request": [gate.asks], "response": [gate.answers]}
    transport = httpx2.MockTransport(answer)
    with httpx2.Client(transport=transport, event_hooks=hooks, follow_redirects=True) as client:
        with pytest.raises(MissingWeightError, match="an address of http:"):
            client.get("https://a.test/x", headers={"Authorization": "Bearer secret"})
    assert seen == [("https://a.test/x", "Bearer secret"), ("https://b.test/x", None)]
