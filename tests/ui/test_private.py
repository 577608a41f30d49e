"""Locking, consent and forgetting on the page, and pictures that are not marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli import keeping
from pidiff_cli.core.images import save_png
from pidiff_cli.profile import Profile, age
from tests.support.quick_passphrase import make_quick
from tests.support.tiny_person import make_profile
from tests.ui.conftest import Opened
from tests.ui.test_work import alice_of, drawn

WORDS = "  six words, a blank before "


def row(page: Opened, name: str = "alice") -> dict[str, Any]:
    people = page.get("/api/state").json()["people"]
    return next(one for one in people if one["name"] == name)


def act(page: Opened, what: str, asked: dict[str, Any] | None = None, name: str = "alice") -> Any:
    return page.post(f"/api/people/{row(page, name)['id']}/{what}", asked)


@pytest.fixture
def alice(page: Opened, home: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """On the page's home, with passphrases that cost nothing."""
    make_quick(monkeypatch)
    return make_profile(home)


def test_a_person_is_locked_and_comes_back_as_before(page: Opened, alice: Profile):
    before, told = alice.manifest, row(page)
    answer = act(page, "lock", {"passphrase": WORDS})
    assert answer.status_code == 200 and answer.headers["clear-site-data"] == '"cache"'
    assert sorted(p.name for p in alice.folder.iterdir()) == ["key.age", "locked.age", "locked.id"]
    locked = row(page)
    assert set(locked) == {"id", "name", "locked", "by_passphrase"} and locked["by_passphrase"]
    assert "drawable" not in locked and before.id not in page.get("/api/state").text
    for other in (WORDS.strip(), "x"):
        answer = act(page, "unlock", {"passphrase": other})
        assert answer.status_code == 400
        assert answer.json()["message"] == "That is not the passphrase."
    assert act(page, "unlock", {"passphrase": WORDS}).status_code == 200
    assert row(page) == told and Profile(alice.folder).manifest == before


def test_what_is_locked_can_neither_be_drawn_nor_mixed_nor_learnt(page: Opened, alice: Profile):
    known = row(page)["id"]
    act(page, "lock", {"passphrase": WORDS})
    for key in (known, row(page)["id"]):
        for path, asked in (
            ("draw", {"who": key, "prompt": "as a chef"}), ("mix", {"a": key, "b": key}),
            (f"people/{key}/learn", {}), (f"people/{key}/copy", {"name": "b"}),
            (f"people/{key}/lock", {"passphrase": "x"}), (f"people/{key}/forget", {}),
        ):  # fmt: skip
            assert page.post(f"/api/{path}", asked).status_code == 400, path
        for path in ("face", "report", "export"):
            assert page.get(f"/people/{key}/{path}").status_code == 404, path
    assert [p.name for p in (alice.folder.parent).iterdir() if p.name[0] != "."] == ["alice"]


def test_a_locked_one_is_renamed_and_deleted(page: Opened, alice: Profile):
    act(page, "lock", {"passphrase": WORDS})
    assert act(page, "rename", {"name": "anna"}).status_code == 200
    assert row(page, "anna")["locked"]
    assert act(page, "delete", name="anna").status_code == 200
    assert page.get("/api/state").json()["people"] == []


def key_file(identity: str) -> str:
    """As age-keygen writes it."""
    return f"# created: today\n# public key: {age.public_of(identity)}\n{identity}\n"


