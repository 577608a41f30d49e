"""L_id: draw pictures in a few steps and hold their faces against the person's photos (ours).

The noise error of METHOD.md section 5 says little about who a face is: on a small base most of it
is pose and light. This loss asks what the person asks: does the drawn face look like the photos?
The gradient goes through the last steps of the drawing, the autoencoder and the face embedder
(truncated back-propagation as in Clark et al., "Directly fine-tuning diffusion models on
differentiable rewards", 2023).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt, subjects, text_states
from pidiff_cli.core.identity.adapter import identity_tokens

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

WISHES = (
    "", "in a garden", "in a library", "as a doctor", "looking sad", "in the forest", "as a king",
    "laughing",
)  # fmt: skip
"""What is drawn while tuning, as far as the base knows the words."""


@dataclass(frozen=True)
class DrawnSettings:
    """How the pictures of L_id are drawn.

    Attributes:
        steps: denoising steps. last: how many of them, from the end, carry gradient.
        guidance: as pictures are drawn later. count: pictures a training step. size: px.
    """

    steps: int = 6
    last: int = 2
    guidance: float = 3.0
    count: int = 2
    size: int = 128


def draw_learning(
    scheduler: Any,
    latents: Tensor,
    settings: DrawnSettings,
    without: Callable[[Tensor, Tensor], Tensor],
    along: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Latents (B, C, h, w) from noise of unit variance; gradient through ``along`` in the last
    steps. ``without`` and ``along`` predict from latents and timestep without and with the prompt.
    """
    s = settings
    scheduler.set_timesteps(s.steps, device=latents.device)
    latents = latents * scheduler.init_noise_sigma
    for i, t in enumerate(scheduler.timesteps):
        x = scheduler.scale_model_input(latents, t)
        with torch.no_grad():
            free = without(x, t)
        with torch.set_grad_enabled(i >= s.steps - s.last):
            guided = free + s.guidance * (along(x, t) - free)
            latents = scheduler.step(guided, t, latents, return_dict=False)[0]
    return latents


class DrawnLikeness:
    """The loss, for one person.

    Args:
        base: with the person's adapter on its UNet.
        mean: (L, D) the person's W+ code.
        prompts: what to draw; one at random for every picture.
        embed: a picture (3, H, W) in [-1, 1] to its face's embedding (E,), with gradient; None
            where there is no face.
        target: (E,) unit length, the person's photos.
    """

    def __init__(
        self,
        base: Base,
        mean: Tensor,
        prompts: list[EncodedPrompt],
        embed: Callable[[Tensor], Tensor | None],
        target: Tensor,
        settings: DrawnSettings,
    ) -> None:
        self.base, self.embed, self.target, self.settings = base, embed, target, settings
        self.mean = mean.to(base.device, base.dtype)
        everything = [*prompts, encode_prompt(base, "", "")]  # the empty one last
        self.texts = text_states(base, everything)
        self.subjects = subjects(everything, base.device)
        self.subjects[-1] = 0

    def loss(self, generator: torch.Generator) -> Tensor | None:
        """Mean of 1 - cosine over the drawn faces; None where no face was drawn."""
        count = self.settings.count
        which = torch.randint(len(self.texts) - 1, (count,), generator=generator)
        side = self.settings.size // self.base.vae_factor
        shape = (count, self.base.latent_channels, side, side)
        noise = torch.randn(shape, generator=generator).to(self.base.device, self.base.dtype)
        latents = self._draw(noise, which)
        pictures = self.base.decode(latents, grad=True)  # (B, 3, H, W)
        faces = [face for picture in pictures if (face := self.embed(picture)) is not None]
        if not faces:
            return None
        return 1 - (torch.stack(faces).float() @ self.target).mean()

    def _draw(self, latents: Tensor, which: Tensor) -> Tensor:
        """Latents (B, C, h, w) from noise; gradient through the last steps, with identity only."""
        tokens = identity_tokens(self.base.unet, self.mean[None]).expand(len(which), -1, -1)
        nothing = torch.full_like(which, len(self.texts) - 1)
        try:
            return draw_learning(
                self.base.scheduler(), latents, self.settings,
                lambda x, t: self._predict(x, t, nothing, None),
                lambda x, t: self._predict(x, t, which, tokens),
            )  # fmt: skip
        finally:
            self.base.context.clear()

    def _predict(self, x: Tensor, t: Tensor, which: Tensor, tokens: Tensor | None) -> Tensor:
        context = self.base.context
        context.clear()
        context.scale, context.use_map = 1.0, True
        context.tokens, context.subject = tokens, self.subjects[which]
        text = self.texts[which]
        added = text.added(self.settings.size, self.settings.size)
        unet = cast(Any, self.base.unet)
        return cast(Tensor, unet(x, t, encoder_hidden_states=text.tokens, **added).sample)
