"""A server of the page without a socket, over stages that compute nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PORT, TOKEN = 8123, "a-token-of-the-tests"
BASE = f"http://127.0.0.1:{PORT}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the extra `ui` there is nothing to test here."""
    if find_spec("starlette") and find_spec("uvicorn"):
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="the extra `ui` is not installed"))


@dataclass
class Opened:
    """The page's server as a test speaks with it: with its cookie, and with its token."""

    client: Any
    work: Any

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, asked: Any = None, **more: Any) -> Any:
        headers = {"x-pidiff-token": TOKEN, **more.pop("headers", {})}
        return self.client.post(path, json=asked or {}, headers=headers, **more)

    def add(self, draft: str, name: str, content: bytes) -> Any:
        path = f"/api/drafts/{draft}/photos?name={name}"
        return self.client.post(path, content=content, headers={"x-pidiff-token": TOKEN})

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job once it is over."""
        end = time.monotonic() + 60
        while True:
            found = next(j for j in self.work.jobs.told() if j["id"] == job["id"])
            if found["state"] in ("done", "failed", "stopped"):
                return found
            assert time.monotonic() < end, found
            time.sleep(0.01)


def open_page(home: Path, out: Path, device: str = "cpu") -> Any:
    """The guarded application and what it works with."""
    from starlette.testclient import TestClient

    from pidiff_cli.ui.guard import Guard
    from pidiff_cli.ui.routes import Routes
    from pidiff_cli.ui.work import Work

    work = Work(home, out, device, ready=False)
    client = TestClient(Guard(Routes(work).app(), TOKEN, PORT), base_url=BASE)
    return client, work


@pytest.fixture
def bare(home: Path, tmp_path: Path) -> Iterator[Opened]:
    """Nobody has visited yet."""
    client, work = open_page(home, tmp_path / "pics")
    yield Opened(client, work)
    work.close()


@pytest.fixture
def page(bare: Opened) -> Opened:
    """After the first visit."""
    assert bare.get(f"/?token={TOKEN}").status_code == 200
    return bare


@pytest.fixture
def tuned_page(untuned_home: Path, tmp_path: Path) -> Iterator[Opened]:
    """Over a home with alice, on a tiny base that really draws."""
    client, work = open_page(untuned_home, tmp_path / "pics")
    opened = Opened(client, work)
    opened.get(f"/?token={TOKEN}")
    yield opened
    work.close()