def test_one_that_is_locked_for_a_key_takes_its_file(
    page: Opened, alice: Profile, home: Path, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    caplog.set_level(0)
    before, key, told = alice.manifest, age.new_identity(), []
    keeping.lock("alice", recipients=age.public_of(key), home=home)
    assert row(page)["by_passphrase"] is False
    answer = act(page, "unlock", {"passphrase": WORDS})
    assert "locked for a key" in answer.json()["message"]
    wrong = {
        "None of the keys opens it.": key_file(age.new_identity()),
        "The file holds no secret key.": "# nothing\n",
        "What was given is no secret key, AGE-SECRET-KEY-1…": key[:-3],
        "The file is encrypted itself.": "age-encryption.org/v1\n-> scrypt x 18\n",
        "The key file is empty.": "",
        "This is no key file: it is too large.": "# x\n" * 20_000 + key,
    }
    for says, keys in wrong.items():
        answer = act(page, "unlock-by-key", {"keys": keys})
        assert answer.status_code == 400 and answer.json()["message"].startswith(says)
        told.append(answer.text)
    for other in (None, 3, [key], {"keys": key}):
        assert act(page, "unlock-by-key", {"keys": other}).status_code == 400
    assert row(page)["locked"]
    told.append(act(page, "unlock-by-key", {"keys": key_file(key)}).text)
    assert Profile(alice.folder).manifest == before and "locked" not in row(page)
    told += [page.get("/api/state").text, str(page.work.jobs.told()), caplog.text]
    told += capfd.readouterr()
    assert not [one for one in told if key[:20] in one]
    assert not [p for p in home.rglob("*") if p.is_file() and key.encode() in p.read_bytes()]


def test_one_that_opens_by_either_takes_a_key_file_too(page: Opened, alice: Profile, home: Path):
    key = age.new_identity()
    keeping.lock("alice", passphrase=WORDS, recipients=age.public_of(key), home=home)
    assert row(page)["by_passphrase"]
    assert act(page, "unlock-by-key", {"keys": key}).status_code == 200


def test_a_passphrase_goes_nowhere(
    page: Opened, alice: Profile, home: Path, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    caplog.set_level(0)
    told = []
    for what, passphrase in (("lock", "w\nords"), ("lock", WORDS), ("unlock", "other" + WORDS)):
        told.append(act(page, what, {"passphrase": passphrase}).text)
    told += [page.get("/api/state").text, str(page.work.jobs.told())]
    told += [caplog.text, *capfd.readouterr()]
    assert not [one for one in told if WORDS in one or WORDS.strip() in one]
    assert not [p for p in home.rglob("*") if p.is_file() and WORDS.encode() in p.read_bytes()]
    by_address = page.get(f"/api/people/{row(page)['id']}/unlock?passphrase={WORDS}")
    assert by_address.status_code in (404, 405) and row(page)["locked"]


@pytest.mark.parametrize("wrong", [None, "", 3, ["a"], "two\nlines", "x" * 2000])
def test_what_is_no_passphrase_locks_nothing(page: Opened, alice: Profile, wrong: object):
    answer = act(page, "lock", {"passphrase": wrong})
    assert answer.status_code == 400 and answer.json()["message"]
    assert not row(page).get("locked")


def test_consent_is_shown_and_changed(page: Opened, alice: Profile):
    assert row(page)["consent_kind"] == "unstated"
    assert act(page, "consent", {"consent": "agreed"}).status_code == 200
    assert row(page)["consent_kind"] == "agreed"
    assert row(page)["consent_told"].startswith("an adult who agreed, ")
    for wrong in ({}, {"consent": "unstated"}, {"consent": "../x"}):
        assert act(page, "consent", wrong).status_code == 400
    assert row(page)["consent_kind"] == "agreed"


@pytest.fixture
def with_pictures(tuned_page: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Two pictures of alice in the page's folder, and a stranger's."""
    monkeypatch.chdir(tmp_path)
    drawn(tuned_page, count=2, seed=7)
    save_png(tmp_path / "pics" / "stranger.png", np.zeros((8, 8, 3), np.uint8))
    return tuned_page


def offered(page: Opened) -> dict[str, Any]:
    return page.get(f"/api/people/{alice_of(page)}/belongings").json()


def test_all_is_forgotten_with_the_pictures(with_pictures: Opened, tmp_path: Path):
    page = with_pictures
    found = offered(page)
    assert (found["count"], found["counted"]) == (2, "2 pictures") and len(found["files"]) == 2
    assert act(page, "forget-all", {"pictures": True}).status_code == 200
    assert [p.name for p in (tmp_path / "pics").iterdir()] == ["stranger.png"]
    assert page.get("/api/state").json()["people"] == [] and page.work.jobs.told() == []
    assert not (tmp_path / "profiles" / "alice").exists()


def test_all_is_forgotten_and_the_pictures_stay(with_pictures: Opened, tmp_path: Path):
    assert act(with_pictures, "forget-all", {"pictures": "no"}).status_code == 400
    assert act(with_pictures, "forget-all", {"pictures": False}).status_code == 200
    assert len(list((tmp_path / "pics").iterdir())) == 3
    assert with_pictures.get("/api/state").json()["people"] == []


def test_nobody_who_is_locked_or_gone_stays_in_memory(
    tuned_page: Opened, monkeypatch: pytest.MonkeyPatch
):
    from pidiff_cli.stages.kept import Kept

    make_quick(monkeypatch)
    drawn(tuned_page, seed=1)
    released = []
    release = Kept.release
    monkeypatch.setattr(Kept, "release", lambda kept: (released.append(1), release(kept)) and None)
    assert act(tuned_page, "lock", {"passphrase": WORDS}).status_code == 200
    tuned_page.work.jobs.close(30)
    assert len(released) == 2  # by the locking, and by the end of the worker


def test_a_picture_is_marked_unless_it_is_said(tuned_page: Opened, tmp_path: Path):
    (marked,) = drawn(tuned_page, seed=7)["pictures"]
    (plain,) = drawn(tuned_page, seed=8, mark=False)["pictures"]
    inside = [(tmp_path / "pics" / one["file"]).read_bytes() for one in (marked, plain)]
    assert [b"caBX" in content for content in inside] == [True, False]
    wish = {"who": alice_of(tuned_page), "prompt": "as a chef", "mark": "no"}
    assert tuned_page.post("/api/draw", wish).status_code == 400


@pytest.mark.parametrize("first", [True, False])
def test_again_marks_as_it_is_told_and_not_as_before(
    tuned_page: Opened, tmp_path: Path, first: bool
):
    (before,) = drawn(tuned_page, seed=7, mark=first)["pictures"]
    for mark in (True, False):
        asked = {"mark": mark, "seed": "9"}
        answer = tuned_page.post(f"/api/pictures/{before['id']}/again", asked)
        (made,) = tuned_page.ended(answer.json())["pictures"]
        assert (b"caBX" in (tmp_path / "pics" / made["file"]).read_bytes()) is mark
    assert tuned_page.post(f"/api/pictures/{before['id']}/again", {"mark": 1}).status_code == 400
