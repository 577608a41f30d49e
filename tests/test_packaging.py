"""The package's own papers: pins, metadata, what goes into the wheel."""

from __future__ import annotations

import re
import sys

import pytest

from tests.support.places import ROOT

CONSTRAINTS = (ROOT / "constraints.txt").read_text().split()


def pyproject():
    """pyproject.toml as a dict."""
    tomllib = pytest.importorskip("tomllib")
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def plain(name: str) -> str:
    """A distribution's normalised name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_version_is_pinned():
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in CONSTRAINTS)
    assert "torch==2.13.0" in CONSTRAINTS


def test_no_torchvision():
    assert not [line for line in CONSTRAINTS if "torchvision" in line]


def test_every_dependency_has_a_pin():
    pinned = {plain(line.split("==")[0]) for line in CONSTRAINTS}
    project = pyproject()["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["dev"] + extras["ui"]
    names = {plain(re.split(r"[<>=\[; ]", text)[0]) for text in wanted}
    assert names <= pinned


def test_the_page_brings_two_packages_that_nothing_else_of_it_needs():
    extras = pyproject()["project"]["optional-dependencies"]
    assert set(extras["ui"]) < set(extras["dev"])
    assert [re.split(r"[<>=]", text)[0] for text in extras["ui"]] == ["starlette", "uvicorn"]


def test_names_and_pythons():
    project = pyproject()["project"]
    assert project["name"] == "pidiff-cli"
    assert project["scripts"] == {"pidiff": "pidiff_cli.__main__:main"}
    assert project["requires-python"] == ">=3.11,<3.14"
    assert sys.version_info[:2] >= (3, 11)


def test_recipes_go_into_the_wheel():
    wheel = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"recipes": "pidiff_cli/recipes"}


def test_the_pages_templates_are_in_git():
    import subprocess

    folder = "pidiff_cli/stages/pages/templates"
    tracked = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True
    ).stdout
    if not tracked:
        pytest.skip("no git here")
    there = {path.name for path in (ROOT / folder).iterdir()}
    assert there == {line.rsplit("/", 1)[-1] for line in tracked.split()}  # the wheel takes those


def test_the_free_face_networks_go_into_the_wheel_with_their_licences():
    from pidiff_cli.weights import bundled

    folder = bundled.FOLDER.relative_to(ROOT).as_posix() + "/"
    wheel = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["artifacts"] == [f"/{folder}"]  # though git ignores them
    assert folder in (ROOT / ".gitignore").read_text().split()
    assert "NOTICE" in pyproject()["project"]["license-files"]
    notice = (ROOT / "NOTICE").read_text()
    names = [file.name for w in bundled.weights_of(bundled.WORD) for file in w.files]
    assert all(name in notice for name in names)
    assert "Permission is hereby granted" in notice and "Apache License" in notice


def test_what_trained_mini_stays_out_of_the_wheel():
    targets = pyproject()["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["packages"] == ["pidiff_cli"]
    assert "/mini" in targets["sdist"]["include"]
    assert not [text for text in pyproject()["project"]["dependencies"] if "numba" in text]


def test_papers():
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
    readme = (ROOT / "README.md").read_text()
    assert all(word in readme for word in ("make demo", "make test", "pidiff tune"))


def test_no_file_of_the_weights_is_too_large():
    weights = ROOT / "pidiff_cli" / "weights" / "mini"
    sizes = [path.stat().st_size for path in weights.rglob("*") if path.is_file()]
    assert sum(sizes) <= 40e6
    assert all(size <= 16 * 2**20 for size in sizes)
    assert not [p for p in weights.rglob("*") if p.suffix in (".bin", ".pt", ".pth", ".pkl")]
