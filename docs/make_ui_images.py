"""Write the pictures of docs/ui.md: the page at 1280 and 390 px, light and dark.

    PYTHONPATH=. python docs/make_ui_images.py --work FOLDER   # Chromium on PATH, and playwright

Over drawn people who are learnt with the defaults, one of them locked; minutes, once: FOLDER keeps
them. All pictures go to FOLDER/all as PNG, to be looked at; those that docs/ui.md shows are written
into docs/images/ui.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.drawings import identities
from benchmarks.quality.people import write_photos
from pidiff_cli import api, keeping

TARGET = Path(__file__).parent / "images" / "ui"
SIZES = {"": (1280, 900), "-phone": (390, 844)}
SCHEMES = {"": "light", "-dark": "dark"}
SHOWN = (
    "draw", "draw-phone-dark", "photos", "photos-phone-dark", "learning-dark", "learning-phone",
    "mix", "mix-phone", "people-dark", "locked-phone", "picture", "picture-phone-dark",
)  # fmt: skip
WIDTH = 900  # px of a wide picture in the docs
PEOPLE, LOCKED, NEW = ("alice", "bob", "cleo"), "dora", "erik"
PATIENCE = 900_000  # ms


def make_home(work: Path) -> dict[str, list[Path]]:
    """The people, where they are not there yet; their photos by name."""
    home, photos = work / "home", {}
    names = (*PEOPLE, LOCKED, NEW)
    for name, person in zip(names, identities(len(names)), strict=True):
        photos[name] = sorted(write_photos(person, work / "photos" / name).iterdir())
        if name == NEW or (home / "profiles" / name).exists():
            continue
        if name == LOCKED:  # of whom nothing can be seen
            api.prepare(photos[name], name, home=home)
            keeping.lock(name, passphrase="of the pictures", home=home)
        else:
            api.tune(photos[name], name, home=home, device="cpu", consent="synthetic")
    return photos


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The page over a home; its address."""
    words = ["--home", str(home), "ui", "--no-browser", "--out", str(home / "pics")]
    process = subprocess.Popen(
        [sys.executable, "-m", "pidiff_cli", *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def shoot(page: Any, name: str, folder: Path) -> None:
    """One picture of what can be seen; without the path of the machine that it was made on."""
    page.evaluate("document.getElementById('folder').textContent = 'pics'")
    page.wait_for_timeout(400)
    page.screenshot(path=folder / f"{name}.png")


def open_pages(browser: Any, address: str) -> dict[str, Any]:
    """The page in both sizes and both colour schemes, by what is added to a picture's name."""
    pages = {}
    for size, (width, height) in SIZES.items():
        for scheme, colours in SCHEMES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=colours
            )
            page = pages[size + scheme] = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(address)
            page.wait_for_selector("html[data-ready]")
    return pages


def go(page: Any, part: str) -> None:
    """Another part of the page, from its top."""
    page.click(f"nav a[href='#{part}']")
    page.evaluate("scrollTo(0, 0)")


def draw(pages: dict[str, Any], folder: Path) -> None:
    """Draw, and one picture with its record."""
    first = next(iter(pages.values()))
    first.fill("#draw-form [name=seed]", "44")
    first.fill("#prompt", "as an astronaut, smiling")
    first.click("#draw-form button.main")
    first.wait_for_selector("#drawn li:nth-child(4) .facts:has-text('likeness')")
    first.wait_for_selector("#drawn progress", state="detached")
    for tag, page in pages.items():
        page.fill("#prompt", "as an astronaut, smiling")
        page.evaluate("scrollTo(0, 0)")
        shoot(page, f"draw{tag}", folder)
        page.click("#drawn li:nth-child(2) .card")
        shoot(page, f"picture{tag}", folder)
        page.keyboard.press("Escape")


def people_and_mix(pages: dict[str, Any], folder: Path) -> None:
    """People, one of them locked, and the sheet of a mix."""
    for tag, page in pages.items():
        go(page, "people")
        shoot(page, f"people{tag}", folder)
        if "phone" in tag:
            page.locator("#everybody .lock").scroll_into_view_if_needed()
            page.evaluate("scrollBy(0, 200)")
            shoot(page, f"locked{tag}", folder)
        go(page, "mix")
        page.wait_for_selector("#sheet[src^=blob]")
        shoot(page, f"mix{tag}", folder)


def learn(pages: dict[str, Any], photos: dict[str, list[Path]], folder: Path) -> None:
    """Photos with their faces, one of somebody else among them, then a tuning half way."""
    first = next(iter(pages.values()))
    go(first, "learn")
    first.set_input_files("#files", [*photos[NEW], photos["alice"][0]])
    first.wait_for_selector("#looked:has-text('4 of 5 kept')")
    draft = first.evaluate("sessionStorage.getItem('pidiff-draft')")
    for tag, page in pages.items():
        go(page, "learn")
        page.evaluate(f"sessionStorage.setItem('pidiff-draft', '{draft}')")
        page.reload()
        page.wait_for_selector("#photos li:nth-child(5) img")
        shoot(page, f"photos{tag}", folder)
    first.click("#photos li:nth-child(5) button:has-text('Leave out')")
    first.fill("#learn-form [name=name]", NEW)
    first.click("#consent label:nth-of-type(3)")
    first.click("#learn-form button.main")
    half = "(() => { const p = document.querySelector('#tuning progress');"
    half += " return !!p && p.value > p.max / 2 && !!document.querySelector('#tuning img'); })()"
    while not first.evaluate(half):
        first.wait_for_timeout(500)
    for tag, page in pages.items():
        page.locator("#step-tune").scroll_into_view_if_needed()
        page.evaluate("document.getElementById('step-tune').scrollIntoView({block: 'start'})")
        shoot(page, f"learning{tag}", folder)
    first.click("#tuning button:has-text('Pause')")
    first.wait_for_selector("#tuning button:has-text('Go on')")


def keep(folder: Path) -> None:
    """Those that the docs show, smaller."""
    from PIL import Image

    TARGET.mkdir(parents=True, exist_ok=True)
    for path in TARGET.iterdir():
        path.unlink()
    for name in SHOWN:
        with Image.open(folder / f"{name}.png") as opened:
            picture = opened.convert("RGB")
        if picture.width > WIDTH:
            height = round(picture.height * WIDTH / picture.width)
            picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
        picture.save(TARGET / f"{name}.webp", "WEBP", quality=80, method=6)


def main() -> None:
    """All of it."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder of people and pictures")
    work = parser.parse_args().work.absolute()
    folder = work / "all"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.rmtree(work / "home" / "pics", ignore_errors=True)
    with suppress(Exception):
        keeping.delete(NEW, home=work / "home")  # of a run before
    photos = make_home(work)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playing, serving(work / "home") as address:
        browser = playing.chromium.launch(executable_path=program, args=["--no-sandbox"])
        pages = open_pages(browser, address)
        draw(pages, folder)
        people_and_mix(pages, folder)
        learn(pages, photos, folder)
        browser.close()
    keep(folder)


if __name__ == "__main__":
    main()
