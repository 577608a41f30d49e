"""constraints.txt against what every extra needs, down to what its packages need themselves."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import ROOT

PINS = {
    canonicalize_name(name): pin
    for name, pin in (line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = ["", *PROJECT["optional-dependencies"]]  # "" is the package without any
#: What a build of torch for a card brings, each pinned by torch itself.
TORCHS = ("nvidia-", "cuda-", "triton")
PLACES = [
    {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": platform,
     "platform_system": system, "os_name": "nt" if platform == "win32" else "posix",
     "platform_machine": machine}
    for python in ("3.11", "3.12", "3.13")
    for platform, system, machine in (
        ("linux", "Linux", "x86_64"), ("darwin", "Darwin", "arm64"), ("win32", "Windows", "AMD64"),
    )
]  # fmt: skip


def wanted(extra: str) -> list[Requirement]:
    """What the package asks for, with an extra."""
    texts = PROJECT["dependencies"] + PROJECT["optional-dependencies"].get(extra, [])
    return [Requirement(text) for text in texts]


def reached(extra: str, place: dict[str, str]) -> Iterator[tuple[str, Requirement]]:
    """Every requirement that applies in a place, and whose it is; what is not installed here leads
    to nothing more."""
    environment = {**default_environment(), **place}
    left, seen = [("pidiff-cli", one) for one in wanted(extra)], set[str]()
    while left:
        whose, one = left.pop()
        yield whose, one
        if str(one) in seen:
            continue
        seen.add(str(one))
        for more in needs(one.name):
            asked = [{**environment, "extra": name} for name in (*one.extras, "")]
            if more.marker is None or any(map(more.marker.evaluate, asked)):
                left.append((one.name, more))


@cache
def needs(name: str) -> list[Requirement]:
    """What an installed package says it needs."""
    try:
        return [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:
        return []


def installed(name: str) -> str:
    """An installed version without its build's suffix (+cpu); "" where there is none."""
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return ""


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_pin_is_what_all_who_need_it_take(extra: str):
    wrong = {
        f"{whose} needs {one}, and {PINS[canonicalize_name(one.name)]} is pinned"
        for place in PLACES
        for whose, one in reached(extra, place)
        if canonicalize_name(one.name) in PINS
        and not one.specifier.contains(PINS[canonicalize_name(one.name)], prereleases=True)
    }
    assert wrong == set()


@pytest.mark.parametrize("extra", [extra for extra in EXTRAS if extra != "ray"])
def test_nothing_is_left_to_the_day_of_the_installation(extra: str):
    names = {canonicalize_name(one.name) for _, one in reached(extra, {})}
    free = {name for name in names - PINS.keys() if not name.startswith(TORCHS)}
    assert free == set()


@pytest.mark.parametrize("extra", EXTRAS)
def test_all_that_an_extra_brings_was_looked_at(extra: str):
    """Where a package is missing or another version's papers were read, the first test has seen
    less than it should."""
    names = {canonicalize_name(one.name) for _, one in reached(extra, {})}
    here = {name: installed(name) for name in names}
    if absent := sorted(name for name, has in here.items() if not has):
        pytest.skip(f"not installed here, so what it needs is unknown: {', '.join(absent)}")
    other = {name: (has, PINS[name]) for name, has in here.items() if has != PINS.get(name, has)}
    if other:
        pytest.skip(f"other versions than the pins are installed here: {other}")
    assert len(names) > len(wanted(extra))


def test_a_pin_that_nobody_takes_is_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(PINS, "starlette", "0.1")  # of the page alone
    with pytest.raises(AssertionError, match="pidiff-cli needs starlette"):
        test_every_pin_is_what_all_who_need_it_take("ui")
    test_every_pin_is_what_all_who_need_it_take("")
    monkeypatch.setitem(PINS, "idna", "0.1")  # of a package that a package brings
    with pytest.raises(AssertionError, match="needs idna"):
        test_every_pin_is_what_all_who_need_it_take("")
    monkeypatch.delitem(PINS, "idna")
    with pytest.raises(AssertionError, match="idna"):
        test_nothing_is_left_to_the_day_of_the_installation("ui")


@pytest.mark.slow
@pytest.mark.parametrize("extra", [extra for extra in EXTRAS if extra])
def test_an_index_resolves_an_extra_under_the_pins(extra: str, tmp_path: Path):
    answer = pip("download", "--no-deps", "--dest", str(tmp_path), f"uvicorn=={PINS['uvicorn']}")
    if answer.returncode:
        pytest.skip(f"no package index answers: {answer.stderr.strip().splitlines()[-1][:200]}")
    texts = map(str, wanted(extra))
    found = pip("install", "--dry-run", "--ignore-installed", "--only-binary", ":all:", *texts)
    assert found.returncode == 0, found.stderr


@pytest.mark.slow
def test_the_page_is_installed_beside_nothing_else(tmp_path: Path):
    """The extra's own packages into an empty environment: as pinned, whole, and importable."""
    import venv

    venv.create(tmp_path / "env", with_pip=True)
    (python,) = (tmp_path / "env").glob("*/python")
    texts = PROJECT["optional-dependencies"]["ui"]
    answer = pip("install", *texts, python=str(python))
    if answer.returncode and "No matching distribution" in answer.stderr:
        pytest.skip(f"no package index answers: {answer.stderr.strip().splitlines()[-1][:200]}")
    assert answer.returncode == 0, answer.stderr
    frozen = pip("freeze", python=str(python), pinned=False).stdout.split()
    has = dict(line.split("==") for line in frozen)
    assert {"starlette", "uvicorn"} <= {canonicalize_name(name) for name in has}
    assert all(PINS[canonicalize_name(name)] == pin for name, pin in has.items())
    assert pip("check", python=str(python), pinned=False).returncode == 0
    ran = subprocess.run([python, "-c", "import starlette.applications, uvicorn"], check=False)
    assert ran.returncode == 0


def pip(
    what: str, *words: str, python: str = sys.executable, pinned: bool = True
) -> subprocess.CompletedProcess[str]:
    """One run of pip, under constraints.txt."""
    under = ["-c", str(ROOT / "constraints.txt")] if pinned else []
    command = [python, "-m", "pip", "--disable-pip-version-check", what, *under, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)
