"""What of a person lies outside the profile, found by the random id."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli.core.images import save_png
from pidiff_cli.profile import Profile
from pidiff_cli.stages.belongings import counted, find_belongings
from tests.support.profile_file import export, make_alice

OTHER = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def alice(home: Path) -> Profile:
    """As in the tests of archives."""
    return make_alice(home)


@pytest.fixture
def place(alice: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with files of alice's and others'."""
    here, key = tmp_path / "here", alice.manifest.id
    pics = here / "pics"
    (pics / "deeper").mkdir(parents=True)
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here)
    pixels = np.zeros((8, 8, 3), np.uint8)
    drawn = {"prompt": "x", "seed": 1, "profile": {"id": key}, "settings": {}}
    save_png(pics / "alice-x.png", pixels, drawn)
    save_png(pics / "deeper" / "y.png", pixels, drawn)
    save_png(here / "elsewhere" / "z.png", pixels, drawn)
    save_png(pics / "sheet.png", pixels, {"stylemix": {"a": OTHER, "b": key}})
    style = {"profile": {"id": OTHER}, "settings": {"style_from": f"{key}:coarse=1"}}
    save_png(pics / "style.png", pixels, style)
    save_png(pics / "bob.png", pixels, {"prompt": f"about {key}", "profile": {"id": OTHER}})
    save_png(pics / "none.png", pixels)
    (pics / "alice.png").write_bytes(b"no picture")
    head = '<meta name="generator" content="pidiff gallery">'
    meta = '<meta name="pidiff-profiles" content="{}">'
    (pics / "gallery.html").write_text(head + meta.format(f"{OTHER} {key}"))
    (pics / "others.html").write_text(f"{head}{meta.format(OTHER)}<p>{key}</p>")
    (pics / "mine.html").write_text(f"my notes on {key}")
    (pics / "mine.json").write_text(json.dumps({"id": key}))
    (here / "evaluation").mkdir()
    (here / "evaluation" / "alice.json").write_text(json.dumps({"profiles": [key]}))
    export(alice, here / "alice.pidiff")
    (here / "bob.pidiff").write_bytes(b"PK")
    return here


OWN = {
    "alice.pidiff", "evaluation/alice.json", "pics/alice-x.png", "pics/deeper/y.png",
    "pics/gallery.html", "pics/sheet.png", "pics/style.png",
}  # fmt: skip


def left(place: Path) -> set[str]:
    return {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()}


def test_what_is_found(alice: Profile, place: Path) -> None:
    found = find_belongings(alice.manifest.id)
    assert {one.path.as_posix() for one in found} == OWN
    assert counted(found) == "1 export, 1 table, 4 pictures and 1 page"
    assert [one.path.name for one in find_belongings(alice.manifest.id, [Path("elsewhere")])] == [
        "z.png"
    ]


def test_forget_all_removes_it(pidiff: Callable[..., Any], alice: Profile, place: Path) -> None:
    before = left(place)
    assert pidiff("profile", "forget", "alice", "--all").code == 2 and left(place) == before
    ran = pidiff("--json", "profile", "forget", "alice", "--all", "--yes")
    assert ran.code == 0 and set(json.loads(ran.out)["removed"]) == OWN
    assert left(place) == before - OWN and not alice.folder.exists()
    assert f"picture  {Path('pics/alice-x.png')}" in ran.err


@pytest.mark.parametrize(
    ("answers", "profile", "pictures"),
    [((False,), True, True), ((True, False), False, True), ((True, True), False, False)],
)
def test_a_terminal_is_asked_for_each(
    pidiff: Callable[..., Any], alice: Profile, place: Path, monkeypatch: pytest.MonkeyPatch,
    answers: tuple[bool, ...], profile: bool, pictures: bool,
) -> None:  # fmt: skip
    import typer

    from pidiff_cli.cli import streams

    coming = iter(answers)
    monkeypatch.setattr(streams, "can_ask", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: next(coming))
    assert pidiff("profile", "forget", "alice", "--all").code == (3 if profile else 0)
    assert alice.folder.exists() is profile
    assert (left(place) >= OWN) is pictures


def test_pictures_stay_where_that_is_said(
    pidiff: Callable[..., Any], alice: Profile, place: Path
) -> None:
    before = left(place)
    ran = pidiff("profile", "forget", "alice", "--all", "--pictures", "nowhere", "--yes")
    assert ran.code == 3 and alice.folder.exists()
    assert pidiff("profile", "forget", "alice", "--all", "--keep-pictures", "--yes").code == 0
    assert left(place) == before


def test_nothing_goes_out_of_another_profile(
    pidiff: Callable[..., Any], alice: Profile, place: Path, home: Path
) -> None:
    assert pidiff("profile", "import", "alice.pidiff", "--name", "carl").code == 0
    carl = Profile(home / "profiles" / "carl")
    carl.write("reports/likeness.json", json.dumps({"profiles": [alice.manifest.id]}).encode())
    assert find_belongings(alice.manifest.id, [home]) == []
    evaluated = place / "evaluation" / "profile.json"  # of one who is called "profile"
    evaluated.write_text(json.dumps({"profiles": [alice.manifest.id]}))
    found = {one.path.name for one in find_belongings(alice.manifest.id, [place / "evaluation"])}
    assert found == {"alice.json", "profile.json"}


@pytest.mark.parametrize("line", ["delete alice --yes", "forget alice --all --yes"])
def test_a_damaged_profile_can_go(
    pidiff: Callable[..., Any], alice: Profile, place: Path, line: str
) -> None:
    (alice.folder / "profile.json").write_text("{")
    for command in ("show", "export", "forget"):
        ran = pidiff("profile", command, "alice", *(["--yes"] if command == "forget" else []))
        assert ran.code == 3 and "Remove it: pidiff profile delete alice" in ran.err, ran.err
    before = left(place)
    ran = pidiff("profile", *line.split())
    assert ran.code == 0 and not alice.folder.exists() and left(place) == before, ran.err


def test_an_id_that_is_none_of_ours_finds_nothing(place: Path) -> None:
    for key in ("a", "pidiff", "1", OTHER[:8], ""):  # an imported file may have such
        assert find_belongings(key) == []


def test_a_profile_of_the_same_id_is_told(
    pidiff: Callable[..., Any], alice: Profile, place: Path
) -> None:
    assert pidiff("profile", "import", "alice.pidiff", "--name", "carl").code == 0
    assert "carl came from the same export" in pidiff("profile", "forget", "alice", "--all").err
    ran = pidiff("profile", "forget", "alice", "--all", "--keep-pictures", "--yes")
    assert ran.code == 0 and "same export" not in ran.err


def test_the_home_knows_no_place_of_it_any_more(
    pidiff: Callable[..., Any], alice: Profile, home: Path, tmp_path: Path
) -> None:
    from pidiff_cli.profile import note_folder

    outside = tmp_path / "outside"
    alice.folder.rename(outside)
    note_folder(Profile(outside), home)
    assert str(outside) in (home / "cache" / "profiles.json").read_text()
    assert pidiff("profile", "delete", outside, "--yes").code == 0
    assert "outside" not in (home / "cache" / "profiles.json").read_text()
