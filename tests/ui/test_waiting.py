"""A card that other programs fill: the tuning waits, says why, and begins by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from pidiff_cli.profile import Profile
from pidiff_cli.ui import learning as module
from tests.support.tiny_person import make_profile
from tests.ui.conftest import TOKEN, Opened, open_page

GB = 1e9
LITTLE = 0.01 * GB  # less than mini takes at the least


@dataclass
class Card:
    """What torch reads of a card, in bytes; ``own`` is what this process has cached."""

    free: float = 24 * GB
    whole: float = 24 * GB
    own: float = 0.0
    asked: int = 0

    def read(self, device: Any = None) -> tuple[int, int]:
        self.asked += 1
        return int(self.free), int(self.whole)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """A card as torch would tell of it; nothing is computed there."""
    found = Card()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", found.read)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device=None: int(found.own))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "A card")
    monkeypatch.setattr(module, "LOOK", 0.02)
    return found


@pytest.fixture
def page(home: Path, tmp_path: Path, stages: dict[str, ModuleType], card: Card) -> Iterator[Opened]:
    """Over a home with alice, not tuned, where a tuning computes nothing."""
    make_profile(home)
    client, work = open_page(home, tmp_path / "pics", "auto")
    client.get(f"/?token={TOKEN}")
    yield Opened(client, work)
    work.close()


def learn(page: Opened) -> dict[str, Any]:
    (alice,) = page.get("/api/state").json()["people"]
    return page.post(f"/api/people/{alice['id']}/learn").json()


def until(page: Opened, job: dict[str, Any], found: Callable[[dict[str, Any]], Any]) -> Any:
    """The job as the page is told of it, once something is so."""
    end = time.monotonic() + 30
    while True:
        told = next(one for one in page.work.jobs.told() if one["id"] == job["id"])
        if found(told):
            return told
        assert time.monotonic() < end, str(told)
        time.sleep(0.01)


def test_room_enough_and_it_begins(page: Opened, card: Card):
    done = page.ended(learn(page))
    assert done["state"] == "done" and card.asked, done


def test_it_waits_with_a_sentence_and_begins_once_there_is_room(page: Opened, card: Card):
    card.free = LITTLE
    job = learn(page)
    told = until(page, job, lambda one: one["waits"])
    assert told["state"] == "running" and not told["error"]
    assert told["waits"].startswith("Waits for memory, and begins by itself. Tuning at 128 px")
    assert "0.0 are free; other programs hold 23.4 GB of this card." in told["waits"]
    before = card.asked
    until(page, job, lambda one: card.asked > before + 3)  # it goes on looking
    card.whole = 20 * GB  # as if some of them had ended
    until(page, job, lambda one: "hold 19.4 GB" in one["waits"])
    card.free = 20 * GB
    done = page.ended(job)
    assert done["state"] == "done" and done["waits"] == "", done


def test_one_that_waits_is_stopped_and_gone_on_with(page: Opened, card: Card):
    card.free = LITTLE
    job = learn(page)
    until(page, job, lambda one: one["waits"])
    page.post(f"/api/jobs/{job['id']}/stop")
    told = page.ended(job)
    assert told["state"] == "stopped" and told["waits"] == ""
    card.free = 20 * GB
    assert page.ended(learn(page))["state"] == "done"


@pytest.mark.parametrize(("whole", "own"), [(0.02, 0.0), (24, 23.3)])
def test_where_nobody_else_holds_the_room_it_fails_at_once(
    page: Opened, card: Card, whole: float, own: float
):
    card.free, card.whole, card.own = LITTLE, whole * GB, own * GB
    told = page.ended(learn(page))
    assert told["state"] == "failed" and told["waits"] == ""
    assert "at the least, 0.0 are free." in told["error"]["message"] and told["error"]["hint"]


def test_who_was_quicker_is_waited_for(
    page: Opened, card: Card, stages: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
):
    from pidiff_cli.errors import OutOfMemoryError

    tune, calls = stages["tune"].run, []

    def late(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise OutOfMemoryError("Taken meanwhile.", passing=True)
        if len(calls) == 3:
            raise OutOfMemoryError("Ran out.")
        return tune(*given)

    monkeypatch.setattr(stages["tune"], "run", late)
    assert page.ended(learn(page))["state"] == "done" and len(calls) == 2
    (alice,) = page.get("/api/state").json()["people"]
    again = page.post(f"/api/people/{alice['id']}/learn", {"retune": True}).json()
    assert page.ended(again)["error"]["message"] == "Ran out."


def test_what_is_not_kept_any_more_leaves_the_card(monkeypatch: pytest.MonkeyPatch):
    from pidiff_cli.stages.kept import Kept

    emptied: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(1))
    kept = Kept()
    kept.release()
    assert not emptied
    kept.get("alice", lambda: SimpleNamespace())
    kept.release()
    assert emptied


@pytest.mark.parametrize(("free", "base"), [(LITTLE, "sd15"), (None, "auto")])
def test_a_full_card_is_no_reason_for_the_small_base(
    page: Opened, card: Card, monkeypatch: pytest.MonkeyPatch, free: float | None, base: str
):
    from pidiff_cli.weights import locate

    card.free = free or card.free
    mb = None if free is None else free / 1e6
    monkeypatch.setattr(module, "free_gpu_mb", lambda device: mb)
    monkeypatch.setattr(locate, "is_ready", lambda name, home: name == "sd15")
    assert page.work.learning._base_for("alice") == base
    assert ("sd15" in page.work.learning.base_told()) is (base == "sd15")
    Profile.open("alice", page.work.people.home).update(base={"name": "mini"})
    assert page.work.learning._base_for("alice") == "auto"
