"""Train mini's autoencoder: 128 px pictures to 16 x 16 latents of 12 channels and back.

AutoencoderTiny, without blocks at full resolution, where they cost most and give least. It sees
64 px crops: convolutions do not mind, and a batch holds four times as many different places.
Latents are kept near mean 0 and deviation 1 a channel by a soft penalty, so that one
`scaling_factor` serves them all, and are decoded with a little noise on top, so that small
errors of the diffusion model stay small in the picture. ``--perceptual`` and ``--adversarial`` add
terms for crisp pictures (`perceptual`).

``python -m mini.train.autoencoder.autoencoder --minutes 20 --threads 2`` trains, resumes, exports.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor

from mini.train import common, perceptual
from mini.train.machine import Store, machine, to_pm1
from mini.train.muon import Muon, split_parameters
from mini.train.perceptual import Crisp
from mini.world.bank import Bank

CHANNELS, LATENTS = 64, 12
BATCH, GPU_BATCH, CROP = 16, 512, 64
MUON_RATE, ADAM_RATE = 3e-3, 2e-3
NOISE = 0.1  # deviation of the noise on latents, at most
HELD_OUT = 256  # last pictures of the bank, never trained on here
CONFIG: dict[str, Any] = {
    "encoder_block_out_channels": [CHANNELS] * 4,
    "decoder_block_out_channels": [CHANNELS] * 4,
    "num_encoder_blocks": [0, 1, 3, 4],
    "num_decoder_blocks": [3, 2, 2, 0],
    "latent_channels": LATENTS,
}


def build() -> AutoencoderTiny:
    """A fresh autoencoder, channels last."""
    net = AutoencoderTiny(**CONFIG)
    return cast(AutoencoderTiny, net.to(memory_format=torch.channels_last))  # type: ignore[call-overload]


class Crops:
    """Random crops of the bank on the device; the head weighs double, it is looked at first.

    Args:
        crop: px of a crop's side; the bank's own for whole pictures.
    """

    def __init__(self, bank: Bank, device: torch.device, crop: int = CROP) -> None:
        self.crop = crop
        self.images, self.labels = Store(bank.images, device), Store(bank.labels, device)
        self.count, self.side = len(bank) - held_out(len(bank)), bank.images.shape[1]
        self.head = torch.tensor([label in (2, 3, 5) for label in range(256)], device=device)

    def sample(self, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        """Crops (count, 3, C, C) in [-1, 1] and their weights (count, 1, C, C)."""
        rows = rng.integers(0, self.count, count)
        y, x = rng.integers(0, self.side - self.crop + 1, (2, count))
        turned = rng.random(count) < 0.5
        span = np.arange(self.crop)
        columns = x[:, None] + np.where(turned[:, None], span[::-1], span)  # (B, C)
        cells = (y[:, None] + span)[:, :, None] * self.side + columns[:, None]  # (B, C, C)
        images, labels = self.images.take(rows), self.labels.take(rows)
        at = torch.from_numpy(cells.reshape(count, -1)).to(images.device, non_blocking=True)
        pixels = images.flatten(1, 2).gather(1, at[..., None].expand(-1, -1, 3))
        weights = 1.0 + self.head[labels.flatten(1).gather(1, at).long()].float()
        shape = (count, self.crop, self.crop)
        return to_pm1(pixels.view(*shape, 3)), weights.view(*shape)[:, None]


def held_out(pictures: int) -> int:
    """How many of the last pictures are never trained on."""
    return min(HELD_OUT, pictures // 4)


def loss_terms(
    net: AutoencoderTiny, x: Tensor, weight: Tensor, autocast: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """The training loss of a batch, its squared error on [0, 1] pictures, the pictures made."""
    with autocast:
        z = net.encoder(x)
        y = net.decoder(shaken(z))
    z, made = z.float(), y.float()
    error = made - x
    mean, spread = z.mean(dim=(0, 2, 3)), z.std(dim=(0, 2, 3))
    tidy = mean.square().mean() + spread.clamp_min(1e-3).log().square().mean()
    return cost(error, weight) + 0.01 * tidy, error.detach().square().mean() / 4, made


def shaken(z: Tensor) -> Tensor:
    """Latents with a little noise, each picture's level its own."""
    level = torch.rand(len(z), 1, 1, 1, device=z.device) * NOISE
    return z + level * torch.randn_like(z)


