"""Under which licences a base's parts lie here, and what that leaves to a commercial user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pidiff_cli.errors import UsageError
from pidiff_cli.weights import locate, records
from pidiff_cli.weights.licences import commercial_of, commercial_use, licences_of
from tests.support.weights_fake import fill, record

NVIDIA, S_LAB = "NVIDIA, non-commercial", "S-Lab License 1.0"


def test_of_a_base_with_and_without_its_options(home: Path) -> None:
    fill(home, "sd15-base", "yunet", "sface")
    plain = {"base": "creativeml-openrail-m", "faces": "Apache-2.0; MIT"}
    assert licences_of(locate.base_parts("sd15", home)) == plain
    assert commercial_of(plain) == "yes"
    fill(home, "landmarks")
    unclear = licences_of(locate.base_parts("sd15", home))
    assert unclear["faces"] == "Apache-2.0; MIT; unstated" and commercial_of(unclear) == "unclear"
    fill(home, "e4e", "sd15-identity")
    record(home, "sd15-identity")
    found = licences_of(locate.base_parts("sd15", home))
    assert (found["wplus"], found["identity"]) == (NVIDIA, S_LAB)
    assert commercial_of(found) == "no"
    assert licences_of(locate.base_parts("sd15", home, "off")) == unclear


def test_a_branch_trained_here_is_under_its_networks_licence(home: Path) -> None:
    fill(home, "sdxl-base", "e4e")
    record(home, "e4e")
    branch = home / "models/sdxl/identity"
    branch.mkdir()
    (branch / "identity.json").write_text("{}")
    found = licences_of(locate.base_parts("sdxl", home))
    assert found == {"base": "openrail++", "wplus": NVIDIA, "identity": NVIDIA}


def test_of_mini_all_of_it_is_free(home: Path) -> None:
    found = licences_of(locate.base_parts("mini", home))
    assert set(found) == {"base", "wplus", "identity", "faces"}
    assert {*found.values()} == {"Apache-2.0"} and commercial_of(found) == "yes"
    assert set(licences_of(locate.base_parts("mini", home, "off"))) == {"base", "faces"}


def test_of_a_checkpoint_it_is_the_recorded_one_or_not_known(
    home: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    parts = locate.base_parts(str(folders["sd15"]), home)
    assert licences_of(parts) == {"base": "not known"}
    assert commercial_of(licences_of(parts)) == "unclear"
    entry = records.Entry("the one on https://huggingface.co/a/b", "d", "s")
    records.write_entry(tmp_path, "a/b", entry)
    pulled = replace(parts, name="a/b", diffusers=tmp_path)
    assert licences_of(pulled)["base"] == entry.licence
    assert commercial_of(licences_of(pulled)) == "unclear"


def test_nothing_recorded_is_unclear() -> None:
    assert commercial_of({}) == "unclear"
    assert commercial_of({"base": "MIT"}) == "yes"  # though some weights of that name are not
    assert commercial_of({"base": "MIT (code)"}) == "unclear"


def test_what_a_commercial_user_may_use_of_each_base() -> None:
    assert commercial_use("mini").says == "yes (Apache-2.0)"
    sd15 = commercial_use("sd15")
    assert sd15.plain == "yes" and sd15.extras == {"wplus": "no", "landmarks": "unclear"}
    assert "no with --with wplus (NVIDIA, S-Lab)" in sd15.says
    assert "no with --with wplus (NVIDIA);" in commercial_use("sdxl").says
    with pytest.raises(UsageError):
        commercial_use("sd16")
