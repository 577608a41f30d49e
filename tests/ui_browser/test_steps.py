"""Kept steps of a learning, in a real browser: a tick, a column beside, another one used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.ui_browser.conftest import Server
from tests.ui_browser.test_access import serious
from tests.ui_browser.test_draw import draw
from tests.ui_browser.test_learn import fill

OFFERED = "#draw-form [name=beside] option[value=checkpoint]:not([disabled])"


def test_two_steps_side_by_side(
    empty: Server,
    visit: Any,
    drawn_photos: dict[str, list[Path]],
):
    page = visit(empty.address)
    page.check("#learn-form [name=keep]")
    fill(page, drawn_photos["cleo"], "cleo")
    page.wait_for_selector("#reported button:has-text('Draw cleo')")
    page.click("#reported button:has-text('Draw cleo')")
    page.click("summary:has-text('Side by side')")
    page.select_option("[name=beside]", "checkpoint")
    steps = page.locator("[name=beside_checkpoint] option").all_inner_texts()
    assert len(steps) >= 2 and all("likeness" in one for one in steps)
    assert serious(page) == []
    draw(page, "as a chef", 1, "7")
    page.wait_for_selector("#drawn .pair figure:nth-child(2) img")
    left, right = page.locator("#drawn figcaption").all_inner_texts()
    assert f"step {steps[0].split(',')[0]}" in right and "step " in left and left != right
    page.click("nav a[href='#people']")
    page.click("[aria-label='More of cleo']")
    page.click("[aria-label='Use another step: cleo']")
    assert serious(page) == []
    page.check("#ask input >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector(".person dd:has-text('previews of step')")


def test_nothing_of_it_where_no_step_is_kept(server: Server, visit: Any):
    page = visit(server.address, "draw")
    page.click("summary:has-text('Side by side')")
    page.wait_for_selector("#who input")
    assert page.locator(OFFERED).count() == 0
    page.click("nav a[href='#people']")
    page.click("[aria-label='More of alice']")
    assert page.locator("[aria-label='Use another step: alice']").count() == 0
