"""What this machine can do: device, memory, bases, face networks, profiles, and what is next."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from pidiff_cli.core.device import free_gpu_mb
from pidiff_cli.core.faces.choice import choose_face_models, holds
from pidiff_cli.core.faces.detect import published_faces
from pidiff_cli.errors import InputError
from pidiff_cli.profile import list_profiles
from pidiff_cli.profile.finding import id_of
from pidiff_cli.stages.results import BaseState, DoctorResult
from pidiff_cli.weights import auto, bundled, locate, records
from pidiff_cli.weights.bases import BASES
from pidiff_cli.weights.licences import commercial_use
from pidiff_cli.weights.table import WEIGHTS, weights_of
from pidiff_cli.weights.wplus import pull_command

NETS = {
    "sfd": "S3FD", "yunet": "YuNet", "scrfd": "SCRFD", "mini": "mini's own",
    "2dfan4": "2DFAN-4", "mesh": "MediaPipe face mesh",
    "sface": "OpenCV SFace", "sface-int8": "OpenCV SFace (8 bits)",
    "arcface": "ArcFace IR-SE50 (research use only)",
}  # fmt: skip


def run(home: Path, fits: tuple[str, ...]) -> DoctorResult:
    """Look around; changes nothing, needs no weights and no network.

    Args:
        fits: what of the bases' usual tunings this machine's memory holds, a line a base.
    """
    import torch

    device, name, free = _device()
    bases = tuple(_base(base, home) for base in BASES)
    gpu = free_gpu_mb()
    choice = auto.choose_base(home, gpu)
    found = [profile for profile in list_profiles(home) if id_of(profile)]
    profiles = tuple(profile.folder.name for profile in found)
    return DoctorResult(
        device=device,
        device_name=name,
        free_mb=free,
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        bf16=torch.cuda.is_bf16_supported() if gpu is not None else None,
        bases=bases,
        auto=choice.why,
        landmarks=_landmarks(home),
        likeness=_likeness(home),
        free_faces=bundled.lack_told(home) or bundled.ready_told(),
        fits=fits,
        optimizer="AdamW8bit (bitsandbytes)" if device == "cuda" else "AdamW, fused",
        profiles=profiles,
        home=str(home),
        next=_next(bases, gpu, [p.folder.name for p in found if p.parts or p.has_code()]),
        versions=_versions(),
    )


def _device() -> tuple[str, str, int | None]:
    import torch

    if torch.cuda.is_available():
        free, whole = torch.cuda.mem_get_info()
        name = f"{torch.cuda.get_device_name()}, {whole / 1e9:.0f} GB"
        return "cuda", name, round(free / 1e6)
    return "cpu", platform.processor() or platform.machine(), _free_memory()


def _free_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return round(int(line.split()[1]) * 1024 / 1e6)
    except OSError:
        pass  # not Linux; nothing can be told without another dependency
    return None


def _base(name: str, home: Path) -> BaseState:
    ready, use = locate.is_ready(name, home), commercial_use(name)
    wplus = ready and locate.base_parts(name, home).wplus is not None
    if not ready:
        note = _lacks(name, home)
    else:
        note = "ready" + ("" if wplus else ", without the W+ networks")
        if not BASES[name].embedded and not records.is_here(WEIGHTS["nudity"], home):
            note += "; lacks the nudity filter: pidiff models pull nudity"
    return BaseState(name, ready, note, wplus, use.plain, {**use.extras}, use.says)


def _lacks(name: str, home: Path) -> str:
    """What a base that is not ready lacks, and the command that mends it."""
    if BASES[name].embedded:
        return "missing: pip install --force-reinstall pidiff-cli"
    lacking = [w for w in weights_of(name) if not records.is_here(w, home)]
    if records.is_here(WEIGHTS[f"{name}-base"], home):  # it is the W+ networks that hinder it
        return f"has damaged W+ networks: {pull_command(name)}"
    broken = [w.name for w in lacking if records.is_recorded(w, home)]
    what = (
        "missing"
        if len(lacking) == len(weights_of(name))
        else (f"lacks {', '.join(w.name for w in lacking)}")
    )
    if broken:
        what += f", {', '.join(broken)} damaged"
    return f"{what} ({auto.gigabytes(name, home)}): pidiff models pull {name}"


def _landmarks(home: Path) -> str:
    """Which networks find faces and their points in photographs."""
    try:
        if published_faces(home / "models") is None:
            return (
                "mini's own networks, approximate on photographs. "
                "Better: pidiff models pull free-faces"
            )
        chosen = choose_face_models(home / "models" / "faces")
        return f"landmarks {NETS[chosen.landmarks]} ready · detector {NETS[chosen.detector]}"
    except InputError as error:
        return f"{error.message} {error.hint}"


def _likeness(home: Path) -> str:
    """Which network tells faces apart, and which other one could be chosen."""
    folder = home / "models" / "faces"
    try:
        chosen, here = choose_face_models(folder).likeness, holds(folder)
    except InputError:
        return "not known: see faces"
    if chosen not in here:
        return "mini's face embedder, learnt on drawn portraits only"
    drawn = "; between drawings mini's own"
    other = [NETS[name] for name in ("sface", "arcface") if name in here and name != chosen]
    return NETS[chosen] + drawn + (f"; {other[0]} is here too" if other else "")


def _next(bases: tuple[BaseState, ...], gpu: float | None, profiles: list[str]) -> str:
    """The one command that helps most now."""
    states = {state.name: state for state in bases}
    if not states["mini"].ready:
        return "pip install --force-reinstall pidiff-cli"
    ready = any(state.ready for state in bases if state.name != "mini")
    if gpu is not None and not ready and gpu >= BASES["sd15"].needs_mb:
        return "pidiff models pull sd15"
    if profiles:
        return f'pidiff generate {profiles[0]} "as an astronaut"'
    return "pidiff tune PHOTOS --name NAME"


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("pidiff-cli", "torch", "diffusers", "transformers", "peft", "bitsandbytes"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
