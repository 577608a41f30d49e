"""The noise error of mini's UNet on drawings of people it has never seen, of several weights.

    python -m benchmarks.quality.held_loss  # the package's
    python -m benchmarks.quality.held_loss pidiff_cli/weights/mini other/weights

A training's own log cannot tell a longer training from a lower rate at its end, and rank-1 of a
hundred pictures is good to 0.04. This is good to a few 0.0001: the same pictures, captions, noise
and timesteps for all weights, and people from 3,000,000 on, whom nothing else draws. Prints the
training's loss (v-prediction, min-SNR weighted) without an identity and with the mean code of one
and of four photos, over all positions and over those of the head.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.commands import command_line
from benchmarks.drawings import to_tensor
from benchmarks.places import WEIGHTS
from mini.train.data.aligned import HEAD_LABELS
from mini.train.wplus.more_codes import encoder, read, white_faces
from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.registry import NARROW, WORLDS, World
from mini.world.render import draw
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import encode_prompt, subjects, text_states
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.training.schedule import NoiseSchedule
from pidiff_cli.core.training.step import identity_on

FIRST, SEED, SIDE = 3_000_000, 31, 128
BATCH, GAMMA = 64, 5.0
CPU = torch.device("cpu")


def scenes(people: list[int], each: int, world: World) -> dict[str, Any]:
    """``each`` pictures of everybody (N, 3, 128, 128) in [-1, 1], the share of head in every latent
    position (N, 1, 16, 16), captions and the word for the person in each."""
    pictures, heads, captions, nouns = [], [], [], []
    for number in people:
        person, rng = sample_person(number), np.random.default_rng([SEED, number])
        for _ in range(each):
            made = draw(person, sample_context(rng, world), SIDE)
            pictures.append(made.rgb)
            heads.append(np.isin(made.labels, HEAD_LABELS))
            captions.append(made.caption)
            nouns.append(person.noun)
    head = torch.from_numpy(np.stack(heads)).float()[:, None]
    share = F.avg_pool2d(head, SIDE // 16)  # (N, 1, 16, 16)
    return {"x": to_tensor(np.stack(pictures)), "head": share, "text": captions, "noun": nouns}


def codes_of(people: list[int], each: int, photos: int, weights: Path) -> Tensor:
    """Everybody's mean W+ code of so many photos, for each of their pictures (N, L, D)."""
    white = white_faces(people, photos, NARROW)
    codes = torch.from_numpy(read(white, encoder(weights, CPU), CPU)).float()
    mean = codes.view(len(people), photos, *codes.shape[1:]).mean(1)
    return mean.repeat_interleave(each, 0)


@torch.no_grad()
def errors(base: Base, made: dict[str, Any], codes: Tensor | None) -> tuple[float, float]:
    """Mean loss over all positions and over the head's; codes (N, L, D) or none."""
    schedule, whole, face = NoiseSchedule.of(base), [], []
    for first in range(0, len(made["x"]), BATCH):
        part = slice(first, first + BATCH)
        latents, head = base.encode(made["x"][part]), made["head"][part]
        n, generator = len(latents), torch.Generator().manual_seed(first)
        t = ((torch.arange(n) + torch.rand(n, generator=generator)) * (1000 / n)).long()
        noise = torch.randn(latents.shape, generator=generator)
        words = zip(made["text"][part], made["noun"][part], strict=True)
        prompts = [encode_prompt(base, text, noun) for text, noun in words]
        base.context.clear()
        if codes is not None:
            tokens = identity_tokens(base.unet, codes[part])
            identity_on(base.context, tokens, subjects(prompts, CPU))
            base.context.record = False
        states = text_states(base, prompts).tokens
        found = base.unet(schedule.noisy(latents, noise, t), t, encoder_hidden_states=states).sample
        off = (found - schedule.target(latents, noise, t)).square().mean(1, keepdim=True)
        off = off * schedule.weight(t, GAMMA).view(-1, 1, 1, 1)  # (B, 1, h, w)
        whole.append(off.mean(dim=(1, 2, 3)))
        face.append((off * head).sum(dim=(1, 2, 3)) / head.sum(dim=(1, 2, 3)))
    base.context.clear()
    return float(torch.cat(whole).mean()), float(torch.cat(face).mean())


def main() -> None:
    """A line of JSON for each folder of weights."""
    parser = command_line("benchmarks.quality.held_loss", __doc__)
    parser.add_argument("weights", nargs="*", type=Path, default=[WEIGHTS])
    parser.add_argument("--people", type=int, default=96)
    parser.add_argument("--each", type=int, default=4, help="pictures a person")
    parser.add_argument("--world", choices=("narrow", "broad"), default=NARROW.name)
    args = parser.parse_args()
    torch.set_num_threads(1)
    people = list(range(FIRST, FIRST + args.people))
    made = scenes(people, args.each, WORLDS[args.world])
    for folder in args.weights:
        base = load_base(folder, CPU, torch.float32)
        row: dict[str, list[float]] = {}
        for photos in (0, 1, 4):
            codes = codes_of(people, args.each, photos, folder) if photos else None
            row[f"photos {photos}"] = [round(part, 5) for part in errors(base, made, codes)]
        print(json.dumps({"weights": str(folder), **row}), flush=True)


if __name__ == "__main__":
    main()
