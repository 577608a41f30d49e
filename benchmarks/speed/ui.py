"""`pidiff ui`: until the page can be used, until pictures are there, memory, sockets, clicks.

    python -m benchmarks.speed.ui [--rounds 3]  # Chromium on PATH for the page itself and clicks

Over a home with one learnt person, on mini. Wall seconds, and CPU seconds of the server, which
other programs disturb less. Clicks and words are counted in the page, over real mouse and keys.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psutil

from benchmarks.commands import command_line, pidiff
from benchmarks.drawings import identities
from benchmarks.machine import keep, machine
from benchmarks.places import MEASUREMENTS
from benchmarks.quality.people import write_photos
from tests.support.chromium import NAMES, Page, browser

RESULTS = MEASUREMENTS / "ui.json"
TO_REACH = {
    "usable_s": 8.0, "first_picture_s": 15.0, "later_picture_s": 4.0, "idle_mb": 1200.0,
    "elsewhere": 0, "clicks": 6, "words": 2,
}  # fmt: skip
LATER = 3
#: Presses of the button: a label's click makes one of its field's, too, which nobody pressed.
COUNT = "window.clicks = 0; addEventListener('pointerdown', () => { window.clicks += 1; }, true)"


class Running:
    """A server of the page in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.began = time.perf_counter()
        words = ["--home", str(home), "ui", "--no-browser", "--out", str(home / "pics")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pidiff_cli", *words], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        self._base, self._token = self.address.split("/?token=")
        self.process = psutil.Process(self._process.pid)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        opener.open(self.address).read()
        self._opener = opener

    def get(self, path: str) -> Any:
        """The JSON of an address."""
        return json.load(self._opener.open(f"{self._base}/{path}"))

    def post(self, path: str, asked: dict[str, Any]) -> Any:
        """What the server answers to a wish."""
        headers = {"x-pidiff-token": self._token}
        data = json.dumps(asked).encode()
        request = urllib.request.Request(f"{self._base}/{path}", data, headers)
        return json.load(self._opener.open(request))

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs as the stream of news tells them first."""
        with self._opener.open(f"{self._base}/api/events") as stream:
            line = stream.readline().decode()
        found: list[dict[str, Any]] = json.loads(line.removeprefix("data: "))["jobs"]
        return found

    def cpu(self) -> float:
        """CPU seconds so far."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def elsewhere(self) -> int:
        """Sockets that are not on the loopback address."""
        found = self.process.net_connections("inet")
        ends = [end.ip for one in found for end in (one.laddr, one.raddr) if end]
        return sum(ip not in ("127.0.0.1", "::1") for ip in ends)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(home: Path) -> Iterator[Running]:
    """A server that ends with the block."""
    server = Running(home)
    try:
        yield server
    finally:
        server.close()


def picture(server: Running, who: str, seed: int) -> tuple[float, float]:
    """Wall and CPU seconds from the wish to the picture, its likeness measured."""
    began, cpu = time.perf_counter(), server.cpu()
    wish = {"who": who, "prompt": "as an astronaut", "count": 1, "seed": seed}
    key = server.post("api/draw", wish)["id"]
    while True:
        job = next(one for one in server.jobs() if one["id"] == key)
        if job["state"] == "done":
            return time.perf_counter() - began, server.cpu() - cpu
        if job["state"] == "failed":
            raise RuntimeError(job["error"]["message"])
        time.sleep(0.1)


def one_round(home: Path, page: Page | None) -> dict[str, float]:
    """Start, draw, rest."""
    with running(home) as server:
        who = next(p["id"] for p in server.get("api/state")["people"] if p["drawable"])
        if page is not None:
            visit(page, server.address)
        found = {"usable_s": time.perf_counter() - server.began, "usable_cpu_s": server.cpu()}
        first, later = picture(server, who, 1), []
        for seed in range(2, 2 + LATER):
            later.append(picture(server, who, seed))
        found |= {"first_picture_s": first[0], "first_picture_cpu_s": first[1]}
        found["later_picture_s"] = statistics.median(wall for wall, _ in later)
        found["later_picture_cpu_s"] = statistics.median(cpu for _, cpu in later)
        time.sleep(3)
        found["idle_mb"] = server.process.memory_info().rss / 1e6
        found["elsewhere"] = server.elsewhere()
    return found


def visit(page: Page, address: str) -> None:
    """Open the page and wait until it can be used."""
    page.call("Page.navigate", url="about:blank")
    page.call("Page.navigate", url=address)
    page.wait("document.documentElement?.dataset.ready === 'yes'")


def effort(home: Path, photos: list[Path], page: Page) -> dict[str, int]:
    """Clicks and words that a new person takes until the tuning is queued."""
    words = ["cleo", "woman"]
    with running(home) as server:
        visit(page, server.address)
        page.eval(COUNT)
        click(page, "nav a[href='#learn']")
        page.call("Page.setInterceptFileChooserDialog", enabled=True)
        click(page, "label[for=files]")
        root = page.call("DOM.getDocument")["root"]["nodeId"]
        node = page.call("DOM.querySelector", nodeId=root, selector="#files")["nodeId"]
        page.call("DOM.setFileInputFiles", files=[str(path) for path in photos], nodeId=node)
        patiently(page, f"document.querySelectorAll('#photos .kept').length === {len(photos)}")
        click(page, "#learn-form [name=name]")
        page.call("Input.insertText", text=words[0])
        page.key("Tab")
        for letter in words[1]:
            page.call("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
            page.call("Input.dispatchKeyEvent", type="keyUp", key=letter)
        click(page, "#consent label:nth-of-type(3)")
        click(page, "#learn-form button.main")
        patiently(page, "document.querySelector('#tuning progress')")
        return {"clicks": int(page.eval("window.clicks")), "words": len(words)}


def click(page: Page, selector: str) -> None:
    """A real click in the middle of an element."""
    page.eval(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
    place = (
        f"(() => {{ const b = document.querySelector({json.dumps(selector)})"
        ".getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    x, y = page.eval(place)
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def patiently(page: Page, code: str) -> None:
    """Wait for an expression for minutes: the machine may be busy."""
    end = time.monotonic() + 300
    while not page.eval(f"Boolean({code})"):
        if time.monotonic() > end:
            raise TimeoutError(code)
        time.sleep(0.2)


def measure(rounds: int) -> dict[str, Any]:
    """Medians over rounds; what Chromium is needed for only where it is."""
    with tempfile.TemporaryDirectory() as scratch:
        home, (one, other) = Path(scratch) / "home", identities(2)
        photos = write_photos(one, Path(scratch) / "one")
        pidiff("tune", str(photos), "--name", "alice", "--steps", "5", home=home, threads=1)
        has = any(map(shutil.which, NAMES))
        opened = browser(Path(scratch) / "data") if has else nullcontext()
        with opened as page:
            made = [one_round(home, page) for _ in range(rounds + 1)][1:]  # the first warms files
            found: dict[str, Any] = {
                key: round(statistics.median(row[key] for row in made), 2) for key in made[0]
            }
            found["elsewhere"] = max(row["elsewhere"] for row in made)
            if page is not None:
                new = sorted(write_photos(other, Path(scratch) / "other").iterdir())
                found |= effort(home, new, page)
    threads = re.sub(r"\D", "", os.environ.get("OMP_NUM_THREADS", "")) or None
    return {**found, "rounds": rounds, "omp_threads": threads, "browser": has}


def main() -> None:
    """Measure, keep, print."""
    parser = command_line("benchmarks.speed.ui", __doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    found = measure(args.rounds)
    keep(args.out, "ui", {**found, **machine(), "script": "benchmarks.speed.ui"})
    print("| figure | measured | CPU | to reach |\n|---|---|---|---|")
    for name, most in TO_REACH.items():
        cpu = found.get(name.replace("_s", "_cpu_s"), "") if name.endswith("_s") else ""
        print(f"| {name} | {found.get(name, 'no browser')} | {cpu} | <= {most:g} |")


if __name__ == "__main__":
    main()
