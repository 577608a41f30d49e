"""Where a training runs: its device, data kept there, batches made ahead by other processes.

The CPU is the default and needs none of it: batches of the trainer's own size, made in the
process that trains. On a GPU the pictures stay on the card as bytes where they fit, batches that
are made picture by picture come from worker processes, and the rates follow the batch.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

SHARE = 0.3  # of the card's free memory that one array may take
CHUNK = 4096  # rows a copy
MOST = 1.5  # times the rates, however large the batch
Made = TypeVar("Made")
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class Machine:
    """What a training runs on.

    Attributes:
        batch: pictures a step. rate: times the trainer's rates.
        workers: processes that make batches ahead; 0 makes them in this one.
        compiled: whether the large networks go through torch.compile.
    """

    device: torch.device
    batch: int
    rate: float = 1.0
    workers: int = 0
    compiled: bool = False
    seed: int = 0

    def autocast(self) -> Any:
        """bf16 on this device."""
        return bf16(self.device)

    def place(self, net: Net, channels_last: bool = True) -> Net:
        """The network on the device; convolutions in the order that is fast there."""
        if channels_last:
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        net.to(self.device)
        return net

    def quick(self, net: Net) -> Net:
        """Compile a network's forward where it was asked for; its weights' names stay."""
        if self.compiled:
            net.compile()
        return net

    def to(self, value: Tensor) -> Tensor:
        """A tensor on the device; the CPU's own stay as they are."""
        if self.device.type == "cpu":
            return value
        return value.to(self.device, non_blocking=True)

    def generator(self, step: int) -> torch.Generator:
        """Random numbers on the device, a function of seed and step."""
        return torch.Generator(self.device).manual_seed(seed_of(self.seed, step))


def bf16(device: torch.device) -> Any:
    """Autocast to bf16; nothing on devices that compute nothing (meta)."""
    if device.type == "meta":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def seed_of(seed: int, step: int) -> int:
    """The number that a step's random draws begin with, so that a resumed run repeats them."""
    return seed * 1_000_003 + step


def add_options(parser: argparse.ArgumentParser) -> None:
    """--device --batch --rate --workers --compile."""
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")
    parser.add_argument(
        "--batch", type=int, default=0, help="pictures a step; 0: the trainer's own for the device"
    )
    parser.add_argument("--rate", type=float, default=1.0, help="times the rates; < 1 to go on")
    parser.add_argument(
        "--workers", type=int, default=None, help="processes that make batches (cpu: 0)"
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile the large networks")


def pick_device(name: str) -> torch.device:
    """auto is CUDA where there is one. SystemExit where CUDA is asked for and missing."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device here: --device cpu")
    if name == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    return torch.device(name)


def machine(args: argparse.Namespace, batch: int, on_gpu: int, most: float = MOST) -> Machine:
    """What the options say; `batch` and `on_gpu` are the trainer's own sizes for CPU and GPU.

    Rates grow with the square root of the batch, as is usual for normalised updates (Adam, Muon),
    to `most` times at most: a GPU takes more steps as well.
    """
    device = pick_device(args.device)
    size = args.batch or (on_gpu if device.type == "cuda" else batch)
    workers = args.workers
    if workers is None:
        workers = max((os.cpu_count() or 2) - 1, 1) if device.type == "cuda" else 0
    rate = args.rate * min((size / batch) ** 0.5, most)
    return Machine(device, size, rate, workers, args.compile, args.seed)


class Store:
    """Rows of an array (N, ...) as tensors on the device, with the array's own number type.

    On a GPU the whole array is copied there once where it takes less than `share` of the free
    memory; else each batch goes through pinned memory.
    """

    def __init__(self, array: np.ndarray, device: torch.device, whole: bool | None = None) -> None:
        self.array, self.device = array, device
        if whole is None:
            whole = device.type == "cuda" and array.nbytes < SHARE * torch.cuda.mem_get_info()[0]
        self._whole = self._copy() if whole else None

    def _copy(self) -> Tensor:
        kind = torch.from_numpy(np.array(self.array[:1])).dtype
        out = torch.empty(self.array.shape, dtype=kind, device=self.device)
        for start in range(0, len(self.array), CHUNK):
            part = np.array(self.array[start : start + CHUNK])
            out[start : start + CHUNK] = torch.from_numpy(part)
        return out

    def take(self, rows: np.ndarray) -> Tensor:
        """The rows (B, ...), in their order."""
        if self._whole is not None:
            index = torch.from_numpy(np.asarray(rows, np.int64))
            return self._whole[index.to(self.device, non_blocking=True)]
        batch = torch.from_numpy(np.array(self.array[rows]))
        if self.device.type != "cuda":
            return batch.to(self.device)
        return batch.pin_memory().to(self.device, non_blocking=True)


def to_pm1(pixels: Tensor, channels_last: bool = True) -> Tensor:
    """u8 (B, H, W, 3) -> float32 (B, 3, H, W) in [-1, 1]."""
    x = pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    order = torch.channels_last if channels_last else torch.contiguous_format
    return x.contiguous(memory_format=order)


class _Steps(Dataset[Any]):
    def __init__(self, make: Callable[[int], Any], seed: int) -> None:
        self.make, self.seed = make, seed

    def __getitem__(self, step: int) -> Any:
        torch.manual_seed(seed_of(self.seed, step))
        return self.make(step)


class _From:
    def __init__(self, first: int) -> None:
        self.first = first

    def __iter__(self) -> Iterator[int]:
        return itertools.count(self.first)


def _one_thread(_: int = 0) -> None:
    import cv2

    cv2.setNumThreads(1)


def ahead(make: Callable[[int], Made], first: int, where: Machine) -> Iterator[Made]:
    """make(first), make(first + 1), …: in this process, or made ahead by the workers, in order.

    `make` must draw from (seed, step) alone and touch no CUDA tensor.
    """
    if where.workers == 0:
        return map(make, itertools.count(first))
    _one_thread()  # a process forked beside OpenCV's threads can hang
    loader: Any = DataLoader(
        _Steps(make, where.seed),
        batch_size=None,
        sampler=cast(Any, _From(first)),
        num_workers=where.workers,
        pin_memory=where.device.type == "cuda",
        multiprocessing_context="fork",
        worker_init_fn=_one_thread,
        prefetch_factor=2,
    )
    return cast(Iterator[Made], iter(loader))
