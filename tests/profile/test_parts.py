"""The tuned parts of a profile, and what is told of the licences that they were made under."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, parts_of

LICENCES = {"base": "openrail++", "wplus": "NVIDIA, non-commercial", "faces": "Apache-2.0; MIT"}


@pytest.fixture
def alice(home: Path) -> Profile:
    return Profile.create(home, "alice", "woman")


def test_show_tells_parts_and_licences(pidiff: Any, alice: Profile) -> None:
    assert "parts     none\n" in pidiff("profile", "show", "alice").out
    ran = pidiff("--json", "profile", "show", "alice")
    assert (ran.json["parts"], ran.json["licences"], ran.json["commercial_use"]) == ([], {}, None)
    for folder in ("adapter", "lora"):
        alice.write(f"{folder}/adapter_config.json", b"{}")
    assert (
        "parts     W+ branch, LoRA on the base's attention\n"
        in pidiff("profile", "show", "alice").out
    )  # of a profile of before: nothing was recorded
    alice.update(base={"name": "sdxl", "licences": LICENCES})
    said = pidiff("profile", "show", "alice").out
    assert "made with: base (openrail++), wplus (NVIDIA, non-commercial), faces" in said
    assert "commercial use: no\n" in said
    ran = pidiff("--json", "profile", "show", "alice")
    assert ran.json["parts"] == ["wplus", "lora"] and ran.json["licences"] == LICENCES
    assert ran.json["commercial_use"] == "no"
    del (free := dict(LICENCES))["wplus"]
    alice.update(base={"name": "sdxl", "licences": free})
    (row,) = pidiff("--json", "profile", "list").json["profiles"]
    assert row["commercial_use"] == "yes"


@pytest.mark.parametrize("licences", [["MIT"], "MIT", {"base": 3}, 5])
def test_licences_of_another_form_are_damage(alice: Profile, licences: Any) -> None:
    path = alice.folder / "profile.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "base": {"licences": licences}}))
    with pytest.raises(InputError, match="is damaged"):
        Profile.open(alice.folder, alice.folder)


def test_both_parts_outlive_forgotten_photos_and_a_kill(alice: Profile) -> None:
    for folder in ("adapter", "lora"):
        alice.write(f"{folder}/adapter_config.json", b"{}")
    alice.write("reports/a.json", b"{}")
    alice.folder.joinpath("lora").rename(alice.folder / ".old-lora")  # killed while replacing it
    Profile.open(alice.folder, alice.folder)
    alice.forget()
    assert parts_of(alice.folder) == ("adapter", "lora")
    assert not (alice.folder / "reports").exists()
