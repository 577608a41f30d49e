"""What every trainer of the mini base shares: a resumable run folder, a time budget, EMA, export.

`python -m mini.train.<name> --minutes M --threads T` resumes by default:

    args = arguments("stylegan", "train the 128 px generator").parse_args(argv)
    run = open_run(args)
    run.keep(net=net, ema=ema, opt=optimizer)
    for step in run.budget(args.minutes):
        rate = base_rate * cosine_rate(run.progress(args.minutes))
        ...
        run.log(step, loss=float(loss))
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)

--minutes counts all calls together: the same command after a kill finishes the same schedule.
--piece SECONDS ends a call earlier, at a checkpoint. Random numbers are functions of seed and
step, so that a run in pieces, measured in --steps, ends in the same weights as a whole one.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from mini.train.machine import add_options, seed_of
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS

RUNS = Path(".mini/runs")
BANK = Path(".mini/bank")
MADE = Path(".mini/weights")  # what is trained
WEIGHTS = PACKAGE_WEIGHTS  # what is shipped
FILE_LIMIT = 16 * 2**20  # bytes; a packaged file must stay below it
TOTAL_LIMIT = 40_000_000  # bytes of all of them


def arguments(name: str, description: str) -> argparse.ArgumentParser:
    """The options every trainer has: the budget, the folders, the device."""
    # A trainer may describe one of these options anew.
    parser = argparse.ArgumentParser(prog=name, description=description, conflict_handler="resolve")
    parser.add_argument("--minutes", type=float, default=15.0, help="of all calls together")
    parser.add_argument("--steps", type=int, default=0, help="a budget in steps, not in minutes")
    parser.add_argument("--piece", type=float, default=0.0, help="seconds of this call; 0: all")
    parser.add_argument("--core-minutes", action="store_true", help="count CPU time, not wall time")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--run-dir", type=Path, default=RUNS / name, help="checkpoints and log")
    parser.add_argument("--bank", type=Path, default=BANK, help="the folder of drawn pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="start again, ignore the checkpoint")
    parser.add_argument("--export-only", action="store_true", help="write the weights and stop")
    parser.add_argument("--weights", type=Path, default=MADE, help="what is trained, in and out")
    add_options(parser)
    return parser


def start(args: argparse.Namespace) -> Path:
    """Set threads and seed; return the run folder, emptied of its checkpoint under --fresh."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    if getattr(args, "core_minutes", False):
        Run.clock = staticmethod(lambda: time.process_time() / args.threads)
    folder = Path(args.run_dir)
    if args.fresh:
        for name in ("checkpoint.pt", "log.jsonl"):
            (folder / name).unlink(missing_ok=True)
    return folder


def open_run(args: argparse.Namespace, save_seconds: float = 60.0) -> Run:
    """The run of the options: threads and seed set, the budget known."""
    run = Run(start(args), save_seconds)
    run.steps, run.piece, run.seed = args.steps, args.piece, args.seed
    return run


class Run:
    """A folder with `checkpoint.pt` (tensors and plain values only) and `log.jsonl`.

    Attributes:
        step: the next one. steps: the budget, where it is not in minutes.
        piece: seconds that this call may take, loading included; 0 is all that is left.
        finished: whether the budget of all calls together is used up.

    `clock` is what the budget counts: wall time, or CPU time under --core-minutes, where a busy
    machine stretches the run and not its schedule.
    """

    clock = staticmethod(time.monotonic)

    def __init__(self, folder: Path | str, save_seconds: float = 60.0, say: bool = True) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.save_seconds = save_seconds
        self.step = 0
        self.steps, self.piece, self.seed, self.finished = 0, 0.0, 0, False
        self._say = say
        self._parts: dict[str, Any] = {}
        self._opened = time.monotonic()
        self._before = 0.0  # seconds spent by earlier calls
        self._began = self.clock()
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The last checkpoint with its `step`, or None; opened with weights_only=True."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self.step = int(state["step"])
        self._before = float(state["spent_seconds"])
        return state

    def save(self, step: int, **state: Any) -> None:
        """Write the checkpoint in one move, so that a killed run keeps the one before."""
        temporary = self.folder / "checkpoint.tmp"
        torch.save({"step": step, "spent_seconds": self.spent(), **state}, temporary)
        os.replace(temporary, self.folder / "checkpoint.pt")
        self._saved = time.monotonic()

    def keep(self, **parts: Any) -> bool:
        """Name what a checkpoint holds (networks, means, optimisers, lists), and restore it.

        Returns whether there was a checkpoint. What else it lacks than a network begins anew.
        """
        self._parts = parts
        state = self.load()
        if state is None:
            return False
        for name, part in parts.items():
            if name not in state and name not in ("net", "model"):
                continue
            many = isinstance(part, list)
            for one, saved in (
                zip(part, state[name], strict=True) if many else [(part, state[name])]
            ):
                one.load_state_dict(saved)
        return True

    def checkpoint(self, step: int) -> None:
        """Save what `keep` named."""
        state = {
            name: [one.state_dict() for one in part]
            if isinstance(part, list)
            else part.state_dict()
            for name, part in self._parts.items()
        }
        self.save(step, **state)

    def due(self) -> bool:
        """Whether `save_seconds` have passed since the last checkpoint."""
        return time.monotonic() - self._saved >= self.save_seconds

    def log(self, step: int, **numbers: float | str) -> None:
        """Append one JSON line with the step and the seconds spent so far, all calls together."""
        line: dict[str, float | str] = {"step": step, "seconds": round(self.spent(), 1)}
        line.update({k: round(v, 6) if isinstance(v, float) else v for k, v in numbers.items()})
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        if self._say:
            print(json.dumps(line), flush=True)

    def spent(self) -> float:
        """Seconds of training so far, those before a resume included."""
        return self._before + self.clock() - self._began

    def progress(self, minutes: float) -> float:
        """The part of the budget that is used up, in [0, 1]."""
        if self.steps:
            return min(self.step / self.steps, 1.0) if minutes > 0 else 1.0
        if minutes <= 0:
            return 1.0
        return min(self.spent() / (60 * minutes), 1.0)

    def budget(self, minutes: float) -> Iterator[int]:
        """Count steps, from the loaded one, until all calls together have used up the budget.

        Ends before that where this call's piece is over, after one step at least. Torch's random
        numbers begin anew at each step, from seed and step.
        """
        self._began, self._saved = self.clock(), time.monotonic()
        first = self.step
        while self.progress(minutes) < 1:
            late = self.piece and time.monotonic() - self._opened >= self.piece
            if late and self.step > first:
                return
            torch.manual_seed(seed_of(self.seed, self.step))
            yield self.step
            self.step += 1
        self.finished = True


