"""A person who is drawn by the general branch as it is: nothing here could tell what learning does.

The previews' likeness chooses which step is kept. Where no network can judge it, steps would be
taken only to be dropped, or to do harm unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pidiff_cli.config import TuneConfig
from pidiff_cli.profile import Profile
from pidiff_cli.stages.report.words import tells_nothing
from pidiff_cli.weights.locate import BaseParts

if TYPE_CHECKING:
    from torch import nn

    from pidiff_cli.core.diffusion.base import Base
    from pidiff_cli.stages.tune.previews import Previews

BETTER_BASE = "sd15"  # the smallest that draws photographs


@dataclass(frozen=True)
class AsItIs:
    """What `tune` stores and measures where nothing is learnt.

    Attributes:
        model: holds the adapters as they begin: they change nothing.
    """

    base: Base
    model: nn.Module
    previews: Previews


def is_judged(profile: Profile, parts: BaseParts) -> bool:
    """Whether the likeness of previews tells the person."""
    return not tells_nothing(profile, parts.family)


def learns(profile: Profile, config: TuneConfig, parts: BaseParts) -> bool:
    """Whether a tuning trains: where it can be judged, where there is no branch that draws the
    person without, and where somebody asks for steps all the same."""
    return config.always or not parts.has_branch or is_judged(profile, parts)


def told(profile: Profile, config: TuneConfig) -> str:
    """What is said before nothing is learnt."""
    name = profile.name
    return (
        f"{name}'s photos are photographs, and no network here can tell whether mini's drawings "
        "become more like them or less. So nothing is learnt: the general branch, as it is, draws "
        f"{name} from the photos' W+ code. {what_helps(name, config)}"
    )


def told_again(profile: Profile, config: TuneConfig) -> str:
    """What is said when that is done already."""
    name = profile.name
    return (
        f"{name} is drawn by the general branch as it is, since nothing here could tell whether "
        f"learning helps. {what_helps(name, config)}"
    )


def what_helps(name: str, config: TuneConfig) -> str:
    """The commands that lead further; that no step is kept, where some were asked for."""
    most = config.keep_checkpoints
    none = "Where nothing is learnt there are no steps to keep. " if most else ""
    keeping = f" --keep-checkpoints {most}" if most else ""
    return (
        f"{none}A base for photographs helps: pidiff models pull {BETTER_BASE}, then pidiff tune "
        f"{name} --base {BETTER_BASE} --retune{keeping}. To learn on mini all the same: pidiff "
        f"tune {name} --steps {config.steps}{keeping}"
    )


def told_blind(name: str, steps: int, parts: BaseParts) -> str:
    """What is said after steps that nobody could judge."""
    before = f" As it was before: pidiff tune {name} --retune" if parts.has_branch else ""
    return (
        f"No network here can tell whether {steps} steps made mini's drawings of {name} more like "
        f"the photographs: compare the previews and the report's pictures.{before}"
    )
