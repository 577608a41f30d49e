"""Train mini's autoencoder: 128 px pictures to 16 x 16 latents of 12 channels and back.

AutoencoderTiny, without blocks at full resolution, where they cost most and give least. It sees
64 px crops: convolutions do not mind, and a batch holds four times as many different places.
Latents are kept near mean 0 and deviation 1 a channel by a soft penalty, so that one
`scaling_factor` serves them all, and are decoded with a little noise on top, so that small
errors of the diffusion model stay small in the picture.

``python -m pidiff_cli.mini.train.autoencoder --minutes 20 --threads 2`` trains, resumes, exports.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor

from pidiff_cli.mini.train import common
from pidiff_cli.mini.train.muon import Muon, split_parameters
from pidiff_cli.mini.world.bank import Bank

CHANNELS, LATENTS = 48, 12
BATCH, CROP = 16, 64
MUON_RATE, ADAM_RATE = 3e-3, 2e-3
NOISE = 0.1  # deviation of the noise on latents, at most
HELD_OUT = 256  # last pictures of the bank, never trained on here
CONFIG: dict[str, Any] = {
    "encoder_block_out_channels": [CHANNELS] * 4,
    "decoder_block_out_channels": [CHANNELS] * 4,
    "num_encoder_blocks": [0, 1, 2, 3],
    "num_decoder_blocks": [3, 2, 1, 0],
    "latent_channels": LATENTS,
}


def build() -> AutoencoderTiny:
    """A fresh autoencoder, channels last."""
    net = AutoencoderTiny(**CONFIG)
    return cast(AutoencoderTiny, net.to(memory_format=torch.channels_last))  # type: ignore[call-overload]


def sample_crops(bank: Bank, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
    """Random crops (count, 3, 64, 64) in [-1, 1] and their weights (count, 1, 64, 64).

    The head weighs double: eyes and mouths are small and looked at first.
    """
    side = bank.images.shape[1]
    images = np.empty((count, CROP, CROP, 3), np.uint8)
    weights = np.empty((count, CROP, CROP), np.float32)
    for i, index in enumerate(rng.integers(0, len(bank) - HELD_OUT, count)):
        y, x = rng.integers(0, side - CROP + 1, 2)
        image = bank.images[index, y : y + CROP, x : x + CROP]
        label = bank.labels[index, y : y + CROP, x : x + CROP]
        turn = slice(None, None, -1 if rng.random() < 0.5 else 1)
        images[i] = image[:, turn]
        weights[i] = 1.0 + np.isin(label[:, turn], (2, 3, 5))
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous(memory_format=torch.channels_last), torch.from_numpy(weights)[:, None]


def loss_terms(net: AutoencoderTiny, x: Tensor, weight: Tensor) -> tuple[Tensor, float]:
    """The training loss of a batch, and its plain squared error on [0, 1] pictures."""
    with torch.autocast("cpu", torch.bfloat16):
        z = net.encoder(x)
        level = torch.rand(len(z), 1, 1, 1) * NOISE
        y = net.decoder(z + level * torch.randn_like(z))
    z, error = z.float(), y.float() - x
    mean, spread = z.mean(dim=(0, 2, 3)), z.std(dim=(0, 2, 3))
    tidy = mean.square().mean() + spread.clamp_min(1e-3).log().square().mean()
    edges = _gradient(error).abs().mean()
    loss = (weight * (error.square() + 0.1 * error.abs())).mean() + 0.1 * edges + 0.01 * tidy
    return loss, float(error.detach().square().mean()) / 4


def _gradient(x: Tensor) -> Tensor:
    """Differences of neighbours along both axes, flattened: errors of edges."""
    return torch.cat([x.diff(dim=2).flatten(1), x.diff(dim=3).flatten(1)], dim=1)


@torch.no_grad()
def psnr(net: AutoencoderTiny, pictures: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of uint8 pictures (N, H, W, 3), each its own, averaged."""
    values = []
    for chunk in np.array_split(pictures, max(1, len(pictures) // 16)):
        x = torch.from_numpy(np.ascontiguousarray(chunk)).permute(0, 3, 1, 2).float() / 127.5 - 1
        y = net.decoder(net.encoder(x)).clamp(-1, 1)
        values.append(-10 * ((y - x) / 2).square().flatten(1).mean(dim=1).log10())
    return float(torch.cat(values).mean())


def export(net: AutoencoderTiny, bank: Bank, folder: Path) -> float:
    """Write the diffusers folder in fp16 with the measured scaling factor; returns the factor."""
    pictures = np.ascontiguousarray(bank.images[len(bank) - HELD_OUT :])
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        factor = 1.0 / float(net.encoder(x[:64]).std())
    net.register_to_config(scaling_factor=round(factor, 4))
    net.save_config(folder)
    common.export_fp16(net.state_dict(), folder / "diffusion_pytorch_model.safetensors")
    return factor


def optimizers(net: AutoencoderTiny) -> list[torch.optim.Optimizer]:
    """Muon for hidden kernels, AdamW for the first, the last and the biases."""
    last = f"decoder.layers.{len(net.decoder.layers) - 1}."
    muon, adam = split_parameters(net, ("encoder.layers.0.", last))
    return [Muon(muon, MUON_RATE), torch.optim.AdamW(adam, ADAM_RATE, fused=True)]


def set_rates(opts: list[torch.optim.Optimizer], factor: float) -> None:
    """Set every group's rate to `factor` times what it began with."""
    for opt in opts:
        for group in opt.param_groups:
            group.setdefault("first_lr", group["lr"])
            group["lr"] = group["first_lr"] * factor


def main() -> None:
    """Train to the end of the budget, then export."""
    args = common.arguments("autoencoder", "train mini's autoencoder").parse_args()
    run, bank = common.Run(common.start(args)), Bank.open(args.bank)
    net = build()
    opts = optimizers(net)
    ema = common.Ema(net, 0.998)
    if state := run.load():
        net.load_state_dict(state["net"])
        ema.load_state_dict(state["ema"])
        for opt, saved in zip(opts, state["opts"], strict=True):
            opt.load_state_dict(saved)

    def checkpoint() -> None:
        run.save(
            run.step, net=net.state_dict(), ema=ema.state_dict(),
            opts=[opt.state_dict() for opt in opts],
        )  # fmt: skip

    mean = 0.0
    for step in () if args.export_only else run.budget(args.minutes):
        set_rates(opts, common.cosine_rate(run.progress(args.minutes)))
        rng = np.random.default_rng((args.seed, step))
        loss, error = loss_terms(net, *sample_crops(bank, rng, BATCH))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for opt in opts:
            opt.step()
            opt.zero_grad()
        ema.update(net)
        mean = error if step == 0 else 0.98 * mean + 0.02 * error
        if step % 100 == 0:
            run.log(step, loss=float(loss), psnr=float(-10 * np.log10(max(mean, 1e-9))))
        if run.due():
            checkpoint()
    checkpoint()
    final = cast(AutoencoderTiny, ema.copy_to(build())).eval()
    factor = export(final, bank, common.WEIGHTS / "diffusers" / "vae")
    run.log(run.step, held_out_psnr=psnr(final, bank.images[-HELD_OUT:]), scaling_factor=factor)


if __name__ == "__main__":
    main()
