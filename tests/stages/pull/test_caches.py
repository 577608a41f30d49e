"""What lies in another program's cache is used where it lies, and only if it is what is known."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.weights import records
from pidiff_cli.weights.table import WEIGHTS
from tests.support.hub_pull import SD15, UNET, fill_cache

HALF = "unet/diffusion_pytorch_model.fp16.safetensors"
COMMIT = "3cc26e7f1014a5ee5d74a42acee58bafc9d0a310"
OTHER = "b" * 40


def hub_folder(tmp_path: Path, repo: str) -> Path:
    """A repository's folder in the hub's cache."""
    return tmp_path / "hf/hub" / f"models--{repo.replace('/', '--')}"


def no_link(*_: object, **__: object) -> None:
    """As where cache and home lie on two disks."""
    raise OSError(errno.EXDEV, "Invalid cross-device link")


@pytest.fixture
def yunet(server: Any, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A weight whose address is the hub's; its bytes."""
    file = WEIGHTS["yunet"].files[0]
    url = f"https://huggingface.co/opencv/yunet/resolve/{COMMIT}/{file.name}"
    row = dataclasses.replace(WEIGHTS["yunet"], files=(dataclasses.replace(file, url=url),))
    monkeypatch.setitem(WEIGHTS, "yunet", row)
    return server.files[file.name]


def test_on_the_same_disk_it_is_the_same_file(pidiff, server, tmp_path, home):
    snapshot = fill_cache(server, tmp_path)
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert (home / "models/sd15/diffusers" / UNET).samefile(snapshot / HALF)


def test_on_another_disk_it_is_a_link_and_its_end_is_told(
    pidiff, server, tmp_path, home, monkeypatch
):
    snapshot = fill_cache(server, tmp_path)
    monkeypatch.setattr(os, "link", no_link)
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    path = home / "models/sd15/diffusers" / UNET
    assert path.is_symlink() and path.samefile(snapshot / HALF)
    assert pidiff("models", "verify", "sd15-base").code == 0
    (snapshot / HALF).unlink()
    ran = pidiff("models", "verify", "sd15-base")
    assert ran.code == 4 and f"{UNET} is missing" in ran.err
    assert pidiff("models", "pull", "sd15-base").code == 0 and not path.is_symlink()


def test_where_no_link_can_be_made_it_is_copied(pidiff, server, tmp_path, home, monkeypatch):
    fill_cache(server, tmp_path)
    for kind in ("link", "symlink"):
        monkeypatch.setattr(os, kind, no_link)
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert pidiff("models", "verify", "sd15-base").code == 0 and not server.asked(".safetensors")


def test_the_same_bytes_of_another_commit_serve(pidiff, server, tmp_path, home):
    import hashlib

    content = server.repos[SD15][HALF]
    blob = hub_folder(tmp_path, SD15) / "blobs" / hashlib.sha256(content).hexdigest()
    blob.parent.mkdir(parents=True)
    blob.write_bytes(content)
    assert pidiff("models", "pull", "sd15-base", "--accept-license").code == 0
    assert not server.asked(HALF) and server.asked("vae/diffusion_pytorch_model.fp16.safetensors")


def test_a_single_file_of_the_hub_is_found_there(pidiff, server, tmp_path, home, yunet):
    path = hub_folder(tmp_path, "opencv/yunet") / "snapshots" / COMMIT
    path.mkdir(parents=True)
    (path / WEIGHTS["yunet"].files[0].name).write_bytes(yunet)
    assert pidiff("--offline", "models", "pull", "yunet").code == 0
    assert records.is_here(WEIGHTS["yunet"], home) and not server.seen


def test_what_is_damaged_there_is_fetched(pidiff, server, tmp_path, home, yunet, monkeypatch):
    name = WEIGHTS["yunet"].files[0].name
    path = hub_folder(tmp_path, "opencv/yunet") / "snapshots" / COMMIT
    path.mkdir(parents=True)
    (path / name).write_bytes(yunet[:-1] + b"x")
    server.repos["opencv/yunet"] = {name: yunet}
    assert pidiff("models", "pull", "yunet").code == 0  # from the mirror that HF_ENDPOINT names
    assert (home / "models/faces" / name).read_bytes() == yunet
    assert server.asked(name) and (path / name).read_bytes() != yunet
