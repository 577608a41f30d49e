"""What is asked to be drawn, opened and found sound before anything heavy is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import UsageError
from pidiff_cli.profile import Profile, at_step, note_folder
from pidiff_cli.stages.checks import check_drawing
from pidiff_cli.stages.opening import Place, base_of, draw_values, open_person, taken_seed
from pidiff_cli.weights.locate import BaseParts

DRAWN_FOR_BEST, MOST = 4, 1000  # pictures drawn for each that ``best`` keeps, unless ``count`` says


def asked_drawing(
    place: Place,
    profile: str | Path,
    prompts: tuple[str, ...],
    best: int | None,
    count: int | None,
    settings: dict[str, Any],
) -> tuple[Profile, GenerateConfig, BaseParts]:
    """What `generate` draws: the profile, the configuration and the base, all sound."""
    if "+" in str(profile) and not Path(profile).exists():
        raise UsageError(
            "Several people in one picture are not possible yet.",
            f"Mix their looks instead: pidiff stylemix {str(profile).replace('+', ' ')}",
        )
    opened = open_person(profile, place.home)
    settings = dict(settings)
    parts = base_of(place.home, opened, settings.pop("base", ""))
    settings["seed"] = taken_seed(settings.get("seed"), place.progress)
    if isinstance(best, int) and best > 0 and count is None:
        count = min(DRAWN_FOR_BEST * best, MOST)
    settings |= {"name": str(profile), "base": parts.name, "prompts": prompts}
    settings |= {"best": best, "count": count}
    config = place.config(GenerateConfig, **draw_values(opened, parts, GenerateConfig, settings))
    opened = at_step(opened, config.checkpoint)
    check_drawing(config, opened, parts)
    note_folder(opened, place.home)
    return opened, config, parts
