"""What reads a profile; each takes the folder in which it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_(root: Path) -> object:
    from pidiff_cli.cli.profiles import describe
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.prepare.once import told_again

    profile = Profile.open("alice", root)
    profile.verify()
    told_again(profile)
    return describe(profile), profile.fingerprint, profile.photos


def listed(root: Path) -> object:
    from pidiff_cli.profile import find_by_id, list_profiles

    return [item.folder for item in list_profiles(root)], find_by_id("abc", root, "x")


def codes(root: Path) -> object:
    from pidiff_cli.profile import Profile

    return Profile.open("alice", root).load_identity()


def contents(root: Path) -> object:
    from pidiff_cli.profile.contents import check_content

    folder = root / "profiles" / "alice"
    files = [
        path for path in folder.rglob("*") if path.is_file() and "checkpoint" not in path.parts
    ]
    return [check_content(path, path.relative_to(folder).as_posix()) for path in files]


def adapter(root: Path) -> object:
    from pidiff_cli.reading.lora_config import check_adapter

    return check_adapter(root / "profiles" / "alice" / "adapter")


def lora(root: Path) -> object:
    from pidiff_cli.core.identity.lora_files import read_peft

    return read_peft(root / "profiles" / "alice" / "lora")


_MINI: list[Any] = []


def on_mini(root: Path) -> object:
    """As `generate` loads it."""
    import copy

    import torch

    from pidiff_cli.core.identity.adapter import load_adapter
    from pidiff_cli.stages.base import load_parts
    from pidiff_cli.weights.locate import base_parts

    if not _MINI:
        _MINI.append(load_parts(base_parts("mini", root), torch.device("cpu"), torch.float32).unet)
    return load_adapter(copy.deepcopy(_MINI[0]), root / "profiles" / "alice" / "adapter")


def faces(root: Path) -> object:
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.faces import aligned_faces

    return aligned_faces(Profile.open("alice", root))


def log(root: Path) -> object:
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.report.html import curve
    from pidiff_cli.stages.tune.log import read_log

    return curve(read_log(Profile.open("alice", root)))


def checkpoint(root: Path) -> object:
    import torch

    from pidiff_cli.core.training.checkpoint import load_checkpoint, read_state
    from pidiff_cli.stages.tune.state import Run, SavedRun

    folder = root / "profiles" / "alice" / "checkpoint"
    saved = read_state(folder, SavedRun)
    if saved is not None:
        saved.pop("digest")
        Run(**saved)
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(3))])
    return load_checkpoint(folder, optimizer, torch.Generator())
