"""Axe finds no serious fault, the page fits a phone, a keyboard reaches all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ui_browser.conftest import Server

RUN = "() => axe.run(document, {resultTypes: ['violations']})"
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


def serious(page: Any) -> list[str]:
    """What axe calls serious or critical."""
    import axe_playwright_python as axe

    script = next(Path(axe.__path__[0]).rglob("axe.min.js"))
    page.evaluate(script.read_text(encoding="utf-8"))
    found = page.evaluate(RUN)["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_serious_fault(server: Server, visit: Any, size: str, scheme: str):
    page = visit(server.address, "draw", viewport=SIZES[size], color_scheme=scheme)
    for summary in page.locator("#draw-form summary").all():
        summary.click()
    page.wait_for_selector("#dial-list input")
    page.wait_for_selector("#known button")
    assert serious(page) == []
    for part in ("learn", "mix", "people"):
        page.click(f"nav a[href='#{part}']")
        if part == "mix":
            page.wait_for_selector("#sheet[src^=blob]")
        assert serious(page) == [], part
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{part} is {wide} px too wide"


def test_axe_sees_what_is_wrong(server: Server, visit: Any):
    page = visit(server.address, "people")
    page.evaluate("document.querySelector('#people').append(document.createElement('button'))")
    assert any(one.startswith("button-name") for one in serious(page))


def test_photos_and_a_question_are_accessible(
    server: Server, visit: Any, drawn_photos: dict[str, list[Path]]
):
    page = visit(server.address, "learn", viewport=SIZES["phone"])
    page.set_input_files("#files", drawn_photos["alice"][:2])
    page.wait_for_selector("#photos li:nth-child(2)")
    assert serious(page) == []
    page.click("nav a[href='#people']")
    page.click("[aria-label='More of alice']")
    page.click("[aria-label='Rename: alice']")
    page.wait_for_selector("#ask input:focus")
    assert serious(page) == []
    page.keyboard.press("Escape")
    assert page.locator("#ask[open]").count() == 0


def test_a_keyboard_draws(server: Server, visit: Any):
    page = visit(server.address, "draw")
    page.focus("#who input")
    page.keyboard.press("ArrowRight")
    assert page.locator("#who label:has(:checked)").inner_text().strip() == "bob"
    page.focus("#prompt")
    page.keyboard.type("as a chef")
    page.keyboard.press("Enter")
    page.wait_for_selector("#drawn .card img")
    page.locator("#drawn .card").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#large[open]")
    page.keyboard.press("Escape")
    assert page.locator("#large[open]").count() == 0


def test_a_server_of_another_time_is_told(server: Server, visit: Any):
    page = visit(server.address, "people")
    page.evaluate("localStorage.setItem('pidiff-token', 'old')")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.click("[aria-label='More of alice']")
    page.click("[aria-label='Copy: alice']")
    page.click("#ask button.main")
    page.wait_for_selector("#ask:has-text('with its token')")
