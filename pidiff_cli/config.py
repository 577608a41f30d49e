"""One frozen dataclass a command: every setting with its help, unit and range.

The command line, the recipes, the record inside a picture and the tests read the same fields,
so a setting is described in one place. A configuration is checked when it is made, and reports
every fault at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pidiff_cli.errors import UsageError
from pidiff_cli.values import (
    KINDS,
    MAX_SEED,
    check_seeds,
    edit_problems,
    prompt_problems,
    shown,
    style_layers,
    value_problems,
)

NOUNS = ("person", "man", "woman", "boy", "girl")
CONSENTS = ("self", "agreed", "synthetic", "unstated")  # as in profile/consent.py
MARKS = ("all", "manifest", "none")
DEVICES = ("auto", "cpu", "cuda", "mps")
WPLUS = ("auto", "on", "off")
SIZE_UNIT = 8  # px that a latent position covers
_MARK_HELP = "what tells that a model drew a picture: signed manifest and watermark, or less"
RANDOM = "random"  # a seed that is drawn, and said
#: Of 60 the one whose pictures of validation people show every role and its hat (docs/prompts.md).
SEED = 44


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    option: str = "",
    words: tuple[str, ...] = (),
) -> Any:
    """A dataclass field that carries its help text, unit and allowed range (ends included).

    ``option``: what the command line calls it, where that is not the field's name. ``words``: what
    may stand for a number there.
    """
    metadata = {
        "help": help, "unit": unit, "low": low, "high": high, "choices": choices, "option": option,
        "words": words,
    }  # fmt: skip
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class CommonConfig:
    """What every command shares."""

    home: Path = setting(Path("."), "folder that holds profiles/ and models/")
    device: str = setting("auto", "where to compute", choices=DEVICES)
    offline: bool = setting(False, "never reach for the network")

    def __post_init__(self) -> None:
        """A configuration that exists is sound. Raises UsageError that lists every fault."""
        if found := problems(self):
            raise UsageError(" ".join(found))


@dataclass(frozen=True, kw_only=True)
class PrepareConfig(CommonConfig):
    """Photos → detected, triaged, aligned and masked faces in a profile."""

    photos: tuple[Path, ...] = setting((), "photos, or folders of photos")
    name: str = setting("", "name of the profile")
    noun: str = setting("person", "what a prompt calls the person", choices=NOUNS)
    min_face: int = setting(96, "smallest face kept, brow to chin", unit="px", low=16, high=4096)
    min_sharpness: float = setting(0.35, "least sharpness kept, 0 to 1", low=0, high=1)
    face_size: int = setting(256, "side of the aligned face", unit="px", low=128, high=1024)
    hold_out: int = setting(
        1,
        "least photos held back for the likeness report; one in five are, none of 3 and fewer; "
        "0 holds none back",
        low=0,
        high=20,
    )
    keep_photos: bool = setting(True, "keep working copies of the photos in the profile")
    max_pixels: int = setting(
        178_000_000, "largest picture decoded", unit="pixels", low=1_000_000, high=2_000_000_000
    )
    person: int = setting(
        0, "whose face: 1 is who most photos show, 2 the next; 0 asks where it is not plain",
        low=0, high=99,
    )  # fmt: skip
    like: Path | None = setting(None, "whose face: the person in this photo")
    consent: str = setting(
        "", "whose face: mine, an adult's who agreed, a made-up person's; asked on a terminal",
        choices=("", *CONSENTS),
    )  # fmt: skip
    faces: tuple[tuple[Path, int], ...] = setting(
        (), "faces chosen by hand: a photo, and which of its faces (0 is the largest)"
    )


@dataclass(frozen=True, kw_only=True)
class InvertConfig(CommonConfig):
    """Aligned faces → W+ codes."""

    name: str = setting("", "profile: a name, or a path to a directory")
    base: str = setting("mini", "base model that they are for")
    refine: int = setting(
        0,
        "steps that bring the codes nearer to the photos; 0 is quick",
        unit="steps",
        low=0,
        high=5000,
    )
    seed: int = setting(0, "seed of those steps", low=0, high=2**31 - 1)


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
    checkpoint_every: int = setting(
        25, "steps between checkpoints", unit="steps", low=1, high=10_000_000
    )
    preview_every: int = setting(
        50, "steps between pictures that show how far it is; 0 is never", low=0, high=10_000_000
    )


@dataclass(frozen=True, kw_only=True)
class DrawingConfig(CommonConfig):
    """How pictures of a person are drawn."""

    base: str = setting("", "base model; empty takes the profile's own")
    identity_scale: float = setting(
        1.0, "how strongly the person is drawn; 0 is not at all", low=0, high=4
    )
    start: float = setting(0.0, "share of the steps before the person comes in", low=0, high=1)
    hold: float = setting(
        0.0, "share of the steps that keep the background of the picture without the person",
        low=0, high=1, option="keep-background",
    )  # fmt: skip
    guidance: float = setting(4.0, "how closely the prompt is followed (CFG scale)", low=0, high=50)
    prompt_pull: float = setting(
        1.0, "how much more the prompt counts where a LoRA draws the person", low=0.5, high=4
    )
    steps: int = setting(20, "steps a picture is drawn in", unit="steps", low=1, high=1000)
    size: int = setting(
        128, "side of the picture; mini draws at 128 and enlarges", unit="px", low=64, high=2048
    )


@dataclass(frozen=True, kw_only=True)
class GenerateConfig(DrawingConfig):
    """A profile and prompts → pictures."""

    name: str = setting("", "profile: a name, or a path to a directory")
    noun: str = setting(
        "", "what a prompt calls the person [default: the profile's]", choices=("", *NOUNS)
    )
    prompts: tuple[str, ...] = setting((), "one prompt for each group of pictures")
    count: int = setting(1, "pictures a prompt", low=1, high=1000)
    seed: int = setting(
        SEED, "seed of the first picture, the next one has seed + 1; or random", low=0,
        high=MAX_SEED, words=(RANDOM,),
    )  # fmt: skip
    out: Path = setting(Path("pics"), "folder for the pictures")
    negative: str = setting("", "what the picture should not show")
    scheduler: str = setting("", "sampler: euler, euler_a, dpm++, unipc, ddim, lcm, tcd and others")
    best: int = setting(
        0, "keep only the K most alike of each prompt; alone it draws 4 for each; 0 keeps all",
        low=0, high=1000,
    )  # fmt: skip
    min_likeness: float = setting(
        0.0, "keep only pictures at least so alike; 0 keeps all", low=0, high=1
    )
    edits: tuple[tuple[str, float], ...] = setting((), "W+ edits as name=strength")
    style_from: str = setting(
        "", "looks of another profile, coarse, medium or fine: bob:fine, or bob:fine=0.5"
    )
    literal: bool = setting(
        False, "read the prompt as it is typed: no brackets taken out, no words become edits"
    )
    subject: tuple[int, ...] = setting(
        (), "first and last character, exclusive, of the person in the prompt of a record"
    )
    score: bool = setting(True, "measure the likeness of every picture")
    mark: str = setting("all", _MARK_HELP, choices=MARKS)
    nudity_filter: bool = setting(True, "look for nudity in what a real base draws")

    def __post_init__(self) -> None:
        """Sound, not more are kept than drawn, and every picture's seed can be given again."""
        super().__post_init__()
        if self.best > self.count:
            told = f"best is {self.best}, but only {self.count} are drawn."
            raise UsageError(told, f"Draw more: -n {4 * self.best}")
        check_seeds(self.seed, self.count)
        if self.style_from:
            style_layers(self.style_from)


