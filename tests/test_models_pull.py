"""pull against a real server: whole, resumed, refused, damaged, and nothing half-written."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import io
import json
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from pidiff_cli import fetch, hub, pulled
from pidiff_cli.errors import InputError
from pidiff_cli.weights_table import WEIGHTS, RemoteFile
from tests.hub_server import COMMIT, Fault, diffusers_repo, serving

SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """The hub and every release page of the table, on loopback; no waiting, no caches."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(fetch, "pause", lambda seconds: waits.append(seconds))
    waits: list[float] = []
    with serving() as hub_server:
        monkeypatch.setenv("HF_ENDPOINT", hub_server.url)
        hub_server.repos[SD15] = diffusers_repo()
        hub_server.waits = waits
        for weight in WEIGHTS.values():
            for file in weight.files:
                hub_server.files[file.name] = f"{file.name} ".encode() * 9000
            files = tuple(
                RemoteFile(
                    f"{hub_server.url}/files/{file.name}",
                    hashlib.sha256(hub_server.files[file.name]).hexdigest() if file.sure else "",
                    file.sure,
                )
                for file in weight.files
            )
            monkeypatch.setitem(WEIGHTS, weight.name, dataclasses.replace(weight, files=files))
        yield hub_server


@pytest.fixture
def converts(monkeypatch):
    """Converting that only copies; the published files have tests of their own."""
    from pidiff_cli.stages import pull

    def convert(kind: str, path: Path, folder: Path) -> None:
        if path.read_bytes().startswith(b"<html"):
            raise InputError(f"{path.name} is no torch file.")
        folder.mkdir(parents=True, exist_ok=True)
        for name in next(w for w in WEIGHTS.values() if w.convert == kind).makes:
            (folder / name).write_bytes(kind.encode())

    monkeypatch.setattr(pull, "convert", convert)


def left_over(home: Path) -> list[str]:
    """Every file under models/ that a program could take for a weight."""
    models = home / "models"
    return [p.relative_to(models).as_posix() for p in models.rglob("*") if p.is_file()
            and not p.relative_to(models).as_posix().startswith(".pull/")]  # fmt: skip


def test_sd15_and_all_it_needs(pidiff, server, converts, home):
    ran = pidiff("--json", "models", "pull", "sd15", "--accept-license")
    assert ran.code == 0, ran.err
    assert ran.json["models"][:3] == ["sd15-base", "sd15-identity", "e4e"]
    parts = hub.base_parts("sd15", home)
    assert parts.diffusers == home / "models/sd15/diffusers" and parts.identity is not None
    whole = server.repos[SD15]
    half = whole["unet/diffusion_pytorch_model.fp16.safetensors"]
    assert (parts.diffusers / UNET).read_bytes() == half
    names = {p.relative_to(parts.diffusers).as_posix() for p in parts.diffusers.rglob("*.*")}
    assert not any("non_ema" in n or n.endswith(".bin") or "safety" in n for n in names)
    entry = pulled.read_entries(parts.diffusers)["sd15-base"]
    assert entry.revision == COMMIT and entry.licence == "creativeml-openrail-m"
    assert entry.files[UNET] == pulled.FileRecord(len(half), hashlib.sha256(half).hexdigest())
    assert not list((home / "models").rglob("*.part"))
    assert pidiff("models", "verify").code == 0
    rows = {r["name"]: r for r in pidiff("--json", "models", "list").json["weights"]}
    assert rows["e4e"]["ready"]
    assert not rows["stylegan2-ffhq"]["ready"]  # the generator that lies there came with e4e
    server.seen.clear()
    again = pidiff("models", "pull", "sd15")
    assert again.code == 0 and "here already" in again.err and not server.seen


def test_licences_are_shown_and_have_to_be_accepted(pidiff, server, home):
    ran = pidiff("models", "pull", "sd15")
    assert ran.code == 4
    assert "creativeml-openrail-m" in ran.err and "Forbids commercial use" in ran.err
    assert "--accept-license" in ran.err
    assert not server.seen and not (home / "models").exists()


def test_a_terminal_asks(pidiff, server, monkeypatch, home):
    import typer

    from pidiff_cli.cli.output import Output

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(Output, "on_terminal", True)
    asked = []
    monkeypatch.setattr(typer, "confirm", lambda text, **_: asked.append(text))
    ran = pidiff("-q", "models", "pull", "sd15-base")
    assert ran.code == 4 and "not accepted" in ran.err and not server.seen
    monkeypatch.setattr(typer, "confirm", lambda text, **_: True)
    assert pidiff("-q", "models", "pull", "sd15-base").code == 0
    assert asked == ["Accept the licences of sd15-base?"]


def test_permissive_weights_ask_nothing(pidiff, server, home):
    assert pidiff("models", "pull", "sface").code == 0
    assert (home / "models/faces/face_recognition_sface_2021dec.onnx").is_file()


