"""What the tests of pull share: every address on loopback, converting that copies, a full cache."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.weights import bundled
from pidiff_cli.weights.table import WEIGHTS, RemoteFile
from tests.support.hub_server import COMMIT, Hub, diffusers_repo, serving

SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
UNET = "unet/diffusion_pytorch_model.safetensors"


@contextlib.contextmanager
def pulling_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """The hub and every release page of the table, on loopback; no waiting, no caches, and none
    of the free face networks in the package's own folder."""
    monkeypatch.setattr(bundled, "FOLDER", tmp_path / "package")
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
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


def only_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Converting that only copies; the published files have tests of their own."""
    from pidiff_cli.stages.pull import place as pull

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


def fill_cache(server: Hub, tmp_path: Path) -> Path:
    """The hub's own cache with all of Stable Diffusion 1.5; returns its snapshot."""
    root = tmp_path / "hf/hub" / f"models--{SD15.replace('/', '--')}"
    snapshot = root / "snapshots" / COMMIT
    for name, content in server.repos[SD15].items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_bytes(content)
    (root / "refs").mkdir()
    (root / "refs/main").write_text(COMMIT)
    return snapshot
