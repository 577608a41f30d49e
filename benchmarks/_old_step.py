"""Steps of an older checkout of this program, in a process of its own; one line in, one out.

Run with that checkout as the first folder on the path: every line "N SHARE" on stdin does N
steps on random latents, SHARE of them checking the preserve term, and answers with wall and CPU
seconds of one.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

import pidiff_cli
from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.diffusion.dataset import LatentSet
from pidiff_cli.core.diffusion.tailor import LossSettings, Tailor
from pidiff_cli.core.identity import adapter
from pidiff_cli.stages import _tuning


def main() -> None:
    """Serve until stdin ends. Arguments: rank, batch, threads."""
    rank, batch, threads = (int(word) for word in sys.argv[1:4])
    torch.set_num_threads(threads)
    base = load_base(Path(pidiff_cli.__file__).parent / "mini" / "weights")
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(24, base.latent_channels, 16, 16, generator=generator)
    mask = torch.zeros(24, 1, 16, 16)
    mask[..., 4:-4, 4:-4] = 1
    data = LatentSet(z, mask, torch.zeros(24, dtype=torch.long))
    codes = 0.3 * torch.randn(1, base.rows, base.dim, generator=generator)
    model = adapter.add_adapter(base.unet, rank, float(rank), True)
    tailor = Tailor(
        base, codes, codes[0], _tuning.captions(base, "person"), LossSettings(),
        adapter.code_delta(model),
    )  # fmt: skip
    parameters = list(adapter.trainable_parameters(model).values())
    optimizer = adapter.make_optimizer(parameters, torch.device("cpu"), 1e-4)
    print("ready", flush=True)
    for line in sys.stdin:
        count, share = int(line.split()[0]), float(line.split()[1])
        tailor.settings = replace(tailor.settings, preserve_share=share)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            if hasattr(tailor, "draw"):
                loss = tailor.loss(tailor.draw(data, batch, generator))["loss"]
            else:
                loss = tailor.loss(data, batch, generator)["loss"]
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad()
        print((time.perf_counter() - wall) / count, (time.process_time() - cpu) / count, flush=True)


if __name__ == "__main__":
    main()
