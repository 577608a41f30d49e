"""Consent: a kind and its date, earlier words, mixes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pidiff_cli.profile import Profile
from pidiff_cli.profile.consent import consent_kind, mixed_consent, told_consent
from pidiff_cli.profile.manifest import new_manifest
from pidiff_cli.stages.consent import keep, take_consent
from tests.support.tiny_person import Notes


@pytest.fixture
def alice(tmp_path: Path) -> Profile:
    return Profile.create(tmp_path, "alice", "woman")


def test_what_is_said_is_kept_with_its_date(alice: Profile) -> None:
    notes = Notes()
    take_consent(alice, "agreed", notes)
    manifest = Profile(alice.folder).manifest
    assert manifest.consent == "agreed" and len(manifest.consented) == 10
    assert "an adult who agreed" in told_consent(manifest) and not notes.warnings


def test_what_is_not_said_is_noted_once_and_may_be_said_later(alice: Profile) -> None:
    notes = Notes()
    take_consent(alice, "", notes)
    take_consent(alice, None, notes)
    assert alice.manifest.consent == "unstated" and len(notes.warnings) == 1
    assert "pidiff profile consent alice" in notes.warnings[0]
    take_consent(alice, "self", notes)
    assert alice.manifest.consent == "self"
    take_consent(alice, "", notes)
    assert alice.manifest.consent == "self" and len(notes.warnings) == 1


def test_a_profile_of_before_reads_as_it_is(alice: Profile) -> None:
    path = alice.folder / "profile.json"
    data = json.loads(path.read_text())
    del data["consented"]
    path.write_text(json.dumps(data | {"consent": ""}))
    assert consent_kind(alice.manifest) == "unstated"
    path.write_text(json.dumps(data | {"consent": "she signed on paper"}))
    assert consent_kind(alice.manifest) == "other"
    assert "she signed on paper" in told_consent(alice.manifest)


@pytest.mark.parametrize(
    ("a", "b", "both"),
    [
        ("self", "synthetic", "self"), ("agreed", "self", "agreed"),
        ("synthetic", "synthetic", "synthetic"), ("self", "unstated", "unstated"),
        ("", "self", "unstated"), ("in words", "self", "other"),
    ],
)  # fmt: skip
def test_a_mix_claims_the_weaker(tmp_path: Path, a: str, b: str, both: str) -> None:
    from dataclasses import replace

    one = replace(new_manifest("a", "man"), consent=a)
    other = replace(new_manifest("b", "man"), consent=b)
    assert mixed_consent(one, other) == mixed_consent(other, one) == both


def test_it_travels_with_an_export(alice: Profile) -> None:
    keep(alice, "synthetic")
    assert b'"consent": "synthetic"' in (alice.folder / "profile.json").read_bytes()
