"""Train the autoencoder's decoder on, while its encoder stays as it is.

Latents keep their meaning, so the UNet, the branch and every profile stay valid: pictures only come
out crisper. It sees whole pictures, because what an eye looks like follows from the face around it,
which 64 px crops do not hold. With a network of features (features.py) beside it:

    python -m pidiff_cli.mini.train.decoder --minutes 45 --perceptual 0.5 --adversarial 0.3

begins with the package's autoencoder, resumes, and writes the same folder at the end.

What the encoder has thrown away no decoder brings back. With --encoder WEIGHT it learns as well,
and WEIGHT times the squared distance holds its latents to those it gave before. A UNet must then
be trained on with the new latents; it begins nearer to them than a new one would. --channels and
--encoder-blocks make both larger first (widen.py).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
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
    shaken,
    train,
)
from pidiff_cli.mini.train.crisp import Crisp
from pidiff_cli.mini.train.latents import load_autoencoder
from pidiff_cli.mini.train.machine import machine, to_pm1
from pidiff_cli.mini.train.widen import enlarge
from pidiff_cli.mini.world.bank import Bank

BATCH, GPU_BATCH = 8, 128  # whole pictures


def main(argv: Sequence[str] | None = None) -> bool:
    """Train, export at the end of the budget; whether it is used up."""
    parser = common.arguments("decoder", "train mini's decoder on")
    parser.add_argument("--encoder", type=float, default=0.0, metavar="WEIGHT", help="learns too")
    parser.add_argument("--channels", type=int, help="inside, as many or more")
    parser.add_argument(
        "--encoder-blocks", type=int, nargs=4, metavar="N", help="a stage, as many or more"
    )
    crisp.add_options(parser)
    args = parser.parse_args(argv)
    run, bank = common.open_run(args), Bank.open(args.bank)
    where, folder = machine(args, BATCH, GPU_BATCH), args.weights / "diffusers" / "vae"
    net = where.place(larger(load_autoencoder(folder), args.channels, args.encoder_blocks))
    net.decoder.requires_grad_(True)
    anchor = Anchor(net, args.encoder)
    where.quick(net.decoder)
    opts, ema, extra = optimizers(net), common.Ema(net, 0.998), Crisp(args, where)
    if not run.keep(net=net, ema=ema, opts=opts, **extra.parts):
        ema.begin(net, 0)
    if not args.export_only:
        pictures = Crops(bank, where.device, bank.images.shape[1])
        terms = partial(loss_terms, anchor)
        train(run, pictures, net, terms, opts, ema, extra, args.minutes)
    if not (run.finished or args.export_only):
        return False
    ema.copy_to(net)
    held = bank.images[-held_out(len(bank)) :]
    before = psnr(where.place(load_autoencoder(folder)), held)
    run.log(run.step, before=before, held_out_psnr=psnr(net, held), moved=anchor.moved(net, held))
    export(net, folder)
    return True


def larger(
    net: AutoencoderTiny, channels: int | None, encoder_blocks: Sequence[int] | None
) -> AutoencoderTiny:
    """The network with as many channels and blocks as are asked for. SystemExit if that is less."""
    if channels is None and encoder_blocks is None:
        return net
    try:
        return enlarge(
            net, channels or max(net.config["encoder_block_out_channels"]), encoder_blocks
        )
    except ValueError as error:
        raise SystemExit(f"--channels, --encoder-blocks: {error}") from error


class Anchor:
    """The encoder as it was: what holds one that learns.

    Args:
        net: before its training. weight: of the squared distance; 0 and the encoder does not learn.
    """

    def __init__(self, net: AutoencoderTiny, weight: float) -> None:
        self.weight = weight
        self.before = copy.deepcopy(net.encoder) if weight else net.encoder
        net.encoder.requires_grad_(bool(weight))

    def latents(self, net: AutoencoderTiny, x: Tensor) -> tuple[Tensor, Tensor]:
        """The latents of pictures, and what their distance costs."""
        if not self.weight:
            with torch.no_grad():
                return net.encoder(x), x.new_zeros(())
        z = net.encoder(x)
        with torch.no_grad():
            aim = self.before(x)
        return z, self.weight * (z.float() - aim.float()).square().mean()

    @torch.no_grad()
    def moved(self, net: AutoencoderTiny, pictures: np.ndarray) -> float:
        """Root mean square of the latents' way, of pictures u8 (N, H, W, 3); they spread by 1."""
        x = to_pm1(torch.from_numpy(np.array(pictures[:64]))).to(next(net.parameters()).device)
        return float((net.encoder(x) - self.before(x)).square().mean().sqrt())


def loss_terms(
    anchor: Anchor, net: AutoencoderTiny, x: Tensor, weight: Tensor, autocast: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """The loss of a batch, its squared error on [0, 1] pictures, the pictures made."""
    with autocast:
        z, away = anchor.latents(net, x)
        y = net.decoder(shaken(z))
    made = y.float()
    error = made - x
    return cost(error, weight) + away, error.detach().square().mean() / 4, made


def export(net: AutoencoderTiny, folder: Path) -> None:
    """Write the folder in fp16; its scaling factor stays, the latents are nearly the same."""
    net.save_config(folder)
    common.export_fp16(net.state_dict(), folder / "diffusion_pytorch_model.safetensors")


if __name__ == "__main__":
    main()
