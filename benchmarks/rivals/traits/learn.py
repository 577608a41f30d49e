"""Train the network that reads traits, on drawn people of ids that no gallery has.

    python -m benchmarks.rivals.traits.learn

Groups of five as in the galleries, three pictures a person, two photos and one in oil, and for a
quarter of them one of the photos through mini's autoencoder.  The loss names the
mark (its kind, place, side, colour and size) and draws together the pictures of a person against
all others of the batch, their twins among them.  One core, fixed seed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.commands import command_line
from benchmarks.drawings import identities, to_tensor
from benchmarks.places import WEIGHTS
from benchmarks.rivals.traits.drawings import CACHE, draw_traits, sources
from benchmarks.rivals.traits.net import FILE, LABELS, TraitNet, label_of
from benchmarks.rivals.traits.people import TRAINING, TWINS
from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.images import to_uint8
from pidiff_cli.core.tensors.packed import pack

GROUPS, PART = 400, 100  # groups trained on; drawn so many at a time
STEPS, BATCH, EACH, RATE, SEED = 900, 8, 2, 2e-3, 7  # BATCH groups of five, EACH pictures a person
TEMPERATURE = 0.1
BARE: dict[str, Any] = {"glasses": "none"}


@dataclass(frozen=True)
class Pictures:
    """crops (N, 128, 128, 3) u8; rows: of each of the P people's pictures; labels (P, H)."""

    crops: np.ndarray
    rows: list[np.ndarray]
    labels: np.ndarray


def pictures(groups: int = GROUPS) -> Pictures:
    """Everything that is trained on, drawn where it is not there yet."""
    parts = [part for first in range(0, groups, PART) for part in _part(first)]
    crops = np.concatenate([crops for crops, _ in parts])
    persons = np.concatenate([persons for _, persons in parts])
    ids = identities(groups * TWINS, TRAINING)
    rows = [np.flatnonzero(persons == person) for person in ids]
    return Pictures(crops, rows, np.asarray([label_of(person) for person in ids]))


def _part(first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Aligned crops (N, 128, 128, 3) and persons (N,) of some groups, set by set."""
    ids = identities(PART * TWINS, TRAINING + first * TWINS)
    bare = draw_traits("train", ids, 1, 1, style="photo", **BARE)
    yield bare.plain, bare.persons
    photos = draw_traits("train", ids, 1, 0, style="photo")
    yield photos.plain, photos.persons
    oil = draw_traits("train", ids, 1, 2, style="oil", **BARE)
    yield oil.plain, oil.persons
    if first == 0:
        path = CACHE / f"train-soft-{sources()}.npy"
        if not path.is_file():
            pairs = zip(through(load_base(WEIGHTS), bare.rgb), bare.landmarks, strict=True)
            np.save(path, np.stack([align_face(rgb, points, 128) for rgb, points in pairs]))
        yield np.load(path), bare.persons


@torch.no_grad()
def through(base: Any, rgb: np.ndarray) -> np.ndarray:
    """Pictures u8 (N, 128, 128, 3) encoded and decoded by mini's autoencoder."""
    parts = []
    for start in range(0, len(rgb), 32):
        parts.append(to_uint8(base.decode(base.encode(to_tensor(rgb[start : start + 32])))))
    return np.concatenate(parts)


def batch_of(data: Pictures, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Crops (B, 3, 128, 128) in [-1, 1], labels (B, H), who (B,): groups whole, some mirrored."""
    x, labels, who = [], [], []
    for group in rng.choice(len(data.rows) // TWINS, BATCH, replace=False):
        flip = rng.random() < 0.5
        for person in range(group * TWINS, (group + 1) * TWINS):
            picks = rng.choice(data.rows[person], EACH, replace=False)
            crops = data.crops[picks]
            x.append(crops[:, :, ::-1] if flip else crops)
            labels += [mirrored(data.labels[person]) if flip else data.labels[person]] * EACH
            who += [person] * EACH
    pixels = jittered(to_tensor(np.concatenate(x)), rng)
    return pixels, torch.from_numpy(np.asarray(labels)), torch.tensor(who)


def mirrored(label: np.ndarray) -> np.ndarray:
    """The labels (H,) of a mirrored picture: the mark is on the other side."""
    side = [name for name, _ in LABELS].index("side")
    out = label.copy()
    out[side] = {0: 0, 1: 2, 2: 1}[int(label[side])]
    return out


def jittered(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Crops a little moved, turned, scaled, blurred and in another light."""
    n = len(x)
    angle, scale = rng.normal(0, 0.03, n), np.exp(rng.normal(0, 0.03, n))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    move = rng.normal(0, 0.025, (2, n))
    rows = np.stack([cos, -sin, move[0], sin, cos, move[1]], 1).reshape(n, 2, 3)
    grid = F.affine_grid(torch.from_numpy(rows).float(), list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = torch.lerp(x, soft, torch.from_numpy(rng.uniform(-0.3, 1, (n, 1, 1, 1))).float())
    gain = np.exp(rng.normal(0, 0.06, (n, 3, 1, 1)) + rng.normal(0, 0.08, (n, 1, 1, 1)))
    return (x + 1) * torch.from_numpy(gain).float() - 1


def together(vectors: Tensor, who: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020, eq. 2) of unit vectors (B, E)."""
    scores = vectors @ vectors.T / TEMPERATURE
    scores = scores.masked_fill(torch.eye(len(who), dtype=torch.bool), -1e4)
    same = (who[:, None] == who[None]) & ~torch.eye(len(who), dtype=torch.bool)
    return -(scores.log_softmax(1) * same).sum(1).div(same.sum(1)).mean()


def named(net: TraitNet, features: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of all heads."""
    losses = [
        F.cross_entropy(head, labels[:, i]) for i, head in enumerate(net.named(features).values())
    ]
    return torch.stack(losses).sum()


def learn(data: Pictures, steps: int = STEPS) -> TraitNet:
    """A network trained for so many steps."""
    torch.manual_seed(SEED)
    rng, net = np.random.default_rng(SEED), TraitNet()
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.15)
    began, seen = time.monotonic(), []
    for step in range(1, steps + 1):
        x, labels, who = batch_of(data, rng)
        features = net.features(x)
        losses = together(net.embed(features), who), named(net, features, labels)
        optimizer.zero_grad()
        sum(losses).backward()  # type: ignore[union-attr]
        optimizer.step()
        schedule.step()
        seen.append([float(loss.detach()) for loss in losses])
        if step % 25 == 0:
            means = np.mean(seen[-25:], 0).round(3).tolist()
            print(f"{step}: {means} {time.monotonic() - began:.0f} s", flush=True)
    return net.eval()


def main(argv: Sequence[str] | None = None) -> None:
    """Train and keep."""
    parser = command_line("benchmarks.rivals.traits.learn", __doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    net = learn(pictures(), args.steps)
    save_file(pack(net.state_dict()), FILE)
    print(f"{FILE}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
