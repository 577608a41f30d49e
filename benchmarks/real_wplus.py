"""The published generator and encoder at real size, with random weights: seconds and memory.

    python -m benchmarks.real_wplus [--out docs/measurements/real_wplus.json]

Writes a checkpoint in the layout of `e4e_ffhq_encode.pt` (1.2 GB, to a temporary folder),
converts it as `pidiff models pull` does, loads both networks strictly and runs each once. Every
step is a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from pidiff_cli.core.wplus import published
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.stylegan2 import Generator
from pidiff_cli.core.wplus.weights import load_encoder, load_generator


def make(folder: Path) -> float:
    """A checkpoint as published; returns its size in MB."""
    state = {f"encoder.{k}": v for k, v in Encoder().state_dict().items()}
    state |= {f"decoder.{k}": v for k, v in Generator(1024).state_dict().items()}
    opts = {"encoder_type": "Encoder4Editing", "stylegan_size": 1024}
    path = folder / "e4e_ffhq_encode.pt"
    torch.save({"state_dict": state, "latent_avg": torch.zeros(18, 512), "opts": opts}, path)
    return path.stat().st_size / 1e6


def convert(folder: Path) -> float:
    """Pickle to safetensors; returns processor seconds."""
    return timed(lambda: published.convert_e4e(folder / "e4e_ffhq_encode.pt", folder / "ffhq"))


def generator(folder: Path) -> float:
    """One 1024 px picture from a code (1, 18, 512); returns processor seconds without loading."""
    net, mean = load_generator(folder / "ffhq")
    with torch.no_grad():
        return timed(lambda: check(net.synthesise(mean[None]), (1, 3, 1024, 1024)))


def encoder(folder: Path) -> float:
    """One code from a 256 px face; returns processor seconds without loading."""
    net = load_encoder(folder / "ffhq")
    with torch.no_grad():
        return timed(lambda: check(net(torch.zeros(1, 3, 256, 256)), (1, 18, 512)))


STEPS: dict[str, Callable[[Path], float]] = {
    "make": make, "convert": convert, "generator": generator, "encoder": encoder,
}  # fmt: skip


def check(made: torch.Tensor, shape: tuple[int, ...]) -> None:
    """Stop unless the result has this shape and is made of numbers."""
    if tuple(made.shape) != shape or not bool(torch.isfinite(made).all()):
        raise SystemExit(f"expected finite {shape}, got {tuple(made.shape)}")


def timed(run: Callable[[], object]) -> float:
    """Processor seconds that a call takes, all threads together: a busy machine adds little."""
    began = time.process_time()
    run()
    return time.process_time() - began


def measure(folder: Path) -> dict[str, object]:
    """Every step in a process of its own."""
    found: dict[str, object] = {
        "torch": torch.__version__, "machine": platform.machine(),
        "threads": torch.get_num_threads(), "weights": "random",
    }  # fmt: skip
    for name in STEPS:
        command = [sys.executable, "-m", "benchmarks.real_wplus", "--step", name, str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        value, peak = json.loads(done.stdout)
        key = "checkpoint_mb" if name == "make" else f"{name}_cpu_s"
        found |= {key: round(value, 2)} | ({} if name == "make" else {f"{name}_peak_mb": peak})
    return found


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--step", nargs=2, metavar=("NAME", "DIR"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        value = STEPS[args.step[0]](Path(args.step[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps([value, peak]))
        return
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(measure(Path(folder)), indent=1) + "\n"
    print(text, end="")
    if args.out:
        args.out.write_text(text)


if __name__ == "__main__":
    main()