@dataclass(frozen=True, kw_only=True)
class StylemixConfig(DrawingConfig):
    """Two profiles → a contact sheet of their W+ mixes."""

    a: str = setting("", "first profile")
    b: str = setting("", "second profile")
    coarse: float = setting(0.0, "how much of B in the coarse layers", low=0, high=1)
    medium: float = setting(0.0, "how much of B in the medium layers", low=0, high=1)
    fine: float = setting(1.0, "how much of B in the fine layers", low=0, high=1)
    between: int = setting(5, "pictures along each way from A to B", low=2, high=25)
    out: Path = setting(Path("pics"), "folder for the sheet and the pictures")
    prompt: str = setting("", "also draw the mix with the diffusion model")
    count: int = setting(1, "diffusion pictures", low=1, high=1000)
    seed: int = setting(
        SEED, "seed of the first diffusion picture; or random", low=0, high=MAX_SEED,
        words=(RANDOM,),
    )  # fmt: skip
    mark: str = setting("all", _MARK_HELP, choices=MARKS)
    nudity_filter: bool = setting(True, "look for nudity in what a real base draws")
    name: str = setting("", "store the mix as a profile of this name")
    force: bool = setting(False, "replace a profile of that name")

    def __post_init__(self) -> None:
        """Sound, and every picture's seed can be given again."""
        super().__post_init__()
        check_seeds(self.seed, self.count)


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


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig(DrawingConfig):
    """A tuned profile → the measures of its pictures."""

    name: str = setting("", "profile: a name, or a path to a directory")
    prompts: tuple[str, ...] = setting((), "prompts to draw; none takes the standard set")
    count: int = setting(2, "pictures a prompt", low=1, high=100)
    seed: int = setting(0, "seed of the first picture", low=0, high=MAX_SEED)
    out: Path = setting(Path("evaluation"), "folder for the report and the table")
    negative: str = setting("", "what the picture should not show")
    scheduler: str = setting("", "sampler: euler, euler_a, dpm++, unipc, ddim, lcm, tcd and others")

    def __post_init__(self) -> None:
        """Sound, and every picture's seed can be given again."""
        super().__post_init__()
        check_seeds(self.seed, self.count)


