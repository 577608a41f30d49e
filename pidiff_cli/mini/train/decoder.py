"""Train the autoencoder's decoder on, while its encoder stays as it is.

Latents keep their meaning, so the UNet, the branch and every profile stay valid: pictures only come
out crisper. It sees whole pictures, because what an eye looks like follows from the face around it,
which 64 px crops do not hold. With a network of features (features.py) beside it:

    python -m pidiff_cli.mini.train.decoder --minutes 45 --perceptual 0.5 --adversarial 0.3

begins with the package's autoencoder, resumes, and writes the same folder at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor

from pidiff_cli.mini.train import common, crisp
from pidiff_cli.mini.train.autoencoder import (
    Crops,
    cost,
    held_out,
    optimizers,
    psnr,
    set_rates,
    shaken,
)
from pidiff_cli.mini.train.crisp import Crisp
from pidiff_cli.mini.train.latents import load_autoencoder
from pidiff_cli.mini.train.machine import machine
from pidiff_cli.mini.world.bank import Bank

BATCH, GPU_BATCH = 8, 128  # whole pictures


def main(argv: Sequence[str] | None = None) -> bool:
    """Train, export at the end of the budget; whether it is used up."""
    parser = common.arguments("decoder", "train mini's decoder on")
    crisp.add_options(parser)
    args = parser.parse_args(argv)
    run, bank = common.open_run(args), Bank.open(args.bank)
    where, folder = machine(args, BATCH, GPU_BATCH), args.weights / "diffusers" / "vae"
    net = where.place(load_autoencoder(folder))
    net.decoder.requires_grad_(True)
    where.quick(net.decoder)
    opts, ema, extra = optimizers(net), common.Ema(net.decoder, 0.998), Crisp(args, where)
    if not run.keep(net=net, ema=ema, opts=opts, **extra.parts):
        ema.begin(net.decoder, 0)
    if not args.export_only:
        train(run, bank, net, opts, ema, extra, args.minutes)
    if not (run.finished or args.export_only):
        return False
    ema.copy_to(net.decoder)
    run.log(run.step, held_out_psnr=psnr(net, bank.images[-held_out(len(bank)) :]))
    export(net, folder)
    return True


def loss_terms(
    net: AutoencoderTiny, x: Tensor, weight: Tensor, autocast: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """As the autoencoder's, without a gradient to the encoder: loss, squared error, pictures."""
    with autocast:
        with torch.no_grad():
            z = net.encoder(x)
        y = net.decoder(shaken(z))
    made = y.float()
    error = made - x
    return cost(error, weight), error.detach().square().mean() / 4, made


def train(
    run: common.Run,
    bank: Bank,
    net: AutoencoderTiny,
    opts: list[torch.optim.Optimizer],
    ema: common.Ema,
    extra: Crisp,
    minutes: float,
) -> None:
    """The training loop; ends at a checkpoint."""
    where, level = extra.where, 0.0
    pictures = Crops(bank, where.device, bank.images.shape[1])
    for step in run.budget(minutes):
        done = run.progress(minutes)
        set_rates(opts, where.rate * common.cosine_rate(done))
        x, weight = pictures.sample(np.random.default_rng((run.seed, step)), where.batch)
        base, error, made = loss_terms(net, x, weight, where.autocast())
        loss = extra.loss(base, made, x, done)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.decoder.parameters(), 1.0)
        for opt in opts:
            opt.step()
            opt.zero_grad()
        ema.update(net.decoder)
        extra.learn(made, x, step, done)
        level = float(error) if not level else 0.98 * level + 0.02 * float(error)
        if step % 100 == 0:
            told = {"loss": float(base.detach()), "psnr": float(-10 * np.log10(max(level, 1e-9)))}
            run.log(step, **told)
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)


def export(net: AutoencoderTiny, folder: Path) -> None:
    """Write the folder in fp16; its scaling factor stays, the encoder is the same."""
    net.save_config(folder)
    common.export_fp16(net.state_dict(), folder / "diffusion_pytorch_model.safetensors")


if __name__ == "__main__":
    main()
