"""A profile's consent, taken as it is given or noted as not given."""

from __future__ import annotations

from pidiff_cli.profile import Profile
from pidiff_cli.profile.consent import CONSENTS, UNSTATED, consent_kind, consented
from pidiff_cli.stages.progress import Progress


def take_consent(profile: Profile, given: str | None, progress: Progress) -> None:
    """Note who the person is to whoever makes the profile; says so where nobody told.

    Args:
        given: self, agreed, synthetic or unstated; None or "" tells nothing.
    """
    manifest = profile.manifest
    if given and (given != consent_kind(manifest) or not manifest.consented):
        with profile.lock():
            keep(profile, given)
    elif not given and not manifest.consent:
        with profile.lock():
            keep(profile, UNSTATED)
        progress.warn(
            f"{CONSENTS[UNSTATED].capitalize()}; {profile.name} notes that. Say it: "
            f"pidiff profile consent {profile.name} self|agreed|synthetic, or --consent."
        )


def keep(profile: Profile, kind: str) -> None:
    """Note a kind of consent, as of today; whoever calls it holds the profile's lock."""
    manifest = consented(profile.manifest, kind)
    profile.update(consent=manifest.consent, consented=manifest.consented)