def test_a_broken_connection_is_gone_on_with(pidiff, server, home):
    cdn = f"/cdn/{SD15}/unet/diffusion_pytorch_model.fp16.safetensors"
    server.faults[cdn] = [Fault(drop_after=70_000), Fault(status=503), Fault(drop_after=50_000)]
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    asked = [h.get("range") for h in server.asked("unet/diffusion_pytorch_model.fp16.safetensors")]
    assert "bytes=70000-" in asked and "bytes=120000-" in asked
    assert pidiff("models", "verify", "sd15-base").code == 0


def test_a_killed_pull_goes_on_in_the_next_run(pidiff, server, home):
    path = "/files/face_recognition_sface_2021dec.onnx"
    server.faults[path] = [Fault(drop_after=1000)] + [Fault(status=500)] * fetch.TRIES
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 4 and left_over(home) == []
    assert pidiff("models", "pull", "sface").code == 0
    assert server.asked(path)[-1]["range"] == "bytes=1000-"


def test_a_file_that_changed_meanwhile_starts_anew(pidiff, server, converts, home):
    path = "/files/2DFAN4-11f355bf06.pth.tar"
    server.faults[path] = [Fault(drop_after=1000, body=b"old" * 78_000)]
    ran = pidiff("models", "pull", "landmarks", "--accept-license")
    assert ran.code == 0, ran.err
    entry = pulled.read_entries(home / "models/faces")["landmarks"]
    digest = hashlib.sha256(server.files[path[7:]]).hexdigest()
    assert entry.fetched["2DFAN4-11f355bf06.pth.tar"].sha256 == digest


def test_a_server_without_ranges(pidiff, server, home):
    server.ranges = False
    server.faults["/files/face_recognition_sface_2021dec.onnx"] = [Fault(drop_after=1000)]
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
    assert len(ran.err.strip().splitlines()) <= 3 and left_over(home) == []


def test_too_many_requests_are_waited_for(pidiff, server):
    server.faults["/files/face_recognition_sface_2021dec.onnx"] = [
        Fault(status=429, headers={"Retry-After": "7"})
    ]
    assert pidiff("models", "pull", "sface").code == 0
    assert server.waits == [7.0]


def test_a_gated_repository(pidiff, server, monkeypatch, home):
    server.gated.add(SD15)
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "HF_TOKEN" in ran.err and f"{server.url}/{SD15}" in ran.err
    assert left_over(home) == []
    monkeypatch.setenv("HF_TOKEN", "wrong")
    assert "this token" in pidiff("models", "pull", "sd15-base", "--accept-license").err
    monkeypatch.setenv("HF_TOKEN", "right")
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0


def test_the_token_stays_with_the_hub(pidiff, server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "right")
    monkeypatch.setenv("HF_ENDPOINT", server.url.replace("127.0.0.1", "localhost"))
    assert pidiff("models", "pull", "sface").code == 0
    assert not any("authorization" in headers for _, _, headers in server.seen)


def test_the_token_does_not_follow_a_redirect_elsewhere(pidiff, server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "right")
    server.cdn = server.url.replace("127.0.0.1", "localhost")
    server.blobs = False
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert all("authorization" not in h for _, path, h in server.seen if path.startswith("/cdn/"))
    asked = server.asked("unet/config.json")
    assert any(headers.get("authorization") == "Bearer right" for headers in asked)


def test_no_server_at_all(pidiff, server, monkeypatch, home):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 4 and "cannot be reached" in ran.err and "HF_ENDPOINT" in ran.err


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
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch, "_opened", lambda part, start: Full())
    ran = pidiff("models", "pull", "sface")
    assert ran.code == 3 and "disk is full" in ran.err and left_over(home) == []


