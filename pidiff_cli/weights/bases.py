"""The table of bases. A new base is one row here and one recipe."""

from __future__ import annotations

from dataclasses import dataclass

from pidiff_cli.errors import UsageError


@dataclass(frozen=True)
class BaseModelSpec:
    """What the code must know of a base before its weights are read.

    Attributes:
        name: the word for `--base`.
        title: what a person calls it.
        repo: where the weights come from; "" when they are in the package.
        size: side of the picture it was trained at, in px.
        needs_mb: free GPU memory, decimal MB, from which `--base auto` takes it.
        licence: of the weights.
    """

    name: str
    title: str
    repo: str
    size: int
    needs_mb: int
    licence: str

    @property
    def embedded(self) -> bool:
        """True when the weights are inside the package."""
        return not self.repo


BASES: dict[str, BaseModelSpec] = {
    "mini": BaseModelSpec(
        name="mini",
        title="the embedded 128 px base (drawn portraits)",
        repo="",
        size=128,
        needs_mb=0,
        licence="Apache-2.0",
    ),
    "sd15": BaseModelSpec(
        name="sd15",
        title="Stable Diffusion 1.5",
        repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
        size=512,
        needs_mb=3500,  # 1.76 GB of weights, text encoder, 0.8 GB of a step in bf16
        licence="creativeml-openrail-m",
    ),
    "sdxl": BaseModelSpec(
        name="sdxl",
        title="Stable Diffusion XL",
        repo="stabilityai/stable-diffusion-xl-base-1.0",
        size=1024,
        needs_mb=9000,  # 5.8 GB of weights, 1.6 of text encoders, 0.5 of a checkpointed step
        licence="openrail++",
    ),
}


def base_spec(name: str) -> BaseModelSpec:
    """The row of a base. Raises UsageError that lists the known ones."""
    if name not in BASES:
        raise UsageError(f"There is no base {name!r}.", f"Known: auto, {', '.join(BASES)}")
    return BASES[name]
