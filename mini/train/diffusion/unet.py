"""Train mini's UNet and its general identity branch, side by side, on the cached latents.

Every batch holds pictures drawn from the caption alone and pictures drawn from the caption and
the W+ code of *another* picture of the same person, so the branch learns who, and not which pose
or expression. Text and identity see the same UNet, and with the branch off it is the base. The
localisation map is taught from the start: text attention on the subject's word is held against
the true head mask (L_loc).

``python -m mini.train.diffusion.unet --minutes 60 --threads 2`` trains, resumes, exports.
Needs latents, codes and the text encoder (`mini.train.plan`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from safetensors.torch import load_file
from torch import Tensor, nn

from mini.train import common
from mini.train.autoencoder.autoencoder import set_rates
from mini.train.data.layout import WIDTH
from mini.train.diffusion.data import Batch, Pictures
from mini.train.machine import Machine, ahead, bf16, machine
from mini.train.muon import Muon, split_parameters
from pidiff_cli.core.diffusion.base import save_identity_branch
from pidiff_cli.core.faces.framing import Framing
from pidiff_cli.core.identity.attention import attach
from pidiff_cli.core.identity.context import IdentityContext
from pidiff_cli.core.identity.tokens import MINI_GROUPS, WPlusProjector
from pidiff_cli.core.tensors.packed import unpack
from pidiff_cli.core.training.losses import locate_loss, min_snr_weight

ROWS, TOKEN_DIM, LATENTS = 12, 192, 12
BATCH, GPU_BATCH = 64, 768
MUON_RATE, ADAM_RATE = 3e-3, 1.5e-3
GAMMA = 5.0  # min-SNR
LOCATE = 0.1  # weight of L_loc
LOG_EVERY = 24  # steps
HEAD = 3.0  # weight of head positions on top of 1: eyes and mouths are one or two positions large
#: Of the drawn world: between the 10th and 90th percentile of the bank's pictures.
FRAMING = Framing((0.175, 0.23), (0.455, 0.545), (0.48, 0.56))
UNET: dict[str, Any] = {
    "sample_size": 16,
    "in_channels": LATENTS,
    "out_channels": LATENTS,
    "block_out_channels": (80, 128, 160),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": TOKEN_DIM,
    "attention_head_dim": 4,
    "norm_num_groups": 16,
}
SCHEDULE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
}


class Model(nn.Module):
    """The UNet with its identity branch, and the token projector of W+ codes."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(**UNET)
        self.unet.set_attn_processor(AttnProcessor())  # written out: faster on a CPU in training
        self.context: IdentityContext = attach(self.unet, TOKEN_DIM)
        self.projector = WPlusProjector(ROWS, WIDTH, MINI_GROUPS, TOKEN_DIM)

    def for_gpu(self) -> Model:
        """Self-attention by one fused kernel, as the identity blocks do there by themselves."""
        for name, layer in self.unet.named_modules():
            if name.endswith(".attn1"):
                cast(Any, layer).set_processor(AttnProcessor2_0())
        return self

    def forward(self, z: Tensor, t: Tensor, text: Tensor, batch: Batch) -> Tensor:
        """Predict v (B, C, h, w) for noisy latents z; leaves the maps in ``context.maps``."""
        context = self.context
        context.tokens = self.projector(batch.codes)  # (B, N, C)
        context.subject, context.on = batch.subject, batch.on
        context.record, context.maps = True, []
        return cast(Tensor, self.unet(z, t, encoder_hidden_states=text).sample)