def test_interrupted_and_gone_on_with(pidiff, server, monkeypatch, home):
    path = f"/cdn/{SD15}/unet/diffusion_pytorch_model.fp16.safetensors"
    original = fetch.Web.save

    def stop(self, url, target, size, advance):
        if "unet/diffusion" in url:
            server.faults[path] = [Fault(drop_after=5000)]
            monkeypatch.setattr(fetch, "pause", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        original(self, url, target, size, advance)

    monkeypatch.setattr(fetch.Web, "save", stop)
    ran = pidiff("models", "pull", "sd15-base", "--accept-license")
    assert ran.code == 130 and "goes on where it stopped" in ran.err and left_over(home) == []
    monkeypatch.setattr(fetch.Web, "save", original)
    fetched = len(server.asked("unet/config.json"))
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert server.asked(path)[-1]["range"] == "bytes=5000-"
    assert len(server.asked("unet/config.json")) == fetched  # what was whole is not fetched again


def test_cut_short_while_converting(pidiff, server, converts, monkeypatch, home):
    from pidiff_cli.stages import pull

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
    assert "e4e" in pulled.read_entries(home / "models/ffhq")


def test_sizes_that_the_listing_keeps_to_itself(pidiff, server, home):
    server.blobs = False
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert server.asked("unet/diffusion_pytorch_model.fp16.safetensors", "HEAD")


def test_a_file_in_the_hubs_cache_is_not_fetched(pidiff, server, tmp_path, home):
    snapshot = fill_cache(server, tmp_path)
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert not server.asked(".safetensors") and snapshot.is_dir()
    assert pidiff("models", "verify", "sd15-base").code == 0


def test_torchs_cache_serves_too(pidiff, server, converts, tmp_path, home):
    folder = tmp_path / "torch/hub/checkpoints"
    folder.mkdir(parents=True)
    name = "s3fd-619a316812.pth"
    (folder / name).write_bytes(server.files[name])
    assert pidiff("models", "pull", "s3fd", "--accept-license").code == 0
    assert not server.seen and (folder / name).is_file()


def fill_cache(server, tmp_path: Path) -> Path:
    root = tmp_path / "hf/hub" / f"models--{SD15.replace('/', '--')}"
    snapshot = root / "snapshots" / COMMIT
    for name, content in server.repos[SD15].items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_bytes(content)
    (root / "refs").mkdir()
    (root / "refs/main").write_text(COMMIT)
    return snapshot


@pytest.fixture
def no_sockets(monkeypatch):
    """Whoever makes a socket fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_offline_opens_no_socket(pidiff, server, home, no_sockets, monkeypatch):
    for word in ("sd15", "sface", "someone/something"):
        ran = pidiff("--offline", "models", "pull", word, "--accept-license")
        assert ran.code == 4 and "network is switched off" in ran.err, ran.err
    for command in (("models", "list"), ("models", "verify", "mini"), ("doctor",)):
        assert pidiff("--offline", *command).code == 0
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "network is switched off" in pidiff("models", "pull", "sface").err
    assert left_over(home) == []


def test_offline_takes_what_the_hubs_cache_has(pidiff, server, tmp_path, home, no_sockets):
    fill_cache(server, tmp_path)
    assert pidiff("--offline", "models", "pull", "sd15-base", "--accept-license").code == 0
    assert (home / "models/sd15/diffusers" / UNET).is_file()


def test_a_file_by_hand(pidiff, server, converts, tmp_path, home, no_sockets):
    ran = pidiff("models", "pull", "stylegan2-ffhq", "--accept-license")
    assert ran.code == 4 and "--from FILE" in ran.err and "encoder4editing" in ran.err
    file = tmp_path / "download.pt"
    file.write_bytes(b"generator")
    ran = pidiff("models", "pull", "stylegan2-ffhq", "--accept-license", "--from", file)
    assert ran.code == 0 and file.read_bytes() == b"generator"
    assert (home / "models/ffhq/stylegan2.safetensors").is_file()
    assert pidiff("models", "pull", "sface", "--from", tmp_path / "none").code == 3
    wrong = pidiff("models", "pull", "sface", "--from", file)
    assert wrong.code == 4 and "not the file that is known" in wrong.err and file.is_file()


def test_a_file_by_hand_counts_whatever_an_earlier_pull_left(
    pidiff, server, converts, tmp_path, home
):
    staged = home / "models/.pull/stylegan2-ffhq/stylegan2-ffhq-config-f.pt"
    staged.parent.mkdir(parents=True)
    staged.write_bytes(b"<html old")
    file = tmp_path / "mine.pt"
    file.write_bytes(b"generator")  # of the same size
    ran = pidiff("models", "pull", "stylegan2-ffhq", "--accept-license", "--from", file)
    assert ran.code == 0 and "Converting mine.pt" in ran.err
    wrong = pidiff("models", "pull", "landmarks", "--accept-license", "--from", file)
    assert wrong.code == 4 and "mine.pt is not the file that is known" in wrong.err


def test_shards_and_bf16_of_a_repository(pidiff, server, home):
    plain = diffusers_repo()
    unet = "unet/diffusion_pytorch_model"
    shards = [f"{unet}.bf16-0000{i}-of-00002.safetensors" for i in (1, 2)]
    weights = {name: name.encode() * 99 for name in shards}
    for name in list(plain):
        if name.startswith((unet, "vae/diffusion")):
            del plain[name]
    kept = f"{unet}.safetensors.index.json"
    server.repos["someone/shards"] = (
        plain
        | weights
        | {
            f"{unet}.safetensors.index.bf16.json": b'{"weight_map": {"a": "b"}}',
            f"{unet}-00001-of-00002.safetensors": b"one of two",
            kept: b'{"weight_map": {}}',
            "vae/diffusion_pytorch_model.bf16.safetensors": b"vae",
        }
    )
    ran = pidiff("models", "pull", "someone/shards", "--accept-license")
    assert ran.code == 0, ran.err
    folder = home / "models/someone--shards/diffusers"
    names = {p.name for p in (folder / "unet").iterdir()}
    assert names == {"config.json", Path(kept).name, *(Path(name).name for name in shards)}
    assert b'"a"' in (folder / kept).read_bytes()
    assert (folder / "vae/diffusion_pytorch_model.safetensors").read_bytes() == b"vae"
    del server.repos["someone/shards"][shards[1]]
    ran = pidiff("models", "pull", "someone/shards", "--again", "--accept-license")
    assert ran.code == 3 and "no whole .safetensors weights of its unet" in ran.err


def test_a_folder_by_hand(pidiff, server, tmp_path, home):
    for width, code in ((2048, 3), (768, 0)):
        folder = tmp_path / str(width)
        for name, content in diffusers_repo(width).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        ran = pidiff("models", "pull", "sd15-base", "--accept-license", "--from", folder)
        assert ran.code == code, ran.err
        assert bool(left_over(home)) == (code == 0)
    half = server.repos[SD15]["unet/diffusion_pytorch_model.fp16.safetensors"]
    assert (home / "models/sd15/diffusers" / UNET).read_bytes() == half
    assert "sdxl" in pidiff("models", "pull", "sdxl-base", "--accept-license", "--from",
                            folder).err  # fmt: skip
    assert pidiff("models", "pull", "sd15", "--again", "--from", folder).code in (2, 4)


def test_a_checkpoint_from_the_hub(pidiff, server, home):
    server.repos["someone/dreams"] = diffusers_repo()
    assert pidiff("models", "pull", "someone/dreams", "--accept-license").code == 0
    folder = home / "models/someone--dreams/diffusers"
    assert hub.find_diffusers("someone/dreams", home) == folder
    assert pidiff("models", "verify").code == 0
    (folder / UNET).write_bytes(b"cut off")
    ran = pidiff("models", "verify")
    assert ran.code == 4 and "someone/dreams" in ran.err and "--again" in ran.err


@pytest.mark.parametrize(("width", "told"), [(1024, "Stable Diffusion 2"), (1280, "refiner")])
def test_a_checkpoint_of_another_family(pidiff, server, home, width, told):
    server.repos["someone/two"] = diffusers_repo(width)
    ran = pidiff("models", "pull", "someone/two", "--accept-license")
    assert ran.code == 3 and told in ran.err
    assert not server.asked(".safetensors") and left_over(home) == []


def test_repositories_that_cannot_be_used(pidiff, server, home):
    server.repos["a/pickles"] = {
        k: v for k, v in diffusers_repo().items() if not k.endswith("safetensors")
    }
    server.repos["a/single"] = {"model.safetensors": b"x", "README.md": b"x"}
    server.repos["a/escape"] = diffusers_repo() | {"../../evil.json": b"{}"}
    for name, told in (
        ("pickles", "no whole .safetensors"),
        ("single", "--base FILE"),
        ("none", "is private"),
    ):
        ran = pidiff("models", "pull", f"a/{name}", "--accept-license")
        assert ran.code in (3, 4) and told in ran.err
    assert "outside" in pidiff("models", "pull", "a/escape", "--accept-license").err
    assert left_over(home) == []


def test_a_changed_byte_is_found(pidiff, server, home):
    assert pidiff("models", "pull", "sface").code == 0
    path = home / "models/faces/face_recognition_sface_2021dec.onnx"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    ran = pidiff("models", "verify", "sface")
    assert ran.code == 4 and "sha256 has changed" in ran.err
    assert pidiff("models", "pull", "--again", "sface").code == 0
    assert pidiff("models", "verify", "sface").code == 0


def test_two_pulls_at_once(pidiff, server, home):
    from filelock import FileLock

    (home / "models/.pull").mkdir(parents=True)
    with FileLock(home / "models/.pull/lock"):
        ran = pidiff("models", "pull", "sface")
        assert ran.code == 3 and "Another pidiff" in ran.err
    assert pidiff("models", "pull", "sface").code == 0


def test_words_that_name_nothing(pidiff, server):
    assert pidiff("models", "pull", "sd16").code == 2
    ran = pidiff("models", "pull", "rmbg")
    assert ran.code == 2 and "does not fetch" in ran.err


def test_the_list_tells_licences(pidiff, server, home):
    ran = pidiff("--json", "models", "list", "--all")
    rows = {row["name"]: row for row in ran.json["weights"]}
    assert rows["e4e"]["commercial"] == "no" and not rows["e4e"]["ready"]
    assert set(rows) == set(WEIGHTS)
    assert "FORBIDDEN" in pidiff("models", "list").err
    assert json.dumps(ran.json)
