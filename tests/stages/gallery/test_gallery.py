"""The page: what is in it, what moves with it, what it remembers, what cannot get into it."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli import api
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.gallery import run as stage
from pidiff_cli.stages.gallery.entry import can_be_typed, link
from pidiff_cli.stages.gallery.inputs import Asked
from pidiff_cli.stages.progress import Progress
from tests.stages.gallery.conftest import picture, record


class Tags(HTMLParser):
    """Every tag of a page with the names of its attributes, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)


def data_of(page: Path) -> list[dict[str, Any]]:
    """The pictures as the page's script reads them."""
    return json.loads(Tags(page.read_text("utf-8")).scripts[0])["pictures"]


def test_every_picture_is_shown_and_broken_files_are_told(pics: Path, home: Path) -> None:
    said: list[str] = []
    result = api.gallery(pics, home=home, progress=lambda event: said.append(event.text))
    assert result.page == pics / "gallery.html"
    names = [one.path.name for one in result.pictures]
    assert names == ["holiday, 50% #1?.png", "three.png", "two.png", "one.png"]
    assert [one.kind for one in result.pictures] == ["other", "drawn", "drawn", "drawn"]
    assert {one.file for one in result.left_out} == {"cut.png", "words.jpg"}
    assert any("Left out" in text and "it holds text" in text for text in said)
    html = result.page.read_text("utf-8")
    assert "4 pictures, 1 without a record" in html and "words.jpg: not a picture" in html
    other, three, two, _ = data_of(result.page)
    assert other["href"] == "./sub/holiday%2C%2050%25%20%231%3F.png" and other["kind"] == "other"
    assert (two["prompt"], two["seed"], two["who"]) == ("in the snow", "12", "aaaaaaaa")
    assert three["thumb"].startswith("data:image/webp;base64,") and three["likeness"] is None


def test_the_page_names_nothing_outside_itself(pics: Path, home: Path, tmp_path: Path) -> None:
    html = api.gallery(pics, home=home).page.read_text("utf-8")
    assert str(tmp_path) not in html and not re.search(r"https?:|//\w|@import|url\(", html)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy and policy[1].startswith("default-src &#39;none&#39;; img-src data: file:")
    assert "&#39;unsafe-inline&#39;; script-src &#39;sha256-" in policy[1]
    script = Tags(html).scripts[-1]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|fetch", script)


def test_nothing_of_a_record_or_a_name_becomes_html(pics: Path, home: Path) -> None:
    honest = Tags(api.gallery(pics, home=home).page.read_text("utf-8"))
    bad = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>{{ 7*7 }}"
    told = record(bad, 1, base={"name": bad}, versions={"pidiff": bad}, full_prompt=bad)
    told["settings"] = {"negative": bad, "scheduler": bad, "style_from": bad}
    told["profile"] = {"id": "c" * 32, "name": bad}
    picture(pics / "<img src=x onerror=alert(1)>.png", told, date=9)
    (pics / "<script>alert(1)<!--.jpg").write_text("no picture")
    result = api.gallery(pics, home=home)
    html = result.page.read_text("utf-8")
    found = Tags(html)
    more = [("li", ()), *honest.tags]  # one more file that is left out
    assert sorted(found.tags) == sorted(more)
    assert data_of(result.page)[0]["prompt"] == bad
    assert found.scripts[-1] == honest.scripts[-1] and "<img src=x" not in html


def test_a_page_anywhere_links_relatively(pics: Path, home: Path, tmp_path: Path) -> None:
    page = api.gallery(pics, out=tmp_path / "web" / "me.html", home=home).page
    assert page == tmp_path / "web" / "me.html"
    assert data_of(page)[-1]["href"] == "./../pics/one.png"
    (tmp_path / "there").mkdir()
    assert api.gallery(pics, out=tmp_path / "there", home=home).page.name == "gallery.html"
    assert link(tmp_path / "javascript:1&x.png", tmp_path) == "./javascript%3A1%26x.png"
    assert can_be_typed("it's $(x) 雪.png") and not can_be_typed("a\x1b[2Jb.png")
    assert not can_be_typed("\udcff.png") and link(Path("\udcff.png"), Path(".")) == "./%FF.png"


def test_another_file_in_the_place_of_the_page_stays(pics: Path, home: Path) -> None:
    (pics / "gallery.html").write_text("my own page")
    with pytest.raises(InputError, match="no gallery of pidiff"):
        api.gallery(pics, home=home)
    assert (pics / "gallery.html").read_text() == "my own page"


def test_a_likeness_is_kept_until_the_file_changes(pics: Path, home: Path) -> None:
    asked = Asked(pics, pics / "gallery.html")
    told = {pics / "one.png": 0.71, pics / "two.png": 0.5, pics / "three.png": None}
    stage.run(asked, home, Progress(), told)
    picture(pics / "two.png", record("in the snow", 13), 25, date=2)
    os.rename(pics / "one.png", pics / "moved.png")
    again = {one.path.name: one.likeness for one in api.gallery(pics, home=home).pictures}
    assert again["moved.png"] == 0.71 and again["two.png"] is None and again["three.png"] is None
    first = (pics / "gallery.html").read_bytes()
    api.gallery(pics, home=home)
    assert (pics / "gallery.html").read_bytes() == first


@pytest.mark.parametrize("text", ["", "[1]", '{"pictures": 3}', "[" * 99_999, '{"pictures": [3]}'])
def test_a_spoilt_page_is_written_anew(pics: Path, home: Path, text: str) -> None:
    page = api.gallery(pics, home=home).page
    data = Tags(whole := page.read_text("utf-8")).scripts[0]
    page.write_text(whole.replace(data, text), "utf-8")
    assert len(api.gallery(pics, home=home).pictures) == 4 and page.read_text("utf-8") == whole


def test_small_copies_of_another_page_are_pictures_only(pics: Path, home: Path) -> None:
    page = api.gallery(pics, home=home).page
    whole = page.read_text("utf-8")
    page.write_text(re.sub("data:image/webp;base64,", "javascript:", whole), "utf-8")
    api.gallery(pics, home=home)
    assert page.read_text("utf-8") == whole


def test_pictures_of_one_person(pics: Path, home: Path) -> None:
    profile = Profile.create(home, "alice", "woman")
    picture(pics / "four.png", record(profile={"id": profile.manifest.id}), 50, date=5)
    result = api.gallery("alice", inside=pics, home=home)
    assert result.page == pics / "gallery-alice.html"
    assert [(one.path.name, one.profile) for one in result.pictures] == [("four.png", "alice")]
    assert api.gallery(profile.folder, inside=pics, home=home).pictures == result.pictures
    Profile.create(home, "bob", "man")
    with pytest.raises(InputError, match="no pictures of bob in") as none:
        api.gallery("bob", inside=pics, home=home)
    assert "pidiff generate bob" in none.value.hint


def test_words_that_mean_nothing(pics: Path, home: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder and no profile"):
        api.gallery("nobody", home=home)
    with pytest.raises(InputError, match="is a file"):
        api.gallery(pics / "one.png", home=home)
    with pytest.raises(UsageError, match="--in"):
        api.gallery(pics, inside=tmp_path, home=home)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures in"):
        api.gallery(tmp_path / "empty", home=home)
    assert not (tmp_path / "empty" / "gallery.html").exists()


def test_only_broken_files_make_a_page_too(tmp_path: Path, home: Path) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.png").write_bytes(b"")
    os.mkfifo(tmp_path / "pics" / "b.png")
    result = api.gallery(tmp_path / "pics", home=home)
    assert result.pictures == () and len(result.left_out) == 2 and result.page.is_file()
