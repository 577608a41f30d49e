"""A picture drawn again, from the record inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli.config import GenerateConfig
from pidiff_cli.core.record import read_record
from pidiff_cli.files import expanded
from pidiff_cli.stages.checks import check_drawing
from pidiff_cli.stages.opening import Home, Listener, Place, base_of, field_values, taken_seed
from pidiff_cli.stages.recorded import recorded_person, recorded_settings, recorded_step
from pidiff_cli.stages.results import GenerateResult


def again(
    image: str | Path,
    changes: dict[str, Any] | None = None,
    *,
    out: Path | None = None,
    profile: str | Path | None = None,
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
) -> GenerateResult:  # fmt: skip
    """Draw a picture again from the record inside it.

    Args:
        changes: settings of `generate` in place of the recorded ones, ``prompts`` and ``mark``
            among them.
        profile: where the person's profile is; else it is found by the random id in the record.

    Raises:
        InputError: no record in the picture, or its profile is not here. UsageError: a setting
            that cannot mean anything. MissingWeightError: no such base here.
    """
    place = Place.of(home, device, offline, progress)
    image = expanded(image)
    record = read_record(image)
    changes = field_values(changes or {})
    anew = {"literal": False, "subject": ()} if "prompts" in changes else {}
    values = recorded_settings(record, image, place.home, place.progress) | anew | changes
    opened = recorded_person(record, place.home, str(profile or ""))
    values["name"] = opened.name
    parts = base_of(place.home, opened, values.get("base", ""))
    values["seed"] = taken_seed(values["seed"], place.progress)
    config = place.config(GenerateConfig, **values, out=out)
    opened = recorded_step(record, opened, config.checkpoint, "checkpoint" in changes)
    check_drawing(config, opened, parts, recorded=True)
    from pidiff_cli.stages.generate import run as stage

    return stage.run(opened, config, parts, place.progress)
