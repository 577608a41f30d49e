"""Steps of a tuning as `tune` computes them, on mini or on random weights of a real base's size."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import nn

from benchmarks.places import WEIGHTS
from benchmarks.speed.cuda_steps import CODES, build
from benchmarks.tuning import Person, Tuning, make_job
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, TextStates
from pidiff_cli.core.diffusion.single_file import CONFIGS
from pidiff_cli.core.identity.adapter import place_projector
from pidiff_cli.core.identity.attention import attach
from pidiff_cli.core.identity.tokens import fresh_projector
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.tune.data import captions
from pidiff_cli.stages.tune.loop import train
from pidiff_cli.stages.tune.state import Run

CAPTION = {"mini": 32, "sd15": 77, "sdxl": 77}  # text tokens
Act = Callable[[], object]
Case = list[tuple[float, Act]]  # parts of a mean step with their weights
PICTURES = 24  # cached latents, as `tune` keeps


class Steps:
    """A tuning in this process, step by step, by the loop of `tune` itself.

    Args:
        base: with nothing on its UNet but the branch, or bare. family: mini, sd15 or sdxl, of
            which all but mini get random text states.
    """

    def __init__(
        self, base: Base, family: str, settings: Tuning, person: Person, plan: Plan | None = None
    ) -> None:
        self.preserve_share = settings.config.preserve_share
        if family == "mini":
            self.job = make_job(base, family, settings, person, captions(base, "person"))
        else:
            texts = _texts(base, family, 2)
            self.job = make_job(base, family, settings, person, _captions(family), texts, plan)
        self.current = Run()

    def step(self) -> None:
        """One optimizer step: a run of the loop that ends after it."""
        self.job.config = replace(self.job.config, steps=self.current.step + 1)
        train(self.job, self.current, Progress())

    def checking(self, share: float) -> None:
        """Let so many steps check the preserve term; 0 or 1 make every step alike."""
        training = self.job.training
        training.settings = replace(training.settings, preserve_share=share)


def halves(steps: Steps) -> Case:
    """A step without and one with the preserve term, weighed by the recipe's share."""

    def act(share: float) -> Act:
        def step() -> None:
            steps.checking(share)
            steps.step()

        return step

    share = steps.preserve_share
    return [(1 - share, act(0.0)), (share, act(1.0))]


def nobody() -> Person:
    """Random latents and codes of mini's own shapes."""
    base = load_base(WEIGHTS)
    return random_person(128, base.latent_channels, (base.rows, base.dim))


def without_codes(person: Person) -> Person:
    """The same pictures, for a bare base."""
    return replace(person, codes=None, mean=None)


def real_base(
    family: str,
    device: torch.device,
    branch: bool = True,
    nf4: bool = False,
    config: dict[str, Any] | None = None,
) -> Base:
    """A UNet of the real size with random bf16 weights; nothing else of the base is made.

    Args:
        branch: with the identity branch. nf4: linears in 4 bits.
        config: of the parts, in the place of the family's own.
    """
    config = config or json.loads((CONFIGS / f"{family}.json").read_text())
    return base_of(build(config["unet"], nf4, device, branch), config["scheduler"], device, branch)


def base_of(unet: nn.Module, scheduler: dict[str, Any], device: torch.device, branch: bool) -> Base:
    """A base that has a UNet and nothing else."""
    nothing = cast(Any, None)
    vae = SimpleNamespace(config=SimpleNamespace(block_out_channels=[0] * 4))
    rows, dim = CODES if branch else (0, 0)
    return Base(
        unet, cast(Any, vae), nothing, None, scheduler, cast(Any, unet).identity_context,
        rows, dim, False, device, torch.bfloat16,
    )  # fmt: skip


def copied(base: Base, branch: bool = True) -> Base:
    """A base whose UNet shares the frozen weights, without adapters, and bare where asked."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    config = cast(Any, base.unet).config
    with torch.device("meta"):
        unet = cast(nn.Module, UNet2DConditionModel.from_config(config))
        width = int(config.cross_attention_dim)
        cast(Any, unet).identity_context = attach(unet, width if branch else None)
        if branch:
            place_projector(unet, fresh_projector(*CODES, width))
    state = {
        key.replace(".base_layer", "").replace(".original_module", ""): value
        for key, value in base.unet.state_dict().items()
        if "lora_" not in key and "modules_to_save" not in key
    }
    names = unet.state_dict().keys()
    unet.load_state_dict({key: state[key] for key in names}, assign=True)
    unet.requires_grad_(False)
    return base_of(unet, base.scheduler_config, base.device, branch)


def random_person(size: int, channels: int, codes: tuple[int, int]) -> Person:
    """Latents, masks and codes of nobody."""
    generator, side = torch.Generator().manual_seed(0), size // 8
    z = torch.randn(PICTURES, channels, side, side, generator=generator)
    mask = torch.zeros(PICTURES, 1, side, side)
    mask[..., side // 4 : -side // 4, side // 4 : -side // 4] = 1
    w = 0.3 * torch.randn(1, *codes, generator=generator)
    data = LatentSet(z, mask, torch.zeros(PICTURES, dtype=torch.long))
    return Person((data, data), w, w[0])


def timed(act: Callable[[], object], count: int, device: torch.device) -> tuple[float, float]:
    """Wall and CPU seconds a call, the mean of ``count``."""
    _wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        act()
    _wait(device)
    return (time.perf_counter() - wall) / count, (time.process_time() - cpu) / count


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _captions(family: str) -> list[EncodedPrompt]:
    subject = torch.zeros(CAPTION[family])
    subject[5] = 1
    ids = torch.zeros(CAPTION[family], dtype=torch.long)
    return [EncodedPrompt("a photo of a person", ids, subject, (), "", None)]


def _texts(base: Base, family: str, count: int) -> TextStates:
    """Random text states (count, S, D) in the place of the text encoder's."""
    shape = count, CAPTION[family], cast(Any, base.unet).config.cross_attention_dim
    tokens = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    tokens = tokens.to(base.device, base.dtype)
    pooled = tokens.new_zeros(count, pooled_width(base)) if family == "sdxl" else None
    return TextStates(tokens, pooled)


def pooled_width(base: Base) -> int:
    """Numbers of XL's pooled text beside the six of its sizes."""
    unet = cast(Any, base.unet)
    return int(unet.add_embedding.linear_1.in_features - 6 * unet.config.addition_time_embed_dim)


def same_weights(unet: nn.Module, config: dict[str, Any]) -> nn.Module:
    """A stock UNet that shares the frozen weights of one with a branch; no memory of its own."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        stock = cast(nn.Module, UNet2DConditionModel.from_config(config))
    stock.load_state_dict(
        {k: v for k, v in unet.state_dict().items() if "_id." not in k and "identity_" not in k},
        assign=True,
    )
    return stock
