"""A training run on disk: adapter, optimizer, random state and step, without pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pidiff_cli.core.identity.adapter import trainable_parameters
from pidiff_cli.core.identity.adapters import save_adapters
from pidiff_cli.core.identity.lora import PersonLora
from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import MB, Refused
from pidiff_cli.reading.tensors import read_header
from pidiff_cli.reading.text import fitted, read_json

STATE, VALUES = 32 * MB, 2_000_000  # the losses of 100 000 steps
Averages = tuple[dict[str, Tensor], dict[str, Any]]  # tensors and scalars by ``index/name``
TENSORS = 8000 * MB  # two averages of a LoRA of rank 256 on XL in float32


class _State(Struct, forbid_unknown_fields=True):
    loop: dict[str, Any]
    optimizer: dict[str, float | int | bool | str | None]


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    lora: PersonLora | None,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
    best: dict[str, Tensor] | None = None,
) -> None:
    """Write everything a run needs to go on as if it had not stopped.

    Args:
        folder: an empty folder (the caller makes the move into place atomic).
        model: the PEFT model of the branch, or the bare UNet. lora: the second part, if any.
        generator: the loop's random numbers.
        state: JSON values of the loop, the step among them.
        best: parameters of the best step so far, by name.
    """
    save_adapters(model, lora, folder)
    if best:
        save_file(best, folder / "best.safetensors")
    save_optimizer(folder, optimizer, generator, state)


def save_optimizer(
    folder: Path,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
) -> None:
    """Write optimizer, random state and the loop's JSON values, as ``load_checkpoint`` reads."""
    write_averages(folder, averages(optimizer), generator, state)


def averages(optimizer: torch.optim.Optimizer) -> Averages:
    """Its state, whole; where it is spread over processes each of them must ask."""
    return _flatten(optimizer.state_dict()["state"])


def write_averages(
    folder: Path, found: Averages, generator: torch.Generator, state: dict[str, Any]
) -> None:
    """Write what ``averages`` found, the random state and the loop's JSON values."""
    tensors, scalars = found
    tensors = {**tensors, "generator": generator.get_state()}
    save_file(tensors, folder / "optimizer.safetensors")
    everything = {"loop": state, "optimizer": scalars}
    (folder / "state.json").write_text(json.dumps(everything), encoding="utf-8")


def read_state(folder: Path, kind: Any = dict[str, Any]) -> dict[str, Any] | None:
    """The loop's JSON values; None where no whole checkpoint is, or one of another form.

    Args:
        kind: their schema.
    """
    try:
        loop = read_json(folder / "state.json", _State, STATE, VALUES).loop
        fitted(loop, kind, "state.json")
    except Refused:
        return None
    return loop


def load_checkpoint(
    folder: Path, optimizer: torch.optim.Optimizer, generator: torch.Generator
) -> dict[str, Tensor] | None:
    """Put optimizer and random state back (the adapter is loaded by PEFT); returns the best.

    States of 8-bit and of torch's AdamW do not fit each other: where the run goes on with the other
    one (bitsandbytes came or went in between), its averages begin anew.
    """
    broken = InputError("The checkpoint is damaged.", "Begin at step 0: --restart")
    try:
        read_header(folder / "optimizer.safetensors", TENSORS)
        tensors = {k: v.clone() for k, v in load_file(folder / "optimizer.safetensors").items()}
        scalars = read_json(folder / "state.json", _State, STATE, VALUES).optimizer
        generator.set_state(tensors.pop("generator"))
        state = _nested({**tensors, **scalars})
        _check(state, optimizer)
        if isinstance(optimizer, torch.optim.AdamW) != all("exp_avg" in v for v in state.values()):
            state = {}
        _spread(state, optimizer)
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
        best = folder / "best.safetensors"
        return load_file(best) if best.is_file() and read_header(best, TENSORS) else None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise broken from error


def _check(state: dict[int, Any], optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError for averages of other parameters than the optimizer's."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, values in state.items():
        if not 0 <= index < len(parameters):
            raise ValueError(f"parameter {index}")
        for name in ("exp_avg", "exp_avg_sq"):
            if name in values and values[name].shape != parameters[index].shape:
                raise ValueError(f"{name} of parameter {index}")


def _spread(state: dict[int, Any], optimizer: torch.optim.Optimizer) -> None:
    """Averages of parameters that are spread over processes are spread as these are."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, values in state.items():
        for name in ("exp_avg", "exp_avg_sq"):
            if name in values:
                values[name] = spread_like(values[name], parameters[index])


def whole(tensor: Tensor) -> Tensor:
    """A tensor that may be spread over processes (FSDP), as one of the CPU; all must ask."""
    gather = getattr(tensor.detach(), "full_tensor", None)
    return (gather() if gather else tensor.detach()).cpu().contiguous().clone()


def spread_like(value: Tensor, parameter: Tensor) -> Tensor:
    """A whole tensor, spread over the processes as a parameter is; itself where that is whole."""
    if not hasattr(parameter, "full_tensor"):
        return value
    from torch.distributed.tensor import distribute_tensor

    to = cast(Any, parameter)
    return distribute_tensor(value.to(to.device), to.device_mesh, to.placements)


def _nested(values: dict[str, Any]) -> dict[int, Any]:
    """What `_flatten` made of an optimizer's state."""
    state: dict[int, Any] = {}
    for key, value in values.items():
        index, *path, last = key.split("/")
        inner = state.setdefault(int(index), {})
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return state


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the adapter's parameters by name, on the CPU."""
    return {k: p.detach().cpu().clone() for k, p in trainable_parameters(model).items()}


def restore(model: nn.Module, values: dict[str, Tensor]) -> None:
    """Put a snapshot back."""
    with torch.no_grad():
        for name, parameter in trainable_parameters(model).items():
            parameter.copy_(values[name])


def _flatten(state: dict[Any, Any], prefix: str = "") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Optimizer state as tensors and JSON scalars, keys ``index/name`` (8-bit: one level more)."""
    tensors: dict[str, Tensor] = {}
    scalars: dict[str, Any] = {}
    for name, value in state.items():
        key = f"{prefix}{name}"
        if isinstance(value, Tensor):
            tensors[key] = whole(value)
        elif isinstance(value, dict):
            inner = _flatten(value, f"{key}/")
            tensors |= inner[0]
            scalars |= inner[1]
        else:
            scalars[key] = value
    return tensors, scalars
