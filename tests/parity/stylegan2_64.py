"""The generator at 64 px with 512 channels everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pidiff_cli.core.wplus.stylegan2 import Generator, StyledConv, ToRGB, truncate
from tests.parity import rule


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest error of codes, pictures and per-layer statistics."""
    error = compare(rule.fill(Generator(64)), rule.read(path), lambda image: {"image": image})
    return error, *rule.tolerances(folder, "stylegan2_64", 1e-4)


@torch.no_grad()
def compare(net: Generator, vectors: dict[str, Tensor], views: Any) -> float:
    """The largest error of all outputs; `views` names the stored parts of a picture."""
    z, mean = vectors["in.z"], vectors["in.truncation_latent"]
    cut, psi = int(vectors["in.crossover"]), round(float(vectors["in.psi"]), 6)
    mapped = net.map(z)
    truncated = truncate(mapped, mean, psi)
    native = torch.cat([net.spread(mapped[:1])[:, :cut], net.spread(mapped[1:2])[:, cut:]], 1)
    batch = vectors["in.wplus"].shape[0]  # the 1024 px file keeps only the first z
    mixed = torch.cat([vectors["in.wplus"][:, :cut], vectors["in.wplus_b"][:, cut:]], 1)
    fixed, statistics = watched(net, vectors["in.wplus"], "fixed")
    plain, plain_statistics = watched(net, vectors["in.wplus"], "none")
    pictures = {
        "zero_noise": plain,
        "fixed_noise": fixed,
        "trunc_zero_noise": net(z[:batch], psi, mean, "none"),
        "mix_wplus": net.synthesise(mixed),
        "mix_native_w": net.synthesise(native),
    }
    if "out.trunc_zero_mean.image" in vectors:
        pictures["trunc_zero_mean"] = net(z, psi, torch.zeros_like(mean), "none")
    made = {"w_from_z": mapped, "w_truncated": truncated, "mix_native_w.latent": native}
    for name, numbers in (("fixed_noise", statistics), ("zero_noise", plain_statistics)):
        made |= {f"{name}.{key}": value for key, value in numbers.items()}
    for name, picture in pictures.items():
        made |= {f"{name}.{key}": value for key, value in views(picture).items()}
    for name in made:
        if name == "mix_native_w.latent" or name.startswith("mix_native_w.image"):
            made[name] = made[name].expand_as(vectors[f"out.{name}"])  # stored for every entry
    return max(rule.gaps(made, vectors).values())


def watched(net: Generator, wplus: Tensor, noise: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """A picture and the statistics of every styled convolution and running RGB picture."""
    convs: list[Tensor] = []
    rgbs: list[Tensor] = []

    def see(module: torch.nn.Module, _: Any, out: Tensor) -> None:
        if isinstance(module, StyledConv):
            convs.append(torch.stack([out.mean(), out.std(), out.abs().max()]))
        else:
            rgbs.append(torch.stack([out.mean((0, 2, 3)), out.std((0, 2, 3))]))

    watching = [m for m in net.modules() if isinstance(m, (StyledConv, ToRGB))]
    hooks = [module.register_forward_hook(see) for module in watching]
    picture = net.synthesise(wplus, noise)
    for hook in hooks:
        hook.remove()
    return picture, {"conv_stats": torch.stack(convs), "rgb_stats": torch.stack(rgbs)}
