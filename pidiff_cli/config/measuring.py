"""Of measures: evaluate, and the judge of any pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.config.drawing import DrawingConfig
from pidiff_cli.config.setting import CommonConfig, setting
from pidiff_cli.values import MAX_SEED, check_seeds


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
