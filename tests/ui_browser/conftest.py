"""A real server on mini, and a real browser. `make ui-test` runs these; CI does not."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import NAMES
from tests.support.places import ROOT

HERE = Path(__file__).parent
ASKED = "PIDIFF_UI_TEST"  # set by `make ui-test`
PATIENCE = 600_000  # ms: a tuning on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take minutes, a browser, and packages that only `make ui-test` brings."""
    if ASKED in os.environ:
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="make ui-test runs these, with Chromium"))


class Server:
    """One process of the page, which may be killed and started again on the same port."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.home, self.process, self.address = home, None, ""

    def start(self) -> str:
        """Start; the address with its token."""
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        words = [sys.executable, "-m", "tests.ui_browser.server", str(self.home), str(self.port)]
        self.process = subprocess.Popen(
            words, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE
        )
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http://127.0.0.1:")
        return self.address

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def drawn_photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Four drawn portraits of each of three people whom no network saw."""
    from benchmarks.drawings import identities
    from benchmarks.quality.people import write_photos

    root = tmp_path_factory.mktemp("photos")
    made = zip(("alice", "bob", "cleo"), identities(3), strict=True)
    return {name: sorted(write_photos(one, root / name).iterdir()) for name, one in made}


@pytest.fixture(scope="session")
def known_home(
    tmp_path_factory: pytest.TempPathFactory, drawn_photos: dict[str, list[Path]]
) -> Path:
    """A home with alice and bob, who can be drawn."""
    from pidiff_cli import api

    home = tmp_path_factory.mktemp("home")
    for name in ("alice", "bob"):
        api.prepare(drawn_photos[name], name, home=home)
        api.invert(name, home=home)
    return home


@pytest.fixture(scope="session")
def server(known_home: Path) -> Iterator[Server]:
    """Over that home."""
    one = Server(known_home)
    one.start()
    yield one
    one.kill()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Server]:
    """A server over a home with nobody in it."""
    one = Server(tmp_path / "home")
    one.start()
    yield one
    one.kill()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser that is on PATH."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playing:
        browser = playing.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a page in a context of its own; faults in it, and requests elsewhere, fail the test."""
    contexts: list[Any] = []
    faults: list[str] = []

    def opened(address: str, part: str = "", context: Any = None, **how: Any) -> Any:
        if context is None:
            context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: elsewhere(asked.url))
        page.goto(address + (f"#{part}" if part else ""))
        page.wait_for_selector("html[data-ready]")
        return page

    def elsewhere(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:")):
            faults.append(f"asked for {url}")

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
