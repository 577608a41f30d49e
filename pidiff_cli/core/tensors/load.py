"""Safetensors files read and written whole, every weight matched, with errors a user can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from pidiff_cli.core.tensors.packed import unpack
from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.files import write_file

MEND = "run: pidiff models verify"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, with an error a user can read."""
    if not path.is_file():
        raise MissingWeightError(f"{path} is missing", MEND)
    try:
        return unpack(load_file(path))
    except SafetensorError as error:
        raise InputError(f"{path} is damaged: {error}", MEND) from error


def with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def load_strictly(net: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Load exactly these weights; InputError names the first keys and shapes that do not fit."""
    wanted = net.state_dict()
    faults = [f"{k} is missing" for k in wanted if k not in tensors]
    faults += [f"{k} is not of this network" for k in tensors if k not in wanted]
    faults += [
        f"{k} is {tuple(v.shape)}, not {tuple(wanted[k].shape)}"
        for k, v in tensors.items()
        if k in wanted and v.shape != wanted[k].shape
    ]
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise InputError(f"{path} does not fit its network: {'; '.join(faults[:3])}{more}", MEND)
    net.load_state_dict({k: v.to(wanted[k].dtype) for k, v in tensors.items()})


def read_metadata(path: Path) -> dict[str, str]:
    """The words beside the tensors of a safetensors file; same errors as `read_tensors`."""
    if not path.is_file():
        raise MissingWeightError(f"{path} is missing", MEND)
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except SafetensorError as error:
        raise InputError(f"{path} is damaged: {error}", MEND) from error


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """One safetensors file, replaced in one step; views and shared memory are written out."""
    from safetensors.torch import save_file

    own = {
        name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()
    }
    told = {"metadata": metadata} if metadata else {}
    write_file(path, lambda target: save_file(own, target, **told))
