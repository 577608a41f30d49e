"""The person to draw, and what measures the likeness that was asked for."""

from __future__ import annotations

from dataclasses import replace

from pidiff_cli.config import GenerateConfig
from pidiff_cli.profile import Profile
from pidiff_cli.stages import person
from pidiff_cli.stages.checks import check_measurable
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.locate import BaseParts


def load(
    profile: Profile,
    config: GenerateConfig,
    parts: BaseParts,
    progress: Progress,
    last: person.LoadedPerson | None = None,
) -> person.LoadedPerson:
    """The person on the base: ``last`` where nothing of it has changed.

    Args:
        last: who was drawn before, and will not be any more.

    Raises:
        InputError, MissingWeightError: as `person.load_person`, or a likeness was asked for that
            cannot be measured.
    """
    score, noun = _scores(config), config.noun
    if last is not None and _serves(last, profile, parts, score):
        loaded = replace(last, noun=noun or last.profile.manifest.noun)
    else:
        loaded = person.load_person(profile, parts, config.device, score, progress, noun, last)
    _check_measurable(config, loaded)
    return loaded


def _serves(last: person.LoadedPerson, profile: Profile, parts: BaseParts, score: bool) -> bool:
    same = (last.profile.folder, last.parts) == (profile.folder, parts)
    if not same or (score and last.reader is None):
        return False
    return bool(last.record["profile"]["fingerprint"] == profile.fingerprint)


def _scores(config: GenerateConfig) -> bool:
    return config.score or config.best > 0 or config.min_likeness > 0


def _check_measurable(config: GenerateConfig, loaded: person.LoadedPerson) -> None:
    """Raise where a likeness was asked for that cannot be measured."""
    if config.best > 0 or config.min_likeness > 0:
        faces = loaded.reference is not None
        check_measurable(config, loaded.profile, loaded.reader is not None, faces)
