"""Where other programs keep what they have fetched, and the settings of theirs that count here."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import expanded

HUB = "https://huggingface.co"
_ON_THE_HUB = re.compile(rf"{HUB}/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


def wants_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def mirrored(url: str = HUB) -> str:
    """An address as it is asked: one of the hub at HF_ENDPOINT, where there is a mirror."""
    mirror = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    return mirror + url.removeprefix(HUB) if f"{url}/".startswith(f"{HUB}/") else url


def is_commit(revision: str) -> bool:
    """Whether it names one commit, and no branch that may move."""
    return re.fullmatch("[0-9a-f]{40}", revision) is not None


def cached_snapshot(repo: str, revision: str = "main") -> Path | None:
    """The diffusers folder of a hub repository in the hub's own cache, if it lies there."""
    root = _of_repo(repo)
    try:
        commit = revision if is_commit(revision) else _commit_of(root / "refs" / revision)
    except (OSError, ValueError):
        return None
    folder = root / "snapshots" / commit
    is_model = (folder / "model_index.json").is_file() or (folder / "config.json").is_file()
    return folder if is_model else None


def cached_file(repo: str, commit: str, name: str, sha256: str = "") -> Path | None:
    """One file of a commit in the hub's own cache; of any commit, where its sha256 is known."""
    root = _of_repo(repo)
    paths = [root / "snapshots" / commit / name, *([root / "blobs" / sha256] if sha256 else ())]
    return next((path for path in paths if path.is_file()), None)


def cached_address(url: str, sha256: str = "") -> Path | None:
    """What lies behind an address, in the hub's or torch's own cache."""
    if found := _ON_THE_HUB.fullmatch(url):
        return cached_file(found[1], found[2], found[3], sha256 if "…" not in sha256 else "")
    return torch_checkpoint(url.rsplit("/", 1)[-1])


def torch_checkpoint(name: str) -> Path | None:
    """A file that another program has fetched into torch's cache, if it lies there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch"
    root = _of_others(os.environ.get("TORCH_HOME", cache))
    path = root / "hub" / "checkpoints" / name
    return path if path.is_file() else None


def hub_cache() -> Path:
    """Where the hub's own programs keep what they fetch: HF_HUB_CACHE, or HF_HOME/hub."""
    if chosen := os.environ.get("HF_HUB_CACHE"):
        return _of_others(chosen)
    default = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return _of_others(os.environ.get("HF_HOME", default)) / "hub"


def _commit_of(ref: Path) -> str:
    with ref.open("rb") as file:
        return file.read(200).decode("ascii").strip()


def _of_repo(repo: str) -> Path:
    return hub_cache() / f"models--{repo.replace('/', '--')}"


def _of_others(path: str | Path) -> Path:
    """Where other programs keep their things; nothing lies there for somebody without a home."""
    try:
        return expanded(path)
    except InputError:
        return Path(path)