@dataclass(frozen=True, kw_only=True)
class JudgeConfig(CommonConfig):
    """Pictures that any program made, and photos of who should be in them → how alike they are."""

    prompt: str = setting("", "prompt of the pictures that tell none themselves")
    count: int = setting(2, "pictures a prompt, of a profile that is drawn for it", low=1, high=100)
    seed: int = setting(0, "seed of the first one", low=0, high=MAX_SEED)
    out: Path = setting(Path("evaluation"), "folder for the page and the table")

    def __post_init__(self) -> None:
        """Sound, and every picture's seed can be given again."""
        super().__post_init__()
        check_seeds(self.seed, self.count)


def problems(config: CommonConfig) -> list[str]:
    """Everything wrong with a configuration, one sentence each; empty when it is sound."""
    found = _field_problems(type(config), vars(config))
    found += edit_problems(getattr(config, "edits", ()))
    prompts = (*getattr(config, "prompts", ()), *filter(None, [getattr(config, "prompt", "")]))
    return found + prompt_problems(prompts)


def check_values(kind: type[CommonConfig], given: Mapping[str, Any]) -> None:
    """What was given for a configuration that is made later; None is not given.

    Raises:
        UsageError: lists every value that cannot be.
    """
    values = {key: value for key, value in given.items() if value is not None}
    if found := _field_problems(kind, values):
        raise UsageError(" ".join(found))


def _field_problems(kind: type[CommonConfig], values: Mapping[str, Any]) -> list[str]:
    found = []
    for item in fields(kind):
        if item.name not in values:
            continue
        value = values[item.name]
        wanted, words = KINDS.get(str(item.type), (object, ""))
        if not isinstance(value, wanted) or (isinstance(value, bool) and item.type != "bool"):
            found.append(f"{item.name.replace('_', '-')} is {shown(value)}; {words} is expected.")
        else:
            found += value_problems(item.name, value, dict(item.metadata))
    return found
