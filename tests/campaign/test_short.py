"""A seeded handful of each campaign; all of them: make campaign."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.campaign import exits, failures, kills, signals
from tests.campaign.trial import Expected, instants, judge, sentence, verified
from tests.campaign.world import LINES, World, set_up, workplace

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")
QUICK = (
    "prepare --force",
    "tune --retune",
    "import --force",
    "forget",
    "rename",
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with workplace() as folder:
        world = set_up(folder)
        yield world
        world.patch.undo()


@pytest.fixture(scope="module")
def expected(world: World) -> Expected:
    return Expected(world)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("share", [0.55, 0.9])
def test_an_exit(world: World, expected: Expected, name: str, share: float) -> None:
    place = world.place("trial")
    assert exits.end(place, name, max(1, int(instants(world, name) * share))) == 137
    assert judge(place, name, expected) == []


@pytest.mark.parametrize("name", QUICK)
def test_a_disk_that_is_full_from_one_instant_on(
    world: World, expected: Expected, name: str
) -> None:
    place = world.place("trial")
    ran = failures.fail(place, name, instants(world, name) // 3, 28, lasts=True)
    assert sentence(ran) == ""
    assert judge(place, name, expected) == []


def test_a_kill(world: World, expected: Expected) -> None:
    place = world.place("trial")
    kills.kill(place, "tune --retune", 0.05)
    assert judge(place, "tune --retune", expected) == []


@pytest.mark.parametrize("number", signals.SIGNALS)
def test_a_signal(world: World, expected: Expected, number: int) -> None:
    place = world.place("trial")
    if signal.getsignal(number) is signal.SIG_IGN:  # under nohup, and so in what is begun here
        pytest.skip("whoever began these tests ignores the signal")
    assert signals.stop(place, "import", number, 30) == 128 + number
    assert [p.name for p in (place.home / "profiles").glob(".new-*")] == []
    assert judge(place, "import", expected) == []


@pytest.mark.parametrize("name", ["forget", "delete"])
def test_nothing_can_be_written_and_it_is_forgotten(world: World, name: str) -> None:
    place = world.place("trial")
    ran = failures.fail(place, name, 1, 28, lasts=True)
    assert ran.code == 0, ran.err
    assert not list((place.home / "profiles" / "alice").rglob("*.png"))
    assert verified(place) == []
    if name == "forget":
        shown = place.run("profile", "show", "alice")
        assert "photos    0 kept" in shown.out + shown.err
        place.run("prepare", "{1}/first", "--name", "alice")  # the next writer writes it down
        assert "first" not in (place.home / "profiles/alice/profile.json").read_text()


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_everything_in_a_home_is_private_from_the_first_byte(world: World) -> None:
    place = world.place("trial")
    before = os.umask(0)
    try:
        for name in ("prepare", "tune", "export", "import", "stylemix --name", "copy"):
            assert place.run(*LINES[name]).code == 0
    finally:
        os.umask(before)
    made = {*place.home.rglob("*"), place.folder / "out.pidiff"}
    open_ = [p for p in made if p.stat().st_mode & 0o077 and p.stat().st_mtime > _start(world)]
    assert open_ == []
    (sheet,) = (place.folder / "pics").glob("*.png")
    assert sheet.stat().st_mode & 0o777 == 0o666  # what was asked for follows the umask


def _start(world: World) -> float:
    """When the template was done: a copy keeps its times."""
    return max(p.stat().st_mtime for p in world.template.rglob("*"))
