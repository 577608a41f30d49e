"""Draw, mix and people, in a real browser."""

from __future__ import annotations

from typing import Any

import psutil

from tests.ui_browser.conftest import Server


def draw(page: Any, prompt: str, count: int, seed: str) -> None:
    page.fill("#prompt", prompt)
    page.fill("#draw-form [name=count]", str(count))
    page.fill("#draw-form [name=seed]", seed)
    page.click("#draw-form button.main")
    page.wait_for_selector(f"#drawn h3:has-text('{prompt}')")  # not another test's pictures


def test_pictures_one_by_one_a_record_again_and_gone(server: Server, visit: Any):
    page = visit(server.address, "draw")
    page.click("#who label:has-text('bob')")
    draw(page, "as a zorgon, smiling", 2, "7")
    page.wait_for_selector("#reading:has-text('zorgon')")  # what it does not know
    page.wait_for_selector("#drawn li:nth-child(2) .card img")
    page.click("#drawn li:nth-child(1) .card")
    page.wait_for_selector("#large dd:has-text('bob')")
    assert page.is_disabled("#large [data-turn=before]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#large dd:has-text('8')")
    page.keyboard.press("ArrowLeft")
    page.fill("#large [name=seed]", "9")
    page.uncheck("#large [name=mark]")
    page.wait_for_selector("#unmarked-again:has-text('EU AI Act')")
    page.click("#large button:has-text('Draw again')")
    page.wait_for_selector("#drawn .facts:has-text('seed 9')")
    (plain,) = (server.home / "pics").glob("bob-as-a-zorgon*9.png")
    assert b"caBX" not in plain.read_bytes()  # no C2PA manifest
    page.wait_for_selector("#pictures .facts:has-text('seed 7')")
    shown = page.locator("#pictures .facts").all_inner_texts()
    assert not [text for text in shown if "seed 9" in text]  # it stands above
    page.click("#drawn .card")
    page.click("#large button:has-text('Delete')")
    page.click("#ask button:has-text('Delete')")
    page.wait_for_selector("#drawn:not(:has(.facts:has-text('seed 9')))")
    assert not plain.exists() and page.locator("#pictures .card").count() >= 2


def test_a_button_that_cannot_do_it_says_why(server: Server, visit: Any):
    page = visit(server.address, "draw")
    told = {"message": "That job is over.", "hint": ""}
    page.route("**/api/jobs/*/stop", lambda route: route.fulfill(status=400, json=told))
    draw(page, "as a sailor", 6, "3")
    page.click("#drawn button:has-text('Stop')")
    page.wait_for_selector("#lost:has-text('That job is over.')")
    page.wait_for_selector("#drawn li:nth-child(6) .card img")  # it went on, and says no more
    assert page.is_hidden("#lost")


def test_a_seed_that_is_not_given_is_another_each_time(server: Server, visit: Any):
    page = visit(server.address, "draw")
    found = set()
    for _ in range(2):
        page.click("#draw-form button.main")
        page.wait_for_selector("#draw-form .warn:has-text('Say what')")
        draw(page, "in a garden", 1, "")
        page.wait_for_selector("#drawn .card img")
        found.add(page.inner_text("#drawn .facts"))
        page.click("#drawn .card")
        page.click("#large button:has-text('Delete')")
        page.click("#ask button:has-text('Delete')")
        page.wait_for_selector("#drawn:not(:has(.card))")
        page.fill("#prompt", "")
    assert len(found) == 2


def test_two_strengths_side_by_side(server: Server, visit: Any):
    page = visit(server.address, "draw")
    page.click("summary:has-text('Side by side')")
    page.select_option("[name=beside]", "identity_scale")
    draw(page, "in the snow", 1, "7")
    page.wait_for_selector("#drawn .pair figure:nth-child(2) img")
    told = page.locator("#drawn figcaption").all_inner_texts()
    assert "strength 1" in told[0] and "strength 0" in told[1]


def test_a_dial_moves_the_picture(server: Server, visit: Any):
    page = visit(server.address, "draw")
    page.click("#dials summary")
    dial = page.locator("#dial-list input[data-edit=age]")
    dial.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#dialled") == "(1 moved)"
    draw(page, "as a chef", 1, "7")
    page.wait_for_selector("#drawn .card img")
    page.click("#drawn .card")
    page.wait_for_selector("#large dd:has-text('age=2')")


def test_a_mix_at_once_and_kept(server: Server, visit: Any):
    page = visit(server.address, "mix")
    page.wait_for_selector("#sheet[src^=blob]")
    before = page.get_attribute("#sheet", "src")
    page.locator("#mix-form [name=coarse]").focus()
    page.keyboard.press("End")
    page.wait_for_selector(f"#sheet:not([src='{before}'])")
    page.fill("#mix-form [name=name]", "mixed")
    page.click("#mix-form button:has-text('Keep as a person')")
    page.wait_for_selector("#mix-drawn a[href='#people']")
    page.click("nav a[href='#people']")
    page.click("[aria-label='More of mixed']")
    page.click("[aria-label='Delete: mixed']")
    page.click("#ask button:has-text('Delete')")
    page.wait_for_selector("#everybody:not(:has(h3:has-text('mixed')))")


def test_the_server_speaks_with_this_machine_only(server: Server, visit: Any):
    visit(server.address)
    process = psutil.Process(server.process.pid)
    found = process.net_connections("inet")
    for child in process.children(recursive=True):
        found += child.net_connections("inet")
    ends = {end.ip for one in found for end in (one.laddr, one.raddr) if end}
    assert found and ends == {"127.0.0.1"}
