"""Two people mixed: stylemix, and its sheet alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli.config import StylemixConfig
from pidiff_cli.profile import Profile, check_name
from pidiff_cli.stages.checks import check_mixing
from pidiff_cli.stages.opening import (
    Home,
    Listener,
    Place,
    base_of,
    draw_values,
    open_person,
    taken_seed,
)
from pidiff_cli.stages.results import StylemixResult

if TYPE_CHECKING:
    import numpy as np


def stylemix(
    a: str | Path,
    b: str | Path,
    *,
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> StylemixResult:  # fmt: skip
    """Coarse, medium and fine W+ layers of two people: a contact sheet, pictures, a profile.

    Args:
        settings: coarse, medium, fine (how much of ``b``, 0 to 1), between, out, prompt, count,
            seed, name, force, identity_scale, mark, nudity_filter.

    Raises:
        InputError: no such profiles or codes, or the name is taken.
    """
    place = Place.of(home, device, offline, progress)
    if name := settings.get("name"):
        check_name(name)
    first, second = open_person(a, place.home), Profile.open(b, place.home)
    parts = base_of(place.home, first)
    settings["seed"] = taken_seed(settings.get("seed"), place.progress)
    settings |= {"a": str(a), "b": str(b), "base": parts.name}
    config = place.config(StylemixConfig, **draw_values(first, parts, StylemixConfig, settings))
    check_mixing(first, second, config, parts)
    from pidiff_cli.stages import stylemix as stage

    return stage.run(first, second, config, parts, place.progress)


def mix_sheet(
    a: str | Path,
    b: str | Path,
    *,
    home: Home = None,
    **settings: Any,
) -> np.ndarray:
    """The contact sheet of `stylemix` alone, uint8 (H, W, 3), drawn by the generator at once.

    Args:
        settings: coarse, medium, fine, between.

    Raises:
        InputError: no such profiles or codes. MissingWeightError: no W+ networks here.
    """
    place = Place.of(home, "cpu", True, None)
    first, second = open_person(a, place.home), Profile.open(b, place.home)
    parts = base_of(place.home, first)
    settings |= {"a": str(a), "b": str(b), "base": parts.name}
    config = place.config(StylemixConfig, **settings)
    check_mixing(first, second, config, parts)
    from pidiff_cli.stages import stylemix as stage

    return stage.sheet_of(first, second, config, parts)
