"""pull without a server: out of caches, from a file or a folder by hand, and offline no socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.support.hub_pull import SD15, UNET, fill_cache, left_over
from tests.support.hub_server import diffusers_repo


def test_only_a_pull_imports_what_fetches(home):
    code = (
        "import sys\nfrom pidiff_cli.cli.app import run\n"
        "for words in ('pull --help', 'list', 'verify mini', 'pull sd15'):\n"
        "    run(['models', *words.split()])\n"
        "print('@', *sorted({'huggingface_hub', 'httpx2', 'requests', 'torch'} & {*sys.modules}))"
    )
    env = {**os.environ, "PIDIFF_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout.splitlines()[-1].split() == ["@"], done.stderr


@pytest.fixture
def no_sockets(monkeypatch):
    """Whoever makes a socket fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


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