def losses(
    model: Model, batch: Batch, text: Tensor, alphas: Tensor, t: Tensor, noise: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """The batch's loss and its parts; head positions weigh ``1 + HEAD``."""
    a = alphas[t].view(-1, 1, 1, 1)
    noisy = a.sqrt() * batch.latents + (1 - a).sqrt() * noise
    target = a.sqrt() * noise - (1 - a).sqrt() * batch.latents
    with bf16(noise.device):
        predicted = model(noisy, t, text, batch)
    error = (predicted.float() - target).square() * (1 + HEAD * batch.head)  # (B, C, h, w)
    weight = min_snr_weight(alphas[t], GAMMA, "v_prediction")
    each = error.mean(dim=(1, 2, 3)) * weight  # (B,)
    named = batch.rows_named()
    maps = [m[named].float() for m in model.context.maps]
    locate = locate_loss(maps, batch.head[named])
    with torch.no_grad():
        on, off = batch.on, 1 - batch.on
        parts = {
            "text": (each * off).sum() / off.sum(),
            "identity": (each * on).sum() / on.sum(),
            "locate": locate.detach(),
        }
    return each.mean() + LOCATE * locate, parts


def make_optimizers(model: Model) -> list[torch.optim.Optimizer]:
    """Muon for hidden matrices, AdamW for ends, norms and biases."""
    muon, adam = split_parameters(model, ("conv_in", "conv_out", "time_embedding"))
    fused = adam[0].device.type == "cuda"
    return [
        Muon(muon, MUON_RATE, weight_decay=0.01),
        torch.optim.AdamW(adam, ADAM_RATE, fused=fused or None),
    ]


def export(model: Model, weights: Path) -> None:
    """Write UNet, scheduler, pipeline index and the general identity branch."""
    folder = weights / "diffusers"
    own = {k: v for k, v in model.unet.state_dict().items() if "_id." not in k}
    model.unet.save_config(folder / "unet")
    common.export_fp16(own, folder / "unet" / "diffusion_pytorch_model.safetensors")
    DPMSolverMultistepScheduler(**SCHEDULE).save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(INDEX, encoding="utf-8")
    identity = weights / "identity"
    save_identity_branch(
        identity, model.unet, model.projector, closed_vocabulary=True, framing=FRAMING
    )


def take_over(model: Model, weights: Path) -> bool:
    """Begin with the weights in a folder, where there are any of this size; whether there were.

    The bank and the checkpoints are not kept in the repository: this is how a later training
    goes on from a release.
    """
    unet = weights / "diffusers" / "unet" / "diffusion_pytorch_model.safetensors"
    branch, projector = (weights / "identity" / f for f in ("branch", "wproj"))
    files = [unet, *(f.with_suffix(".safetensors") for f in (branch, projector))]
    if not all(file.is_file() for file in files):
        return False
    own, identity, tokens = (unpack(load_file(file)) for file in files)
    wanted = {**model.unet.state_dict(), **model.projector.state_dict()}
    found = {**own, **identity, **tokens}
    if any(value.shape != wanted[key].shape for key, value in found.items()):
        return False
    model.unet.load_state_dict({**own, **identity})
    model.projector.load_state_dict(tokens)
    return True


INDEX = """{
  "_class_name": "StableDiffusionPipeline",
  "_diffusers_version": "0.42.1",
  "feature_extractor": [null, null],
  "image_encoder": [null, null],
  "requires_safety_checker": false,
  "safety_checker": [null, null],
  "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
  "text_encoder": ["transformers", "CLIPTextModel"],
  "tokenizer": ["transformers", "CLIPTokenizer"],
  "unet": ["diffusers", "UNet2DConditionModel"],
  "vae": ["diffusers", "AutoencoderTiny"]
}
"""


def main(argv: Sequence[str] | None = None) -> bool:
    """Train to the end of the budget, exporting now and then; whether it is used up."""
    parser = common.arguments("diffusion", "train mini's UNet and identity branch")
    parser.add_argument("--export-every", type=float, default=10.0, help="minutes between exports")
    args = parser.parse_args(argv)
    run, where = common.open_run(args), machine(args, BATCH, GPU_BATCH)
    on_gpu = where.device.type == "cuda"
    model = where.place(Model(), on_gpu)
    where.quick(model.for_gpu().unet if on_gpu else model.unet)
    opts, ema = make_optimizers(model), common.Ema(model, 0.998)
    resumed = run.keep(model=model, ema=ema, opts=opts)
    if not (resumed or args.fresh) and take_over(model, args.weights):
        ema.begin(model)
    if args.export_only:
        export(cast(Model, ema.copy_to(model)), args.weights)
        return True
    train(run, where, model, opts, ema, args)
    if run.finished:
        export(cast(Model, ema.copy_to(Model())), args.weights)
    return run.finished


def train(
    run: common.Run,
    where: Machine,
    model: Model,
    opts: list[torch.optim.Optimizer],
    ema: common.Ema,
    args: argparse.Namespace,
) -> None:
    """The training loop; ends at a checkpoint."""
    pictures = Pictures(args.bank, args.seed, args.weights, where.device)
    alphas = DPMSolverMultistepScheduler(**SCHEDULE).alphas_cumprod.float().to(where.device)
    plans = ahead(lambda step: pictures.plan(step, where.batch), run.step, where)
    exported = run.spent()
    for step in run.budget(args.minutes):
        set_rates(opts, where.rate * common.cosine_rate(run.progress(args.minutes), floor=0.05))
        batch, t, noise = pictures.realise(next(plans)), *draws(where, step)
        text = pictures.text(batch.ids)
        loss, parts = losses(model, batch, text, alphas, t, noise)
        loss.backward()  # type: ignore[no-untyped-call]
        update(model, opts, ema)
        if step % LOG_EVERY == 0:
            numbers = {name: float(value) for name, value in parts.items()}
            run.log(step, loss=float(loss.detach()), **numbers)
        if run.due():
            run.checkpoint(step + 1)
        if run.spent() - exported > 60 * args.export_every:
            exported = run.spent()
            export(cast(Model, ema.copy_to(Model())), args.weights)
    run.checkpoint(run.step)


def update(model: Model, opts: list[torch.optim.Optimizer], ema: common.Ema) -> None:
    """Move the weights along their gradients, which are used up, and the mean after them."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for opt in opts:
        opt.step()
        opt.zero_grad()
    ema.update(model)


def draws(where: Machine, step: int) -> tuple[Tensor, Tensor]:
    """A step's timesteps (B,), one in each of B equal parts so that the loss varies less, and its
    noise (B, C, 16, 16)."""
    generator = where.generator(step)
    like: dict[str, Any] = {"generator": generator, "device": where.device}
    spread = torch.arange(where.batch, device=where.device) + torch.rand(where.batch, **like)
    t = (spread * (1000 / where.batch)).long().clamp(max=999)
    side = UNET["sample_size"]
    return t, torch.randn(where.batch, LATENTS, side, side, **like)


if __name__ == "__main__":
    main()
