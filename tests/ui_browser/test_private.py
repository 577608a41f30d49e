"""Lock, unlock, consent and forget all, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pidiff_cli import keeping
from pidiff_cli.profile import age
from tests.ui_browser.conftest import Server
from tests.ui_browser.test_access import SIZES, serious

IN_CACHE = """(path) => fetch(path, {cache: "only-if-cached", mode: "same-origin"})
  .then((answer) => answer.ok, () => false)"""


def more(page: Any, name: str, act: str) -> None:
    """Press one of the buttons that are folded away."""
    if not page.locator(f"details[open] > [aria-label='More of {name}']").count():
        page.click(f"[aria-label='More of {name}']")
    page.click(f"[aria-label='{act}: {name}']")


def test_a_copy_is_locked_opened_and_forgotten(server: Server, visit: Any, known_home: Path):
    page = visit(server.address, "people", viewport=SIZES["phone"])
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    more(page, "bob", "Copy")
    page.fill("#ask-input", "dora")
    page.keyboard.press("Enter")
    more(page, "dora", "Consent")
    page.check("#ask input[value=synthetic]")
    assert serious(page) == []
    page.keyboard.press("Enter")
    page.wait_for_selector(".person:has(h3:has-text('dora')) dd:has-text('made-up')")

    more(page, "dora", "Lock")
    page.wait_for_selector("#ask:has-text('A lost passphrase is lost')")
    assert serious(page) == []
    page.fill("#ask-passphrase", "six words")
    page.fill("#ask-twice", "six word")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask [role=alert]:has-text('two different')")
    page.fill("#ask-passphrase", "six words")
    page.fill("#ask-twice", "six words")
    page.keyboard.press("Enter")
    page.wait_for_selector(".person:has(h3:has-text('dora')) .lock")
    assert page.locator("input[type=password]").count() == 0
    assert serious(page) == []
    folder = known_home / "profiles" / "dora"
    assert sorted(p.name for p in folder.iterdir()) == ["key.age", "locked.age", "locked.id"]
    page.click("nav a[href='#draw']")
    page.wait_for_selector("#draw .locked-ones:has-text('dora')")
    assert page.locator("#who label:has-text('dora')").count() == 0

    page.click("nav a[href='#people']")
    page.click("[aria-label='Unlock: dora']")
    page.fill("#ask-passphrase", "seven words")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask [role=alert]:has-text('not the passphrase')")
    page.fill("#ask-passphrase", "six words")
    page.keyboard.press("Enter")
    page.wait_for_selector(".person:has(h3:has-text('dora')):not(:has(.lock))")
    assert not [url for url in asked if "words" in url and "/api/words" not in url]

    page.click("nav a[href='#draw']")
    page.click("#who label:has-text('dora')")
    page.uncheck("#draw-form [name=mark]")
    page.wait_for_selector("#unmarked:has-text('EU AI Act')")
    page.fill("#prompt", "as a pirate")
    page.fill("#draw-form [name=count]", "1")
    page.click("#draw-form button.main")
    page.wait_for_selector("#drawn:has(h3:has-text('pirate')) .card img")
    (picture,) = (known_home / "pics").glob("dora-*.png")
    assert b"caBX" not in picture.read_bytes()  # no C2PA manifest

    small = page.get_attribute("#drawn .card img", "src")
    assert page.evaluate(IN_CACHE, small)
    page.click("nav a[href='#people']")
    more(page, "dora", "Forget all")
    page.wait_for_selector("#ask label:has-text('the 1 picture of dora')")
    page.click("#ask summary")
    page.wait_for_selector(f"#ask li:has-text('{picture.name}')")
    assert serious(page) == []
    page.click("#ask button:has-text('Forget all')")
    page.wait_for_selector("#everybody:not(:has(h3:has-text('dora')))")
    assert not picture.exists() and not folder.exists()
    assert not page.evaluate(IN_CACHE, small)


def test_one_that_is_locked_for_a_key_takes_its_file(
    server: Server, visit: Any, known_home: Path, tmp_path: Path
):
    page = visit(server.address, "people")
    more(page, "bob", "Copy")
    page.fill("#ask-input", "emma")
    page.keyboard.press("Enter")
    page.wait_for_selector(".person:has(h3:has-text('emma'))")
    key, wrong, right = age.new_identity(), tmp_path / "wrong.txt", tmp_path / "key.txt"
    keeping.lock("emma", recipients=age.public_of(key), home=known_home)
    wrong.write_text(age.new_identity())
    right.write_text(f"# public key: {age.public_of(key)}\n{key}\n")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url))
    page.click("[aria-label='Unlock: emma']")
    assert serious(page) == []
    page.click("#ask button:has-text('Unlock')")
    page.wait_for_selector("#ask [role=alert]:has-text('Choose the key file')")
    page.set_input_files("#ask-keys", wrong)
    page.click("#ask button:has-text('Unlock')")
    page.wait_for_selector("#ask [role=alert]:has-text('None of the keys')")
    page.set_input_files("#ask-keys", right)
    page.click("#ask button:has-text('Unlock')")
    page.wait_for_selector(".person:has(h3:has-text('emma')):not(:has(.lock))")
    assert page.locator("input[type=file]:visible").count() == 0 and not page.inner_html("#ask")
    assert not [url for url in sent if "AGE-SECRET" in url]
    more(page, "emma", "Delete")
    page.click("#ask button:has-text('Delete')")
    page.wait_for_selector("#everybody:not(:has(h3:has-text('emma')))")
