"""A new person in four steps, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.ui_browser.conftest import Server
from tests.ui_browser.server import FULL

#: Presses of the button: a label's click makes one of its field's, too, which nobody pressed.
COUNT = """() => { window.clicks = 0;
  addEventListener("pointerdown", () => { window.clicks += 1; }, true); }"""


def fill(page: Any, photos: list[Path], name: str) -> None:
    """Steps one and two, as a person does them."""
    page.set_input_files("#files", photos)
    page.wait_for_selector(f"#photos li:nth-child({len(photos)})")
    page.fill("#learn-form [name=name]", name)
    page.click("#consent label:nth-of-type(3)")
    page.click("#learn-form button.main")
    page.wait_for_selector("#tuning progress")


def test_four_steps_then_a_picture(
    empty: Server, visit: Any, drawn_photos: dict[str, list[Path]], tmp_path: Path
):
    notes, broken = tmp_path / "notes.txt", tmp_path / "broken.jpg"
    notes.write_text("no picture")
    broken.write_bytes(b"\xff\xd8 no picture either")
    page = visit(empty.address)  # nobody is there: it opens at the first step
    page.set_input_files("#files", [notes, broken])
    page.wait_for_selector("#photos li.left")
    assert "notes.txt: not a picture" in page.inner_text("#looked")
    page.click("#photos li button:has-text('Leave out')")
    page.evaluate(COUNT)
    page.click("label[for=files]")  # the file chooser, which is Chromium's own
    page.set_input_files("#files", drawn_photos["cleo"])
    page.wait_for_selector("#photos li:nth-child(5)")
    assert page.locator("#photos .box.mine").count() == 4
    page.click("#learn-form [name=name]")
    page.keyboard.type("cleo")
    page.keyboard.press("Tab")
    page.keyboard.type("woman")
    page.click("#consent label:nth-of-type(3) input")
    page.click("#learn-form button.main")
    page.wait_for_selector("#tuning .previews img")
    assert page.evaluate("window.clicks") <= 6
    page.reload()  # in mid-tune: it goes on, and is told as before
    page.wait_for_selector("#tuning .previews img")
    page.wait_for_selector("#reported button:has-text('Draw cleo')")
    assert "likeness" in page.inner_text("#reported")
    manifest = (empty.home / "profiles" / "cleo" / "profile.json").read_text()
    assert '"noun": "woman"' in manifest and '"consent": "synthetic"' in manifest
    assert not list((empty.home / "cache" / "uploads").rglob("*.png"))
    page.click("#reported button:has-text('Draw cleo')")
    page.fill("#prompt", "as a chef")
    page.fill("#draw-form [name=count]", "1")
    page.click("#draw-form button.main")
    page.wait_for_selector("#drawn .card img")
    assert len(list((empty.home / "pics").glob("cleo-*.png"))) == 1


def test_two_tabs_pause_a_killed_server_and_go_on(
    empty: Server, visit: Any, drawn_photos: dict[str, list[Path]]
):
    page = visit(empty.address)
    fill(page, drawn_photos["cleo"], "cleo")
    other = visit(empty.address, "learn", context=page.context)
    other.wait_for_selector("#tuning .previews img")
    other.click("#tuning button:has-text('Pause')")
    page.wait_for_selector("#tuning button:has-text('Go on')")  # the first tab sees it
    page.click("#tuning button:has-text('Go on')")
    other.wait_for_selector("#tuning .lines:has-text('Going on from step')")
    other.wait_for_selector("#tuning .left:has-text('tune')")
    empty.kill()
    page.wait_for_selector("#lost:not([hidden])")
    assert "checkpoint" in page.inner_text("#lost")
    later = visit(empty.start(), "learn")
    later.click("#tuning button:has-text('Go on with cleo')")
    later.wait_for_selector("#tuning .lines:has-text('Going on from step')")
    later.wait_for_selector("#reported button:has-text('Draw cleo')")


DROP = """([name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
  document.querySelector("#step-name").dispatchEvent(
    new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


def test_photos_dropped_anywhere_while_others_are_looked_at(
    empty: Server, visit: Any, drawn_photos: dict[str, list[Path]]
):
    page = visit(empty.address)
    for path in drawn_photos["cleo"][:2]:
        page.evaluate(DROP, [path.name, list(path.read_bytes())])
    page.fill("#learn-form [name=name]", "cleo")
    page.click("#consent label:nth-of-type(3)")
    page.click("#learn-form button.main")
    page.wait_for_selector("#learn-form .warn:has-text('Wait until all photos')")
    page.wait_for_selector("#looked:has-text('2 of 2 kept')")
    names = page.locator("#photos strong").all_inner_texts()
    assert names == [path.name for path in drawn_photos["cleo"][:2]]


def test_a_memory_that_others_fill_is_waited_for(
    tmp_path: Path, visit: Any, drawn_photos: dict[str, list[Path]]
):
    server = Server(tmp_path / "home")
    server.home.mkdir(mode=0o700)
    full = server.home / FULL
    full.touch()
    try:
        page = visit(server.start(), "learn")
        fill(page, drawn_photos["cleo"], "cleo")
        page.wait_for_selector("#tuning .waits:has-text('other programs hold 23.0 GB')")
        assert page.inner_text("#tuning .waits").startswith("Waits for memory, and begins by")
        assert page.inner_text("#tuning .left") == "waits for memory"
        page.click("nav a[href='#people']")  # and at the foot of every other part
        page.wait_for_selector("#jobs .left:has-text('waits for memory')")
        full.unlink()
        page.click("nav a[href='#learn']")
        page.wait_for_selector("#tuning .left:has-text('tune')")
        assert page.is_hidden("#tuning .waits")
        page.click("#tuning button:has-text('Pause')")
        page.wait_for_selector("#tuning button:has-text('Go on')")
    finally:
        server.kill()
