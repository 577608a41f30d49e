"""The general identity branch on disk: identity.json, wproj.safetensors, branch.safetensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pidiff_cli.core.faces.framing import Framing
from pidiff_cli.core.identity.attention import branch_state
from pidiff_cli.core.identity.tokens import WPlusProjector
from pidiff_cli.files import write_file
from pidiff_cli.reading.text import read_json

SETTINGS, PROJECTOR, BRANCH = "identity.json", "wproj.safetensors", "branch.safetensors"


@dataclass(frozen=True)
class Identity:
    """A general branch as read.

    Attributes:
        projector: with its weights, float32. branch: weights by module path on the UNet.
        closed_vocabulary, framing: of the base it belongs to.
    """

    projector: WPlusProjector
    branch: dict[str, Tensor]
    closed_vocabulary: bool
    framing: Framing = Framing()


def read_identity(folder: Path) -> Identity:
    """Read a branch; what is damaged raises OSError, a KeyError, ValueError or RuntimeError."""
    settings = read_json(folder / SETTINGS, dict[str, Any])
    projector = WPlusProjector(
        settings["rows"], settings["dim"], settings["groups"], settings["token_dim"]
    )
    projector.load_state_dict(load_file(folder / PROJECTOR))
    closed = bool(settings.get("closed_vocabulary", False))
    framing = Framing.read(settings["framing"]) if "framing" in settings else Framing()
    return Identity(projector, load_file(folder / BRANCH), closed, framing)


def save_identity_branch(
    folder: Path,
    unet: nn.Module,
    projector: WPlusProjector,
    dtype: torch.dtype = torch.float16,
    closed_vocabulary: bool = False,
    framing: Framing | None = None,
) -> None:
    """Write a general branch as ``folder/{branch,wproj}.safetensors`` and ``identity.json``."""
    settings = settings_of(projector, closed_vocabulary)
    if framing is not None:
        settings["framing"] = framing.values()
    write_identity(folder, branch_state(unet), projector.state_dict(), settings, dtype)


def settings_of(projector: WPlusProjector, closed_vocabulary: bool = False) -> dict[str, Any]:
    """What ``identity.json`` says of a projector."""
    return {
        "rows": projector.rows,
        "dim": projector.dim,
        "groups": projector.groups,
        "token_dim": projector.out_dim,
        "closed_vocabulary": closed_vocabulary,
    }


def write_identity(
    folder: Path,
    branch: dict[str, Tensor],
    projector: dict[str, Tensor],
    settings: dict[str, Any],
    dtype: torch.dtype,
) -> None:
    """Write the three files, each whole; ``identity.json``, which makes them count, last."""
    folder.mkdir(parents=True, exist_ok=True)

    def plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {k: v.detach().to("cpu", dtype).contiguous().clone() for k, v in state.items()}

    for name, state in ((BRANCH, branch), (PROJECTOR, projector)):
        write_file(folder / name, save(plain(state)))
        (folder / name).chmod(0o644)  # package data: all who can run the program may read it
    text = json.dumps(settings, indent=1) + "\n"
    write_file(folder / SETTINGS, text.encode())
    (folder / SETTINGS).chmod(0o644)
