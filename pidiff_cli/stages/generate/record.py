"""What a picture's record holds of its settings and its prompt."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pidiff_cli.config import GenerateConfig
from pidiff_cli.profile import Profile
from pidiff_cli.stages.generate.codes import more_edits
from pidiff_cli.stages.person import LoadedPerson
from pidiff_cli.stages.reading import Reading
from pidiff_cli.values import OWN, style_layers

NOT_RECORDED = {
    "home", "device", "offline", "out", "prompts", "count", "seed", "best", "min_likeness", "score",
    "name", "style_from", "mark", "nudity_filter",
}  # fmt: skip


def record_of(reading: Reading, config: GenerateConfig, loaded: LoadedPerson) -> dict[str, Any]:
    """The record of a prompt's pictures; their ``seed`` is still to be filled in.

    It names nobody: where a name was read it holds the whole prompt, and what came of it.
    """
    settings = _settings(config, loaded)
    from_words = {"edits_from_words": _plain(reading.edits)} if reading.edits else {}
    if reading.named:
        edits = [*settings["edits"], *_plain(more_edits(reading.edits, config))]
        settings |= {"literal": True, "subject": _plain(reading.encoded.place), "edits": edits}
        from_words = {}
    return {
        "prompt": reading.typed, "full_prompt": reading.encoded.text, "seed": None,
        "settings": settings, **from_words, **loaded.record,
    }  # fmt: skip


def _settings(config: GenerateConfig, loaded: LoadedPerson) -> dict[str, Any]:
    """The settings as a record holds them; another person by the random id, the noun as drawn."""
    settings = {k: _plain(v) for k, v in asdict(config).items() if k not in NOT_RECORDED}
    settings["style_from"] = ""
    if config.checkpoint == OWN:
        settings.pop("checkpoint")
    if config.style_from:
        name, group, share = style_layers(config.style_from)
        key = Profile.open(name, config.home).manifest.id
        settings["style_from"] = f"{key}:{group}={share:g}"
    return {**settings, "noun": loaded.noun}


def _plain(value: Any) -> Any:
    """JSON form of a setting: tuples as lists, so that a record read back is equal."""
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value
