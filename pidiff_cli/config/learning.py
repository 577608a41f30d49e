"""Of learning: one person, or the branch of many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.config.setting import CommonConfig, setting
from pidiff_cli.errors import UsageError

MOST_KEPT = 100  # steps of a tuning, beside the one that draws
WPLUS = ("auto", "on", "off")
SIZE_UNIT = 8  # px that a latent position covers


@dataclass(frozen=True, kw_only=True)
class TuneConfig(CommonConfig):
    """W+ codes and photos → a trained identity branch of one person."""

    name: str = setting("", "profile: a name, or a path to a directory")
    base: str = setting("mini", "base model to tune")
    recipe: str = setting("mini-cpu", "name of the recipe the settings came from")
    wplus: str = setting(
        "auto",
        "learn the face in W+ too, which edits and mixes need; auto: where its networks "
        "(non-commercial but mini's) are here",
        choices=WPLUS,
    )
    steps: int = setting(150, "training steps", unit="steps", low=1, high=100_000)
    batch: int = setting(4, "pictures a step", low=1, high=64)
    rank: int = setting(
        8, "rank of what is learnt of the W+ part; 0 leaves it as it comes",
        low=0, high=256,
    )  # fmt: skip
    alpha: float = setting(8.0, "alpha of the W+ part", low=0.1, high=1024)
    learning_rate: float = setting(1e-3, "peak learning rate of the W+ part", low=1e-7, high=1.0)
    lora_rank: int = setting(
        0, "rank of the LoRA on the base model; 0 learns none", low=0, high=256
    )
    lora_alpha: float = setting(8.0, "alpha of that LoRA", low=0.1, high=1024)
    lora_rate: float = setting(1e-3, "its peak learning rate", low=1e-7, high=1.0)
    lora_layers: str = setting(
        "all", "projections that it is on", choices=("all", "cross", "kv", "out")
    )
    optimizer: str = setting(
        "auto",
        "auto is AdamW8bit on CUDA and fused AdamW elsewhere; paged: states may leave the GPU",
        choices=("auto", "adamw", "adamw8bit", "paged_adamw8bit"),
    )
    checkpointing: str = setting(
        "auto",
        "compute activations again in the backward pass: more time, less memory",
        choices=("auto", "always", "never"),
    )
    quantise: str = setting(
        "auto",
        "4-bit base weights: auto is where nothing else fits",
        choices=("auto", "never", "nf4"),
    )
    trained_blocks: str = setting(
        "all", "blocks of the UNet that learn", choices=("all", "mid_up", "up")
    )
    memory: float = setting(
        0.0, "most memory to use; 0 is what is free", unit="GB", low=0, high=100_000
    )
    size: int = setting(128, "side of the training pictures", unit="px", low=64, high=2048)
    face_phase: float = setting(
        0.5, "share of the steps on face crops before whole photos", low=0, high=1
    )
    preserve_weight: float = setting(
        0.5, "weight of staying with the base off the face", low=0, high=1000
    )
    preserve_share: float = setting(0.5, "share of steps that check it", low=0, high=1)
    seed: int = setting(0, "seed of all that is random in it", low=0, high=2**31 - 1)
    resume: bool = setting(True, "go on from the last checkpoint")
    restart: bool = setting(False, "forget what was learnt and begin at step 0")
    retune: bool = setting(
        False,
        "learn anew: photos that were added, or another base; until it is done the old one stays",
    )
    always: bool = setting(
        False,
        "learn also where no network here can tell whether that helps (photographs on mini); "
        "steps given by hand ask for it",
    )
    checkpoint_every: int = setting(
        25, "steps between checkpoints", unit="steps", low=1, high=10_000_000
    )
    preview_every: int = setting(
        50, "steps between pictures that show how far it is; 0 is never", low=0, high=10_000_000
    )
    keep_checkpoints: int = setting(
        0, "how many other steps to keep, to compare them with the best one; each costs its size",
        low=0, high=MOST_KEPT,
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Sound, and steps that are to be kept are looked at."""
        super().__post_init__()
        if self.keep_checkpoints and not self.preview_every:
            raise UsageError(
                "keep-checkpoints keeps steps at which pictures are drawn; preview-every is 0.",
                "Draw some: --preview-every 50",
            )


@dataclass(frozen=True, kw_only=True)
class PretrainConfig(CommonConfig):
    """Pictures of many people → a general identity branch of a base."""

    base: str = setting("sdxl", "base model")
    data: Path = setting(
        Path("."), "folder of pictures or of .tar shards, a caption beside each (.txt)"
    )
    out: Path | None = setting(None, "folder for the branch; the base's own when left out")
    steps: int = setting(20_000, "optimizer steps", unit="steps", low=1, high=10_000_000)
    batch: int = setting(4, "pictures a step, of all processes together", low=1, high=4096)
    size: int = setting(512, "side of the training pictures", unit="px", low=64, high=2048)
    buckets: bool = setting(
        False, "keep the pictures' shapes: batches of about SIZE x SIZE pixels, 1:2 to 2:1"
    )
    learning_rate: float = setting(1e-4, "learning rate", low=1e-7, high=1.0)
    disentangle_weight: float = setting(
        2.0, "weight of not following the code off the face", low=0, high=1000
    )
    preserve_weight: float = setting(1.0, "weight of staying with the base", low=0, high=1000)
    locate_weight: float = setting(
        0.1, "weight of the localisation map's agreement", low=0, high=1000
    )
    checkpoint_every: int = setting(
        500, "steps between checkpoints", unit="steps", low=1, high=10_000_000
    )
    seed: int = setting(0, "seed of noise and pictures", low=0, high=2**31 - 1)
    restart: bool = setting(
        False, "forget an unfinished run, and begin with the branch that is there"
    )
