"""Photos on their way to a profile."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import Opened


def png(shade: int = 120, side: int = 64) -> bytes:
    """A plain picture."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), shade, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def drafts(page: Opened, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Where two faces are seen in every picture, the first one's."""
    from pidiff_cli import api
    from pidiff_cli.stages.prepare.look import LookedPhoto, LookResult

    def look(photos, seen, *, faces, home):
        boxes = ((0.1, 0.1, 0.3, 0.3), (0.6, 0.6, 0.2, 0.2))
        picture = np.zeros((64, 64, 3), np.uint8)
        rows = [LookedPhoto(path, picture, boxes, faces.get(path, 0), kept=True) for path in photos]
        return LookResult(tuple(rows), "A smile would help most.")

    monkeypatch.setattr(api, "look", look)
    return page


def files_of(home: Path) -> list[Path]:
    return [p for p in (home / "cache" / "uploads").rglob("*") if p.is_file() and p.name != "pid"]


def test_an_upload_is_private_and_goes(drafts: Opened, home: Path):
    draft = drafts.post("/api/drafts").json()["id"]
    told = drafts.add(draft, "../../me.png", png()).json()
    (kept,) = files_of(home)
    assert kept.name == "me.png" and stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert [photo["file"] for photo in told["photos"]] == ["me.png"]
    drafts.post(f"/api/drafts/{draft}", {"discard": True})
    assert files_of(home) == []


def test_what_is_no_picture_is_refused_in_words(drafts: Opened, home: Path):
    draft = drafts.post("/api/drafts").json()["id"]
    for name, content in (("notes.txt", b"words"), ("empty.png", b""), ("", b"x")):
        answer = drafts.add(draft, name, content)
        assert answer.status_code == 400 and answer.json()["message"]
    assert files_of(home) == []


def test_too_large_and_too_many_are_refused(
    drafts: Opened, home: Path, monkeypatch: pytest.MonkeyPatch
):
    from pidiff_cli.ui import drafts as module
    from pidiff_cli.ui import routes_drafts

    monkeypatch.setattr(routes_drafts, "MOST_BYTES", 1000)
    monkeypatch.setattr(module, "MOST_PHOTOS", 1)
    draft = drafts.post("/api/drafts").json()["id"]
    assert "larger" in drafts.add(draft, "a.png", b"x" * 1001).json()["message"]
    assert drafts.add(draft, "a.png", png()).status_code == 200
    assert "most" in drafts.add(draft, "b.png", png()).json()["message"]
    assert len(files_of(home)) == 1


def test_a_click_takes_another_face_or_leaves_a_photo_out(drafts: Opened):
    draft = drafts.post("/api/drafts").json()["id"]
    (photo,) = drafts.add(draft, "a.png", png()).json()["photos"]
    path = f"/api/drafts/{draft}"
    assert photo["chosen"] == 0 and len(photo["boxes"]) == 2
    (other,) = drafts.post(path, {"photo": photo["id"], "face": 1}).json()["photos"]
    assert other["chosen"] == 1 and other["by_hand"]
    (out,) = drafts.post(path, {"photo": photo["id"], "out": True}).json()["photos"]
    assert out["out"] and not out["kept"]
    (back,) = drafts.post(path, {"photo": photo["id"], "out": False}).json()["photos"]
    assert back["kept"] and back["chosen"] == 1
    assert drafts.post(path, {"photo": photo["id"], "face": 7}).status_code == 400
    assert drafts.get(f"/drafts/{draft}/{photo['id']}").headers["content-type"] == "image/jpeg"


def test_photos_of_a_killed_server_go_with_the_next(home: Path):
    from pidiff_cli.ui.drafts import Drafts

    killed = Drafts(home)
    killed.add(killed.new(), "me.png", png())
    Drafts(home)
    assert len(files_of(home)) == 1  # that server still runs
    note = next((home / "cache" / "uploads").glob("*/pid"))
    for left in (
        "999999999 1.00",
        f"{note.read_text().split()[0]} 1.00",
        "",
        "x",
    ):  # a number again
        photo = files_of(home)
        assert len(photo) == 1
        note.write_text(left)
        Drafts(home)
        assert files_of(home) == []
        killed.add(killed.new(), "me.png", png())


def test_a_home_that_the_page_makes_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from pidiff_cli.ui.drafts import Drafts
    from pidiff_cli.ui.server import _door

    for name, use in (
        ("one", lambda home: Drafts(home).new()),
        ("two", lambda home: _door("http://127.0.0.1:1/?token=x", home)),
    ):
        use(tmp_path / name)
        made = [tmp_path / name, *(tmp_path / name).rglob("*")]
        assert [p for p in made if stat.S_IMODE(p.stat().st_mode) & 0o077] == []
