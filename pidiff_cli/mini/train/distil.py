"""Teach mini's finished UNet to take with one step where it took two, until few steps suffice.

Progressive distillation (Salimans and Ho 2022, algorithm 2) in v-prediction, on mini's own
schedule and trailing timesteps. Guidance stays outside: captions are dropped as in the training,
so the student keeps both predictions. One DDIM step of the student is to land where two of the
teacher land; then the student is the next teacher.

``python -m pidiff_cli.mini.train.distil --minutes 30 --to 8`` reads and writes the weights folder.
Not part of the chain, and not measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, cast

import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from pidiff_cli.core.identity.losses import min_snr_weight
from pidiff_cli.mini.train import common
from pidiff_cli.mini.train.autoencoder import set_rates
from pidiff_cli.mini.train.diffusion import (
    GAMMA,
    HEAD,
    LATENTS,
    SCHEDULE,
    UNET,
    UNETS,
    Model,
    export,
    make_optimizers,
    take_over,
)
from pidiff_cli.mini.train.diffusion_data import Batch, Pictures
from pidiff_cli.mini.train.layout import Layout
from pidiff_cli.mini.train.machine import Machine, ahead, bf16, machine

BATCH, GPU_BATCH = 64, 768
RATE = 0.2  # times the rates of the training


class Round:
    """Which halving is under way; part of the checkpoint."""

    number = 0

    def state_dict(self) -> dict[str, Any]:
        """The number."""
        return {"number": self.number}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.number = int(state["number"])


def grid(alphas: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Trailing timesteps (S,) ascending, and their alphas (S + 1,) with 1 (no noise) before."""
    count = len(alphas)
    t = torch.arange(1, steps + 1, device=alphas.device) * count // steps - 1  # (S,)
    return t, torch.cat([alphas.new_ones(1), alphas[t]])


def ddim(x: Tensor, v: Tensor, now: Tensor, then: Tensor) -> Tensor:
    """One DDIM step of x (B, C, h, w) with predicted v, from alpha `now` (B,) to `then` (B,)."""
    a, b = (value.view(-1, 1, 1, 1) for value in (now, then))
    clean = a.sqrt() * x - (1 - a).sqrt() * v
    noise = (1 - a).sqrt() * x + a.sqrt() * v
    return b.sqrt() * clean + (1 - b).sqrt() * noise


def aim(x: Tensor, landed: Tensor, now: Tensor, then: Tensor) -> Tensor:
    """The v with which one DDIM step from x at alpha `now` lands at `landed` at alpha `then`."""
    a, b = (value.view(-1, 1, 1, 1) for value in (now, then))
    ratio = ((1 - b) / (1 - a)).sqrt()
    clean = (landed - ratio * x) / (b.sqrt() - ratio * a.sqrt())
    noise = (x - a.sqrt() * clean) / (1 - a).sqrt()
    return a.sqrt() * noise - (1 - a).sqrt() * clean


def distil_loss(
    student: Model,
    teacher: Model,
    batch: Batch,
    text: Tensor,
    alphas: Tensor,
    steps: int,
    k: Tensor,
    noise: Tensor,
) -> Tensor:
    """Scalar; `steps` are the student's, `k` (B,) which of them (0 the last, least noisy)."""
    t, levels = grid(alphas, 2 * steps)
    start, middle, end = (levels[2 * k + shift] for shift in (2, 1, 0))  # alphas (B,)
    wide = start.view(-1, 1, 1, 1)
    x = wide.sqrt() * batch.latents + (1 - wide).sqrt() * noise
    with torch.no_grad(), bf16(noise.device):
        half = ddim(x, teacher(x, t[2 * k + 1], text, batch).float(), start, middle)
        landed = ddim(half, teacher(half, t[2 * k], text, batch).float(), middle, end)
    with bf16(noise.device):
        v = student(x, t[2 * k + 1], text, batch)
    error = (v.float() - aim(x, landed, start, end)).square() * (1 + HEAD * batch.head)
    weight = min_snr_weight(start, GAMMA, "v_prediction")
    return (error.mean(dim=(1, 2, 3)) * weight).mean()


def halvings(first: int, last: int) -> list[int]:
    """The student's steps of each round: 32 to 8 gives 16, 8. SystemExit where it does not."""
    found = []
    while first > last:
        first //= 2
        found.append(first)
    if not found or found[-1] != last:
        raise SystemExit("--from must be --to times two, four, eight, …")
    return found


def main(argv: Sequence[str] | None = None) -> bool:
    """Distil, export at the end of the budget; whether it is used up."""
    parser = common.arguments("distil", "fewer steps for mini's UNet")
    parser.add_argument("--unet", choices=tuple(UNETS), default="small")
    parser.add_argument("--from", dest="first", type=int, default=32, help="steps of the teacher")
    parser.add_argument("--to", type=int, default=8, help="steps of the last student")
    args = parser.parse_args(argv)
    run, where = common.open_run(args), machine(args, BATCH, GPU_BATCH)
    last, layout = where.device.type == "cuda", Layout.read(args.bank)
    model, teacher = (where.place(Model(args.unet, layout.width), last) for _ in range(2))
    opts, ema, current = make_optimizers(model), common.Ema(model, 0.99), Round()
    if not run.keep(model=model, teacher=teacher, ema=ema, opts=opts, round=current):
        if not (take_over(model, args.weights) and take_over(teacher, args.weights)):
            raise SystemExit(f"There is no UNet of this size in {args.weights}: train it first.")
        ema.begin(model, 0)
    teacher.requires_grad_(False)
    if not args.export_only:
        train(run, where, (model, teacher), opts, ema, current, args)
    if run.finished or args.export_only:
        export(cast(Model, ema.copy_to(model.like())), args.weights, layout.world)
    return run.finished


def train(
    run: common.Run,
    where: Machine,
    nets: tuple[Model, Model],
    opts: list[torch.optim.Optimizer],
    ema: common.Ema,
    current: Round,
    args: argparse.Namespace,
) -> None:
    """The training loop; ends at a checkpoint."""
    (model, teacher), rounds = nets, halvings(args.first, args.to)
    pictures = Pictures(args.bank, args.seed, args.weights, where.device)
    alphas = DPMSolverMultistepScheduler(**SCHEDULE).alphas_cumprod.float().to(where.device)
    plans = ahead(lambda step: pictures.plan(step, where.batch), run.step, where)
    side = UNET["sample_size"]
    for step in run.budget(args.minutes):
        done = run.progress(args.minutes) * len(rounds)
        if int(done) > current.number:
            current.number = int(done)
            ema.copy_to(teacher), ema.copy_to(model)
        steps = rounds[current.number]
        set_rates(opts, RATE * where.rate * common.cosine_rate(done - current.number))
        like: dict[str, Any] = {"generator": where.generator(step), "device": where.device}
        batch = pictures.realise(next(plans))
        k = torch.randint(steps, (where.batch,), **like)
        noise = torch.randn(where.batch, LATENTS, side, side, **like)
        loss = distil_loss(model, teacher, batch, pictures.text(batch.ids), alphas, steps, k, noise)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in opts:
            opt.step()
            opt.zero_grad()
        ema.update(model)
        if step % 25 == 0:
            run.log(step, loss=float(loss.detach()), steps=steps)
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)


if __name__ == "__main__":
    main()
