"""The rows about time, memory and size, and the one about scale 0."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.commands import pidiff
from benchmarks.drawings import identities
from benchmarks.quality.people import write_photos
from benchmarks.speed import help_start
from pidiff_cli.core.images import read_photo, read_record

SEED, COUNT = 900, 4
RUNS = 7  # of --help


def tuned_profile(home: Path, name: str = "costs") -> tuple[str, dict[str, float]]:
    """A profile tuned from four portraits in one command, with what that took."""
    photos = write_photos(identities(1)[0], home / "photos" / name)
    done = pidiff("--json", "tune", str(photos), "--name", name, "--force", home=home)
    return name, {"seconds": done.seconds, "peak_mb": done.peak_mb}


def existing_profile(home: Path) -> str:
    """The profile of an earlier part, else a new one."""
    for name in ("costs", f"p{identities(1)[0]}"):
        if (home / "profiles" / name / "adapter").is_dir():
            return name
    return tuned_profile(home)[0]


def measure_speed(home: Path) -> dict[str, Any]:
    """Wall time and peak memory of a whole default tune, and of `generate -n 4`."""
    name, tuning = tuned_profile(home)
    words = ("generate", name, "as an astronaut", "-n", str(COUNT), "--out", str(home / "speed"))
    runs = [pidiff(*words, home=home) for _ in range(3)]
    return {
        "tune": tuning,
        "generate_seconds": [run.seconds for run in runs],
        "generate_median": statistics.median(run.seconds for run in runs),
        "generate_peak_mb": max(run.peak_mb for run in runs),
    }


def measure_help() -> dict[str, Any]:
    """Wall seconds of `pidiff --help` with warm files, and of the imports it cannot do without."""
    return {**help_start.measure(RUNS), "runs": RUNS}


def measure_size(home: Path) -> dict[str, Any]:
    """Megabytes (10^6) of a tuned profile, with and without its photos."""
    folder = home / "profiles" / existing_profile(home)
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    kept = {p: s for p, s in sizes.items() if p.relative_to(folder).parts[0] != "photos"}
    top: dict[str, float] = {}
    for path, size in sizes.items():
        part = path.relative_to(folder).parts[0]
        top[part] = round(top.get(part, 0.0) + size / 1e6, 4)
    return {
        "mb": sum(kept.values()) / 1e6,
        "with_photos_mb": sum(sizes.values()) / 1e6,
        "parts": top,
    }


def measure_scale0(home: Path, folder: Path) -> dict[str, Any]:
    """Pictures at identity scale 0 against the stock StableDiffusionPipeline, bit for bit."""
    from diffusers.pipelines.stable_diffusion import StableDiffusionPipeline

    words = ("--json", "generate", existing_profile(home), "as an astronaut", "-n", "2")
    options = ("--seed", str(SEED), "--identity-scale", "0", "--steps", "20", "--guidance", "4")
    threads = torch.get_num_threads()  # sums are only the same bits with as many
    done = pidiff(*words, *options, "--out", str(home / "scale0"), home=home, threads=threads)
    images = done.document()["images"]
    pipe = StableDiffusionPipeline.from_pretrained(folder / "diffusers", safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    differences = []
    for image in images:
        prompt = read_record(Path(image["path"]))["full_prompt"]
        stock = pipe(
            prompt, num_inference_steps=20, guidance_scale=4.0, height=128, width=128,
            generator=torch.Generator().manual_seed(image["seed"]), output_type="np",
        ).images[0]  # fmt: skip
        wanted = (stock * 255).round().astype(np.uint8)
        differences.append(int(np.abs(read_photo(image["path"]).astype(int) - wanted).max()))
    return {"equal": max(differences) == 0, "largest_difference": max(differences)}
