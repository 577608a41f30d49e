"""What a plain pull brings, and what comes only when it is asked for by `--with`."""

from __future__ import annotations

import pytest

from pidiff_cli.stages.pull.asked import named
from pidiff_cli.weights import locate
from pidiff_cli.weights.table import WEIGHTS
from tests.support.hub_pull import left_over


def test_a_plain_pull_brings_nothing_that_forbids_or_keeps_silent(pidiff, server, converts, home):
    ran = pidiff("--json", "models", "pull", "sd15", "--accept-license")
    assert ran.code == 0, ran.err
    assert ran.json["models"] == ["sd15-base", "nudity", "yunet", "sface-int8", "facemesh"]
    assert all(WEIGHTS[name].commercial == "yes" for name in ran.json["models"])
    assert not any(part in path for path in left_over(home) for part in ("ffhq", "identity"))
    parts = locate.base_parts("sd15", home)
    assert parts.wplus is parts.identity is None
    ran = pidiff("models", "pull", "sd15", "--with", "wplus")
    assert ran.code == 4 and "sd15-identity" in ran.err and "NVIDIA, non-commercial" in ran.err
    assert "licences of e4e, sd15-identity have" in ran.err  # the accepted ones are not asked again
    server.seen.clear()
    again = pidiff("models", "pull", "sd15", "--with", "wplus", "--accept-license")
    assert again.code == 0 and not server.asked("unet/config.json")
    assert locate.base_parts("sd15", home, "on").identity is not None


@pytest.mark.parametrize(
    "extras", [["wplus", "landmarks"], ["wplus,landmarks"], ["wplus, ", "landmarks,wplus"]]
)
def test_several_are_repeated_or_set_off_by_commas(extras):
    names = [weight.name for weight in named(["sdxl"], extras)]
    assert names == ["sdxl-base", "nudity", "yunet", "sface-int8", "facemesh", "e4e", "landmarks"]


def test_the_published_branch_goes_with_sd15_only():
    assert "sd15-identity" not in {weight.name for weight in named(["a/b"], ["wplus"])}
    assert [weight.name for weight in named(["wplus"])] == ["e4e"]


def test_a_word_that_adds_nothing(pidiff, server, home):
    ran = pidiff("models", "pull", "sdxl", "--with", "research")
    assert ran.code == 2 and "Known: wplus, landmarks" in ran.err and not server.seen


def test_the_list_and_doctor_say_what_a_commercial_user_may_use(pidiff, home):
    said = "no with --with wplus (NVIDIA, S-Lab)"
    assert said in pidiff("models", "list").out and said in pidiff("doctor").out
    rows = {row["name"]: row for row in pidiff("--json", "models", "list").json["models"]}
    bases = {row["name"]: row for row in pidiff("--json", "doctor").json["bases"]}
    for found in (rows["sdxl"], bases["sdxl"]):
        assert found["commercial"] == "yes"
        assert found["commercial_with"] == {"wplus": "no", "landmarks": "unclear"}
        assert found["commercial_says"].startswith("yes (openrail++)")
    assert rows["mini"]["commercial_with"] == {} and bases["mini"]["wplus"]
