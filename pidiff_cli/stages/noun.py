"""What prompts call a person: a profile's noun, taken or refused, never passed over."""

from __future__ import annotations

from pidiff_cli.errors import UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.progress import Progress

CHECKPOINT = "checkpoint"


def check_noun(profile: Profile | None, noun: str | None, anew: bool = False) -> None:
    """Raise UsageError where another noun would not be what a profile was tuned with.

    Args:
        noun: what is asked for; None asks for nothing. anew: the tuning begins again.
    """
    if profile is None or not noun or anew or profile.manifest.noun == noun:
        return
    if profile.parts or profile.path(CHECKPOINT).exists():
        name = profile.name
        raise UsageError(
            f"{name} is tuned as a {profile.manifest.noun}, not as a {noun}.",
            f"For some pictures: pidiff generate {name} PROMPT --noun {noun}. "
            f"For good: pidiff tune {name} --noun {noun} --restart",
        )


def take_noun(profile: Profile, noun: str | None, progress: Progress) -> None:
    """Give a profile the noun that was asked for; says so where it had another."""
    before = profile.manifest.noun
    if noun and before != noun:
        profile.update(noun=noun)
        progress.line(f"{profile.name} is called a {noun} from now on, no more a {before}.")
