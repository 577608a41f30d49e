"""Whether a profile's person agreed: a kind, kept with its date. No name of who agreed, or how."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pidiff_cli.profile.manifest import Manifest

SELF, AGREED, SYNTHETIC, UNSTATED = "self", "agreed", "synthetic", "unstated"
OTHER = "other"  # an earlier version's free text
#: Kind → in words, the strongest claim last; what a mix of two people may claim is the weaker.
CONSENTS = {
    UNSTATED: "nobody said whether the person agreed",
    OTHER: "in words of its own",
    AGREED: "an adult who agreed",
    SELF: "the person is who made the profile",
    SYNTHETIC: "a drawn or made-up person",
}
ASKED = (SELF, AGREED, SYNTHETIC)


def consent_kind(manifest: Manifest) -> str:
    """The kind of a profile's consent; a free text of earlier versions is ``other``."""
    if not manifest.consent:
        return UNSTATED
    return manifest.consent if manifest.consent in CONSENTS else OTHER


def consented(manifest: Manifest, kind: str) -> Manifest:
    """The manifest with this kind, as of today (UTC)."""
    return replace(manifest, consent=kind, consented=datetime.now(UTC).date().isoformat())


def told_consent(manifest: Manifest) -> str:
    """A profile's consent in words, with its date where it is known."""
    kind = consent_kind(manifest)
    said = f"{CONSENTS[kind]}: {manifest.consent}" if kind == OTHER else CONSENTS[kind]
    return f"{said}, {manifest.consented}" if manifest.consented else said


def mixed_consent(a: Manifest, b: Manifest) -> str:
    """What a mix of two people may claim: the weaker of their consents."""
    kinds = [*CONSENTS]
    return min(consent_kind(a), consent_kind(b), key=kinds.index)
