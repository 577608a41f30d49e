"""L_id of the general branch: drawn faces are held against the person's other pictures (ours).

The noise error of a picture is mostly pose, light and cloth; who it is is the smallest part of it.
So on some steps a few people are drawn, as users draw them: from noise, by a few guided steps, with
the code of their bare heads. Among the means of all people's photos their faces' embeddings are to
be nearest to their own (a softmax over the cosines): more of the likeness that everybody has is
worth nothing, what tells people apart is. The gradient goes through the last steps, the autoencoder
and the embedder (truncated back-propagation as in Clark et al., "Directly fine-tuning diffusion
models on differentiable rewards", 2023). Over thousands of people and beside the noise error it
cannot bend one face to the embedder's taste, as it does when one person is tuned with it.

Drawn are only photos of people without anything on their heads: an embedder pays for bare heads,
and a chef is to keep the hat. The judge's networks, which measure likeness, are not used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.diffusion.drawn import DrawnSettings, draw_learning
from pidiff_cli.core.identity.likeness import FaceReader
from pidiff_cli.mini.train.aligned import ALIGNED
from pidiff_cli.mini.train.diffusion_data import HATTED, Pictures
from pidiff_cli.mini.train.machine import bf16
from pidiff_cli.mini.train.stylegan_parts import to_pm1

SETTINGS = DrawnSettings()
TEMPERATURE = 0.05  # of the cosines
CHUNK = 64


class DrawnPeople:
    """The term for one training; ``loss(model, step, count)`` is a function of the step.

    Args:
        pictures: the bank as the UNet's training sees it.
        weights: mini's weights, for the autoencoder and the face networks.
        schedule: settings of the noise schedule.
    """

    def __init__(
        self,
        pictures: Pictures,
        weights: Path,
        schedule: dict[str, Any],
        aligned: Path = ALIGNED,
    ) -> None:
        self.pictures, self.device = pictures, pictures.device
        self.reader = FaceReader.open(weights / "faces")
        self.embedder = cast(nn.Module, self.reader.embedder).to(self.device)
        vae: Any = AutoencoderTiny.from_pretrained(weights / "diffusers" / "vae")
        self.vae = vae.float().eval().requires_grad_(False).to(self.device)
        self.scheduler = DPMSolverMultistepScheduler(**schedule)
        hatted = np.asarray([role in HATTED for role in pictures.roles])
        bare = pictures.usable[: pictures.count] > 1
        several = np.asarray([len(others) > 0 for others in pictures.bare])
        self.rows = np.flatnonzero(bare & several & ~hatted)
        _, who = np.unique(pictures.persons[self.rows], return_inverse=True)
        self.who = torch.from_numpy(who)  # (R,) place of each row's person
        self.means = self._means(np.load(aligned / "plain.npy", mmap_mode="r"))

    @torch.no_grad()
    def _means(self, plain: np.ndarray) -> Tensor:
        """Unit means (P, E) of the people's photos, those of ``rows``."""
        found = []
        for part in np.array_split(self.rows, max(1, len(self.rows) // CHUNK)):
            found.append(self.embedder(to_pm1(plain[part]).to(self.device)).float().cpu())
        vectors = torch.cat(found)
        sums = torch.zeros(int(self.who.max()) + 1, vectors.shape[1])
        return F.normalize(sums.index_add_(0, self.who, vectors), dim=-1).to(self.device)

    def loss(self, model: nn.Module, step: int, count: int) -> Tensor | None:
        """Cross-entropy of ``count`` drawn people's faces; None where no face was found."""
        rng = np.random.default_rng((self.pictures.seed, step, 1))
        picked = rng.choice(len(self.rows), min(count, len(self.rows)), replace=False)
        codes, ids, subject = self.pictures.wishes(self.rows[picked], rng)
        side = int(cast(Any, model).unet.config.sample_size)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        noise = torch.randn(
            len(picked), self.vae.config.latent_channels, side, side, generator=generator
        )
        latents = self._draw(cast(Any, model), noise.to(self.device), codes, ids, subject)
        with bf16(self.device):
            drawn = self.vae.decode(latents / self.vae.config.scaling_factor).sample.float()
        found = [
            (k, v) for k, x in enumerate(drawn) if (v := self.reader.embed_drawn(x)) is not None
        ]
        if not found:
            return None
        right = self.who[[int(picked[k]) for k, _ in found]].to(self.device)
        vectors = torch.stack([v for _, v in found]).float()  # (B, E)
        return F.cross_entropy(vectors @ self.means.T / TEMPERATURE, right)

    def _draw(
        self, model: Any, latents: Tensor, codes: Tensor, ids: Tensor, subject: Tensor
    ) -> Tensor:
        """Latents (B, C, h, w) from noise; gradient through the last steps, with identity only."""
        text = self.pictures.text(ids)
        empty = torch.from_numpy(self.pictures.empty).long()[None].to(ids)
        nothing = self.pictures.text(empty).expand(len(latents), -1, -1)

        def without(x: Tensor, t: Tensor) -> Tensor:
            model.context.clear()
            return self._predict(model, x, t, nothing)

        def along(x: Tensor, t: Tensor) -> Tensor:
            with bf16(x.device):
                model.context.tokens, model.context.subject = model.projector(codes), subject
            return self._predict(model, x, t, text)

        latents = draw_learning(self.scheduler, latents, SETTINGS, without, along)
        model.context.clear()
        return latents

    @staticmethod
    def _predict(model: Any, x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        with bf16(x.device):
            return cast(Tensor, model.unet(x, t, encoder_hidden_states=text).sample.float())


def add_gradient(model: nn.Module, loss: Tensor, share: float) -> None:
    """Add a term's gradient to what is there, scaled to ``share`` of its length."""
    weights = [p for p in model.parameters() if p.requires_grad and p.grad is not None]
    found = torch.autograd.grad(loss, weights, allow_unused=True)
    pairs = [(p, g) for p, g in zip(weights, found, strict=True) if g is not None]
    there = torch.linalg.vector_norm(torch.stack([cast(Tensor, p.grad).norm() for p in weights]))
    own = torch.linalg.vector_norm(torch.stack([g.norm() for _, g in pairs]))
    factor = share * there / own.clamp_min(1e-12)
    for weight, gradient in pairs:
        cast(Tensor, weight.grad).add_(gradient * factor)
