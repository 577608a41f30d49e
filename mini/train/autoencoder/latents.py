"""Cache what diffusion training reads: latents, head masks and captions of the whole bank.

``python -m mini.train.autoencoder.latents --threads 2`` encodes the bank with the exported
autoencoder into ``.mini/latents/`` (latents.npy (N, 12, 16, 16) float16, scaled as the base's
are; heads.npy (N, 16, 16) float16, the share of head in each position).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

from mini.train import common
from mini.train.machine import add_options, bf16, pick_device, to_pm1
from mini.world.bank import Bank

FOLDER = Path(".mini/latents")
HEAD = (2, 3, 5)  # labels of skin, hair and glasses
CHUNK = 64


def load_autoencoder(folder: Path) -> AutoencoderTiny:
    """The exported autoencoder in float32, frozen."""
    from safetensors.torch import load_file

    net = AutoencoderTiny.from_config(AutoencoderTiny.load_config(folder))
    state = load_file(folder / "diffusion_pytorch_model.safetensors")
    net.load_state_dict({key: value.float() for key, value in state.items()})
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def head_share(labels: np.ndarray, cells: int = 16) -> np.ndarray:
    """Labels (B, H, W) to the share of head a latent cell (B, cells, cells) in [0, 1]."""
    head = np.isin(labels, HEAD).astype(np.float32)
    step = head.shape[1] // cells
    return head.reshape(len(head), cells, step, cells, step).mean(axis=(2, 4))


def main(argv: Sequence[str] | None = None) -> bool:
    """Encode the bank."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_options(parser)
    parser.add_argument("--weights", type=Path, default=common.MADE)
    parser.add_argument("--bank", type=Path, default=common.BANK)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    bank, device, chunk = Bank.open(args.bank), pick_device(args.device), args.batch or CHUNK
    net = load_autoencoder(args.weights / "diffusers" / "vae").to(device)
    factor, count = float(net.config["scaling_factor"]), len(bank)
    args.out.mkdir(parents=True, exist_ok=True)
    channels = int(net.config["latent_channels"])
    latents = np.lib.format.open_memmap(
        args.out / "latents.npy", "w+", np.float16, (count, channels, 16, 16)
    )
    heads = np.lib.format.open_memmap(args.out / "heads.npy", "w+", np.float16, (count, 16, 16))
    for start in range(0, count, chunk):
        pictures = np.array(bank.images[start : start + chunk])
        x = to_pm1(torch.from_numpy(pictures).to(device))
        with torch.no_grad(), bf16(device):
            z = net.encoder(x).float() * factor  # (B, 12, 16, 16)
        latents[start : start + chunk] = z.cpu().numpy()
        heads[start : start + chunk] = head_share(bank.labels[start : start + chunk])
        if start % (chunk * 32) == 0:
            print(f"{start}/{count}", flush=True)
    latents.flush()
    heads.flush()
    return True


if __name__ == "__main__":
    main()