def cost(error: Tensor, weight: Tensor) -> Tensor:
    """The weighed error of pictures (B, 3, H, W), and that of their edges; scalar."""
    each = weight * (error.square() + 0.1 * error.abs())
    return each.mean() + 0.1 * _gradient(error).abs().mean()


def _gradient(x: Tensor) -> Tensor:
    """Differences of neighbours along both axes, flattened: errors of edges."""
    return torch.cat([x.diff(dim=2).flatten(1), x.diff(dim=3).flatten(1)], dim=1)


@torch.no_grad()
def psnr(net: AutoencoderTiny, pictures: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of uint8 pictures (N, H, W, 3), each its own, averaged."""
    values = []
    device = next(net.parameters()).device
    for chunk in np.array_split(pictures, max(1, len(pictures) // 16)):
        x = torch.from_numpy(np.array(chunk)).permute(0, 3, 1, 2).float() / 127.5 - 1
        x = x.to(device)
        y = net.decoder(net.encoder(x)).clamp(-1, 1)
        values.append(-10 * ((y - x) / 2).square().flatten(1).mean(dim=1).log10())
    return float(torch.cat(values).mean())


def export(net: AutoencoderTiny, bank: Bank, folder: Path) -> float:
    """Write the diffusers folder in fp16 with the measured scaling factor; returns the factor."""
    pictures = np.array(bank.images[len(bank) - held_out(len(bank)) :][:64])
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        factor = 1.0 / float(net.encoder(x.to(next(net.parameters()).device)).std())
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


def main(argv: Sequence[str] | None = None) -> bool:
    """Train, export at the end of the budget; whether it is used up."""
    parser = common.arguments("autoencoder", "train mini's autoencoder")
    perceptual.add_options(parser)
    args = parser.parse_args(argv)
    run, bank = common.open_run(args), Bank.open(args.bank)
    where = machine(args, BATCH, GPU_BATCH)
    net = where.place(build())
    where.quick(net.encoder), where.quick(net.decoder)
    opts, ema, extra = optimizers(net), common.Ema(net, 0.998), Crisp(args, where)
    run.keep(net=net, ema=ema, opts=opts, **extra.parts)
    if not args.export_only:
        crops = Crops(bank, where.device)
        train(run, crops, net, opts, ema, extra, args.minutes)
    if not (run.finished or args.export_only):
        return False
    final = where.place(cast(AutoencoderTiny, ema.copy_to(build()))).eval()
    factor = export(final, bank, args.weights / "diffusers" / "vae")
    seen = psnr(final, bank.images[-held_out(len(bank)) :])
    run.log(run.step, held_out_psnr=seen, scaling_factor=factor)
    return True


def train(
    run: common.Run,
    crops: Crops,
    net: AutoencoderTiny,
    opts: list[torch.optim.Optimizer],
    ema: common.Ema,
    extra: Crisp,
    minutes: float,
) -> None:
    """The training loop; ends at a checkpoint."""
    where = extra.where
    mean: Tensor | None = None
    for step in run.budget(minutes):
        done = run.progress(minutes)
        set_rates(opts, where.rate * common.cosine_rate(done))
        x, weight = crops.sample(np.random.default_rng((run.seed, step)), where.batch)
        loss, error, made = loss_terms(net, x, weight, where.autocast())
        loss = extra.loss(loss, made, x, done)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for opt in opts:
            opt.step()
            opt.zero_grad()
        ema.update(net)
        extra.learn(made, x, step, done)
        mean = error if mean is None else 0.98 * mean + 0.02 * error
        if step % 100 == 0:
            level = max(float(mean), 1e-9)
            run.log(step, loss=float(loss.detach()), psnr=float(-10 * np.log10(level)))
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)


if __name__ == "__main__":
    main()
