"""Of pictures: generate, stylemix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.config.photos import NOUNS
from pidiff_cli.config.setting import CommonConfig, setting
from pidiff_cli.errors import UsageError
from pidiff_cli.values import MAX_SEED, OWN, check_seeds, style_layers

MARKS = ("all", "manifest", "none")
_MARK_HELP = "what tells that a model drew a picture: signed manifest and watermark, or less"
RANDOM = "random"  # a seed that is drawn, and said
#: Of 60 the one whose pictures of validation people show every role and its hat (docs/prompts.md).
SEED = 44


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
    checkpoint: int = setting(
        OWN, "draw by another step of the tuning that was kept", unit="step", low=OWN,
        high=10_000_000,
    )  # fmt: skip
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
