"""The processes of a run: one, or as many as `accelerate launch` has started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import nn

from pidiff_cli.core.identity.adapter import make_optimizer
from pidiff_cli.core.training.checkpoint import whole
from pidiff_cli.core.training.pretraining import (
    GeneralTrainer,
    Part,
    general_parameters,
    make_trainable,
)
from pidiff_cli.errors import UsageError

LONGEST = timedelta(hours=24)  # a process waits for another that still reads its pictures
BLOCK = "BasicTransformerBlock"  # what FSDP gathers at a time


@dataclass(frozen=True)
class Processes:
    """This process among the others.

    Attributes:
        accelerator: accelerate's. device: where this process computes.
    """

    accelerator: Any
    device: torch.device

    @property
    def part(self) -> Part:
        """Which part of a batch, and of the reading, is this one's."""
        return Part(self.accelerator.process_index, self.accelerator.num_processes)

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and tells."""
        return bool(self.accelerator.is_main_process)

    @property
    def sharded(self) -> bool:
        """Whether the weights are spread over the processes (FSDP)."""
        return str(getattr(self.accelerator.distributed_type, "value", "")) == "FSDP"

    @property
    def whole_all_the_same(self) -> bool:
        """Whether FSDP is asked for where accelerate has none (a CPU): it takes DDP, in silence."""
        asked = os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"
        return asked and not self.sharded

    def wait(self) -> None:
        """Until all are here."""
        self.accelerator.wait_for_everyone()

    def mean(self, value: torch.Tensor) -> float:
        """Of a scalar over the processes."""
        return float(self.accelerator.reduce(value.detach().float(), reduction="mean"))

    def close(self) -> None:
        """Leave the others; they have all written and told what they had to."""
        if self.part.of > 1:
            self.wait()
            self.accelerator.end_training()


def open_processes(device: torch.device, batch: int) -> Processes:
    """Meet the other processes, if `accelerate launch` (or torchrun) has started any.

    Args:
        device: what one process would compute on; of several CUDA cards each gets its own.
        batch: pictures a step, of all of them together.

    Raises:
        UsageError: they cannot share a batch evenly, or ask for FSDP's first version.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if batch % count:
        raise UsageError(
            f"{count} processes cannot share {batch} pictures a step evenly.",
            f"Take a multiple: --batch {batch + count - batch % count}",
        )
    from accelerate import Accelerator, InitProcessGroupKwargs
    from accelerate.utils import DistributedDataParallelKwargs

    handlers = [
        InitProcessGroupKwargs(timeout=LONGEST),
        DistributedDataParallelKwargs(broadcast_buffers=False),
    ]
    cpu = device.type == "cpu"
    found = Accelerator(cpu=cpu, mixed_precision="no", kwargs_handlers=handlers)
    plugin = getattr(found.state, "fsdp_plugin", None)
    if plugin is not None and plugin.fsdp_version != 2:
        raise UsageError(
            "FSDP's first version cannot hold frozen and trained weights together.",
            "In accelerate's configuration: fsdp_version: 2",
        )
    return Processes(found, found.device if device.type == "cuda" else device)


def spread(
    processes: Processes, trainer: GeneralTrainer, learning_rate: float
) -> tuple[nn.Module, dict[str, nn.Parameter], torch.optim.Optimizer]:
    """The trainer as every process calls it, its parameters as they lie here, their optimizer."""
    base, device = trainer.base, processes.device
    make_trainable(base)
    own = list(general_parameters(base).values())
    eight_bit = False if processes.sharded else None  # bitsandbytes knows no spread parameters
    optimizer = make_optimizer(own, device, learning_rate, eight_bit)
    if not processes.sharded:
        return processes.accelerator.prepare(trainer), general_parameters(base), optimizer
    plugin = processes.accelerator.state.fsdp_plugin
    plugin.transformer_cls_names_to_wrap = plugin.transformer_cls_names_to_wrap or [BLOCK]
    model, prepared = processes.accelerator.prepare(trainer, optimizer)
    return model, general_parameters(base), prepared.optimizer


def gathered(parameters: dict[str, nn.Parameter]) -> dict[str, torch.Tensor]:
    """Whole copies on the CPU; all processes must ask."""
    return {name: whole(parameter) for name, parameter in parameters.items()}