class Ema:
    """A running mean of a module's weights; integer buffers and BN statistics are copied.

    Early on the decay is min(decay, (1 + n) / (10 + n)), so that the start is forgotten quickly.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.count = 0
        self.shadow = {k: v.detach().clone() for k, v in module.state_dict().items()}
        self._moving = {name for name, _ in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the mean toward the module's present weights."""
        self.count += 1
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        moving: list[Tensor] = []
        present: list[Tensor] = []
        for key, value in module.state_dict().items():
            if key in self._moving:
                moving.append(self.shadow[key])
                present.append(value.detach())
            else:
                self.shadow[key].copy_(value)
        torch._foreach_lerp_(moving, present, 1 - decay)

    def state_dict(self) -> dict[str, Tensor]:
        """The mean weights, and the number of updates as a tensor."""
        return {**self.shadow, "_ema_count": torch.tensor(self.count)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over what `state_dict` gave; the keys must be the same."""
        if set(state) != {*self.shadow, "_ema_count"}:
            raise KeyError("the saved mean belongs to another network")
        self.count = int(state["_ema_count"])
        for key, value in self.shadow.items():
            value.copy_(state[key])

    @torch.no_grad()
    def begin(self, module: nn.Module) -> None:
        """Begin anew at a module's weights."""
        for key, value in module.state_dict().items():
            self.shadow[key].copy_(value)
        self.count = 0

    def copy_to(self, module: nn.Module) -> nn.Module:
        """Load the mean weights into a module of the same layout and return it."""
        module.load_state_dict(self.shadow)
        return module


def export_fp16(
    state: dict[str, Tensor], path: Path | str, metadata: dict[str, str] | None = None
) -> int:
    """Write tensors as safetensors, floats in half precision; returns the size in bytes.

    The file is written in one move. ValueError if a value does not fit float16 or the file would
    be 16 MiB or more.
    """
    half: dict[str, Tensor] = {}
    for key, value in state.items():
        tensor = value.detach().cpu()
        if tensor.is_floating_point():
            tensor = tensor.to(torch.float16)
            if not torch.isfinite(tensor).all():
                raise ValueError(f"{key} has values that float16 cannot hold")
        half[key] = tensor.contiguous().clone()
    data = save(half, metadata=metadata)
    if len(data) >= FILE_LIMIT:
        raise ValueError(f"{path} would be {len(data) / 2**20:.1f} MiB, the limit is 16")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)
    return len(data)


def check_weights(folder: Path) -> int:
    """The bytes of a weights folder. ValueError where a file or all of it is too large."""
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    for path, size in sizes.items():
        if size >= FILE_LIMIT:
            raise ValueError(f"{path} has {size / 2**20:.1f} MiB, the limit is 16")
    total = sum(sizes.values())
    if total > TOTAL_LIMIT:
        raise ValueError(f"{folder} has {total / 1e6:.1f} MB, the limit is 40")
    return total


def cosine_rate(done: float, warm: float = 0.02, floor: float = 0.02) -> float:
    """Factor of the learning rate at `done` in [0, 1] of the budget: warm-up, then a cosine."""
    if done < warm:
        return max(done / warm, 0.02)
    fraction = min((done - warm) / (1 - warm), 1.0)
    return float(floor + (1 - floor) * 0.5 * (1 + torch.cos(torch.tensor(fraction * torch.pi))))
