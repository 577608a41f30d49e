"""Codes of photos that the encoder misses, sought among the codes that its drawings have.

An encoder that learnt from drawings reads a photograph as some other face: dark skin comes out
fair, white hair brown. Its generator can draw the colours, but codes that are moved there freely
are like none that the UNet has seen. So the code is sought along the main directions in which the
codes of drawn people differ, each in units of its spread, and is kept near their middle: the most
likely code that draws the photo (maximum a posteriori under a normal prior). Mouth and eyes count
more than their few pixels: a smile is small in a picture, and large to whoever looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from pidiff_cli.core.images import resized
from pidiff_cli.core.tensors.load import read_tensors
from pidiff_cli.core.tensors.packed import pack
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.inversion import Refined, frozen, invert, picture_error
from pidiff_cli.core.wplus.stylegan2 import Generator
from pidiff_cli.core.wplus.weights import PRIOR_FILE

COUNT = 128  # directions; they hold 0.99 of the variance of mini's codes
STEPS, RATE = 30, 0.15  # of Adam, in spreads; 60 steps of 0.1 draw the same pictures
NEAR = 5e-4  # what a squared spread costs, in mean absolute error of the picture
#: Places of an aligned face that count more: x, y, their spreads (in sides), and by how much.
FEATURES = (
    (0.50, 0.71, 0.10, 0.05, 8.0),  # the mouth
    (0.37, 0.47, 0.06, 0.04, 4.0),
    (0.62, 0.47, 0.06, 0.04, 4.0),
)
START = 0.8  # of the encoder's code: what it reads of a photo goes beyond the spread
READ = 0.5  # of the way from a sought code to what the encoder reads in its picture


@dataclass(frozen=True)
class CodePrior:
    """Where codes of faces lie.

    Attributes:
        mean: (L, D). basis: (K, L, D), orthogonal, each as long as the codes' standard deviation
            along it.
    """

    mean: Tensor
    basis: Tensor

    @classmethod
    def of(cls, codes: Tensor, count: int = COUNT) -> CodePrior:
        """Of codes (N, L, D): their main directions, ``count`` of them or as many as there are."""
        flat = codes.flatten(1).double()
        mean = flat.mean(0)
        variance, directions = torch.linalg.eigh(torch.cov((flat - mean).T))  # rising
        count = min(count, int((variance > 1e-9 * variance[-1]).sum()))
        basis = (directions * variance.clamp(min=0).sqrt()).T.flip(0)[:count]
        shape = codes.shape[1:]
        return cls(mean.view(shape).float(), basis.view(-1, *shape).float())

    def codes(self, places: Tensor) -> Tensor:
        """Places (B, K), in spreads from the middle, as codes (B, L, D)."""
        return self.mean + torch.einsum("bk,kld->bld", places, self.basis)

    def places(self, codes: Tensor) -> Tensor:
        """The places (B, K) nearest to codes (B, L, D)."""
        along = torch.einsum("bld,kld->bk", codes - self.mean, self.basis)
        return along / self.basis.square().sum(dim=(1, 2))

    def save(self, path: Path) -> None:
        """As a safetensors file, one byte a value."""
        save_file(pack({"mean": self.mean, "basis": self.basis}), path)


def load_prior(folder: Path | str) -> CodePrior | None:
    """Of a folder of W+ weights; None where it has none.

    Raises:
        InputError: it is damaged.
    """
    path = Path(folder) / PRIOR_FILE
    if not path.is_file():
        return None
    tensors = read_tensors(path)
    return CodePrior(tensors["mean"], tensors["basis"])


def place_weights(side: int) -> Tensor:
    """What each place of an aligned face counts, (1, 1, side, side), 1 off the features."""
    at = (torch.arange(side) + 0.5) / side
    weight = torch.ones(side, side)
    for x, y, wide, high, extra in FEATURES:
        across, down = (((at - m) / s).square() for m, s in ((x, wide), (y, high)))
        weight = weight + extra * torch.exp(-(down[:, None] + across[None]) / 2)
    return weight[None, None]


def fit(
    generator: Generator,
    prior: CodePrior,
    codes: Tensor,
    faces: Tensor,
    steps: int = STEPS,
    advance: Callable[[int, float], None] | None = None,
) -> Refined:
    """Codes (P, L, D) that draw the faces and are likely; ``moved`` is their places' rms.

    Args:
        generator: makes aligned faces on white of side S; its weights get no gradient.
        codes: (P, L, D) to begin with. faces: (P, 3, S, S) in [-1, 1] on white.
        advance: called with (step, loss).
    """
    weight = place_weights(faces.shape[-1]).to(faces.device)
    places = (START * prior.places(codes)).requires_grad_(True)
    optimizer, errors = torch.optim.Adam([places], lr=RATE), []
    with frozen(generator):
        for step in range(steps):
            made = generator.synthesise(prior.codes(places))
            error = picture_error(made, faces, weight)  # a photo's mean
            errors.append(float(error.detach()))
            loss = len(faces) * error + NEAR * places.square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if advance:
                advance(step, float(loss.detach()))
    places = places.detach()
    return Refined(prior.codes(places), errors[0], errors[-1], float(places.square().mean().sqrt()))


@torch.no_grad()
def re_encode(generator: Generator, encoder: Encoder, latent_avg: Tensor, codes: Tensor) -> Tensor:
    """Sought codes (P, L, D), moved together towards one that the encoder would give.

    A diffusion model that learnt from an encoder's codes does not draw of others what the
    generator draws: short hair becomes a bald head. So the codes' mean is drawn and read again, and
    all of them move by half of the difference.
    """
    mean = codes.mean(0, keepdim=True)
    drawn = generator.synthesise(mean).clamp(-1, 1)  # (1, 3, S, S)
    read = invert(encoder, latent_avg, resized(drawn, encoder.side))
    return codes + READ * (read - mean)
