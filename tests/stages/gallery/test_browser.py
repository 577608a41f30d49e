"""The page in a real browser, where there is one: sort, filter, keys, the command, strangers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidiff_cli.stages.gallery import run as stage
from pidiff_cli.stages.gallery.inputs import Asked
from pidiff_cli.stages.progress import Progress
from tests.stages.gallery.conftest import picture, record
from tests.support.chromium import Page, browser

WORDS = "[...document.querySelectorAll('.card .words')].map((one) => one.textContent)"
COMMAND = "document.getElementById('command').textContent"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all."""
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def html(pics: Path, home: Path) -> Path:
    """A gallery with a likeness and a name that a shell would obey."""
    odd = picture(pics / "it's $(date) of me.png", record("as a knight", 7), 60, date=0)
    known = {pics / "one.png": 0.7, pics / "two.png": 0.9, odd: 0.2}
    return stage.run(Asked(pics, pics / "gallery.html"), home, Progress(), known).page


def change(field: str, value: str) -> str:
    """Code that types into a field of the command's form."""
    return (
        f"(() => {{ const f = document.forms.change.elements.{field};"
        f" f.value = {json.dumps(value)};"
        " f.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def test_sort_and_filter(page: Page, html: Path) -> None:
    page.open(html)
    assert page.eval(WORDS) == [
        "holiday, 50% #1?.png", "as a chef", "in the snow", "as a chef", "as a knight",
    ]  # fmt: skip
    page.open(html, "sort=likeness&like=0.5")
    assert page.eval(WORDS) == ["in the snow", "as a chef"]
    assert page.eval("document.getElementById('count').textContent").startswith("2 of 5 pictures")
    page.open(html, "sort=seed&kind=drawn&turned=1")
    assert page.eval(WORDS) == ["in the snow", "as a knight", "as a chef", "as a chef"]
    page.open(html, "q=woman+chef&who=aaaaaaaa&to=2023-11-20&from=2023-11-01")
    assert page.eval(WORDS) == ["as a chef"]
    page.open(html, "q=nothing&sort=constructor")
    assert page.eval("!document.getElementById('none').hidden")


def test_a_picture_large_and_the_command_by_keys(page: Page, html: Path, pics: Path) -> None:
    page.open(html)
    page.eval("document.querySelector('.card').focus()")
    page.key("Enter")
    page.wait("document.getElementById('large').open")
    assert page.eval("document.getElementById('again').hidden")
    assert "holds no record" in page.eval("document.getElementById('why').textContent")
    page.key("ArrowRight")
    assert shlex.split(page.eval(COMMAND)) == ["pidiff", "again", str(pics / "three.png")]
    page.wait("document.getElementById('picture').complete")
    assert page.eval("document.getElementById('picture').naturalWidth") == 16
    page.eval(change("seed", "9"))
    page.eval(change("prompt", "it's `x`\n$(y)\x1b[201~"))
    assert shlex.split(page.eval(COMMAND))[3:] == [
        "--set", "prompt=it's `x` $(y)[201~", "--set", "seed=9",
    ]  # fmt: skip
    page.key("Escape")
    page.wait("!document.getElementById('large').open")
    page.wait("document.activeElement.textContent.startsWith('as a chef')")
    page.key("End")
    page.key("Enter")
    page.wait("document.getElementById('large').open")
    assert shlex.split(page.eval(COMMAND))[2] == str(pics / "it's $(date) of me.png")


def test_the_page_alone_shows_the_small_copies(page: Page, html: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "gallery.html"
    alone.parent.mkdir()
    alone.write_bytes(html.read_bytes())
    page.open(alone)
    page.eval("document.querySelector('.card').click()")
    page.wait("!document.getElementById('copy-note').hidden")
    page.wait("document.getElementById('picture').naturalWidth === 16")


def test_a_stranger_s_record_is_text(page: Page, pics: Path, home: Path) -> None:
    bad = "</script><script>owned=1</script><img src=x onerror='owned=1'>"
    told = record(bad, 1, profile={"id": "c" * 32, "name": bad}, base={"name": bad})
    told["settings"] = {"negative": bad, "__proto__": bad, "scheduler": "javascript:owned=1"}
    picture(pics / "<img src=x onerror=owned=1>.png", told, date=9)
    html = stage.run(Asked(pics, pics / "gallery.html"), home, Progress()).page
    page.open(html)
    page.eval("document.querySelector('.card').click()")
    assert page.eval("document.getElementById('large-title').textContent") == bad
    assert page.eval("typeof owned") == "undefined"
    assert page.eval("document.querySelectorAll('[onerror]').length") == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_stands_out_to_the_side(page: Page, html: Path, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.call("Emulation.setDeviceMetricsOverride", **size)
    page.open(html, "seed=3")
    page.eval("document.querySelector('.card').click()")
    for part in ("document.documentElement", "document.getElementById('large')"):
        assert page.eval(f"{part}.scrollWidth <= {width}"), part
