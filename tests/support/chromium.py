"""A real browser without a driver: Chromium over its debugging pipe (Chrome DevTools Protocol)."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--remote-debugging-pipe",
)  # fmt: skip


class Page:
    """One open page."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, os.fdopen(back, "rb")
        self._numbers, self._session = itertools.count(1), ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]

    def call(self, method: str, **params: Any) -> Any:
        """The answer to one command of the protocol."""
        number = next(self._numbers)
        text: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            text["sessionId"] = self._session
        os.write(self._to, json.dumps(text).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, page: Path, words: str = "") -> None:
        """Load a file, with what stands behind its ``#``, and wait for it."""
        self.call("Page.navigate", url="about:blank")  # another # alone would not load it anew
        self.call("Page.navigate", url=page.absolute().as_uri() + (f"#{words}" if words else ""))
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")

    def eval(self, code: str) -> Any:
        """The value of an expression in the page."""
        asked = {"expression": code, "returnByValue": True, "awaitPromise": True}
        found = self.call("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, code: str) -> None:
        """Until an expression is true, at most ten seconds."""
        end = time.monotonic() + 10
        while not self.eval(code):
            assert time.monotonic() < end, code
            time.sleep(0.02)

    def key(self, name: str) -> None:
        """Press a key that writes nothing, as ArrowRight."""
        code = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowRight": 39, "End": 35}
        what: dict[str, Any] = {"key": name, "code": name, "windowsVirtualKeyCode": code[name]}
        if name == "Enter":
            what["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **what)
        self.call("Input.dispatchKeyEvent", type="keyUp", **what)

    def _read(self) -> Any:
        text = bytearray()
        while (byte := self._back.read(1)) != b"\0":
            assert byte, "the browser has gone"
            text += byte
        return json.loads(text)


@contextmanager
def browser(data: Path) -> Iterator[Page]:
    """A headless browser with its own data folder; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on PATH")
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()

    def pipes() -> None:
        low, high = os.dup(to_read), os.dup(back_write)
        os.dup2(low, 3)
        os.dup2(high, 4)

    running = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={data}"], preexec_fn=pipes, pass_fds=(3, 4),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(to_read)
    os.close(back_write)
    try:
        yield Page(to_write, back_read)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        os.close(to_write)
