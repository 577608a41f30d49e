"""What this machine can do: device, memory, bases, face networks, profiles."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli import hub
from pidiff_cli.basemodels import BASES
from pidiff_cli.profile import list_profiles


@dataclass(frozen=True)
class BaseState:
    """One base: whether it can be used now, and what is missing in words."""

    name: str
    ready: bool
    note: str


@dataclass(frozen=True)
class DoctorResult:
    """What `doctor` found.

    Attributes:
        device: what would be used, "cpu" or "cuda"; device_name: in words.
        free_mb: free memory of that device, decimal MB; None when it cannot be told.
        cores: CPU cores this process may use.
        bases: every base of the table.
        landmarks, likeness: which networks find and compare faces.
        optimizer: the default one here.
        profiles: names of the profiles.
        home: the folder that holds them.
    """

    device: str
    device_name: str
    free_mb: int | None
    cores: int
    bases: tuple[BaseState, ...]
    landmarks: str
    likeness: str
    optimizer: str
    profiles: tuple[str, ...]
    home: str
    versions: dict[str, str]


def run(home: Path) -> DoctorResult:
    """Look around; changes nothing and needs no weights."""
    device, name, free = _device()
    return DoctorResult(
        device=device,
        device_name=name,
        free_mb=free,
        cores=_cores(),
        bases=tuple(_base(name, home) for name in BASES),
        landmarks=_landmarks(),
        likeness="mini's face embedder, learnt on drawn portraits only",
        optimizer="AdamW8bit (bitsandbytes)" if device == "cuda" else "AdamW, fused",
        profiles=tuple(item.folder.name for item in list_profiles(home)),
        home=str(home),
        versions=_versions(),
    )


def _device() -> tuple[str, str, int | None]:
    import torch

    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        return "cuda", torch.cuda.get_device_name(), round(free / 1e6)
    return "cpu", platform.processor() or platform.machine(), _free_memory()


def _free_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return round(int(line.split()[1]) * 1024 / 1e6)
    except OSError:
        pass  # not Linux; nothing can be told without another dependency
    return None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _base(name: str, home: Path) -> BaseState:
    spec = BASES[name]
    if hub.is_ready(name, home):
        return BaseState(name, True, "ready")
    if spec.embedded:
        return BaseState(name, False, "its weights are missing from this installation")
    return BaseState(name, False, "not in this version")


def _landmarks() -> str:
    folder = Path(os.environ.get("TORCH_HOME", Path.home() / ".cache" / "torch"))
    if list((folder / "hub" / "checkpoints").glob("2DFAN4-*.pth.tar")):
        return "face-alignment's 2DFAN-4"
    return "mini's own networks, approximate on photographs (2DFAN-4 is not on this machine)"


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("pidiff-cli", "torch", "diffusers", "transformers", "peft", "bitsandbytes"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
