"""The only door to the network: files over HTTP, resumed where a connection broke off.

Plain standard library, because one way of fetching serves the hub, its mirrors and release pages
alike, keeps a half-fetched file apart from a whole one, and can be shut entirely.
"""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any

from pidiff_cli import __version__
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.files import explain
from pidiff_cli.weights.http import (
    LINKED,
    Again,
    Refused,
    broken_off,
    elsewhere,
    endpoint,
    host_of,
    make_opener,
    name_of,
    refused,
    unreachable,
)

BLOCK = 1 << 20  # bytes read at a time
TIMEOUT = 30.0  # seconds without a byte
TRIES = 4  # attempts in a row that bring nothing before giving up


@dataclass(frozen=True)
class Remote:
    """What a server says of a file: bytes (None if unknown), sha256 and commit ("" likewise)."""

    size: int | None
    sha256: str
    commit: str


def wants_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def hub_token(hub_home: Path) -> str:
    """HF_TOKEN, or what the hub's own program has stored under HF_HOME; "" where there is none."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if value := os.environ.get(name, "").strip():
            return value
    stored = Path(os.environ.get("HF_TOKEN_PATH", hub_home / "token"))
    try:
        return stored.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def pause(seconds: float) -> None:
    """Wait between two attempts."""
    time.sleep(seconds)


class Web:
    """Reads from servers.

    Args:
        offline: refuse everything, before any socket exists.
        token: sent to the hub's endpoint and nowhere else.
    """

    def __init__(self, offline: bool = False, token: str = "") -> None:
        self.offline = offline
        self._token = token
        self._opener: urllib.request.OpenerDirector | None = None
        self._deaf: set[str] = set()  # hosts that were tried in vain: once will do from then on

    def json(self, url: str) -> Any:
        """A JSON document. Raises MissingWeightError when it cannot be had."""
        with self._open_patiently(url) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError as error:
            raise MissingWeightError(
                f"{host_of(url)} answered with something else than asked for.", elsewhere(url)
            ) from error

    def look(self, url: str) -> Remote:
        """Size, sha256 and commit of a file, as far as the server tells them.

        A server that answers no such question is no error; the fetch itself will tell.
        """
        try:
            with self._open_patiently(url, method="HEAD") as answer:
                told = answer.headers
        except Refused as error:
            if error.code in (400, 403, 405, 501):
                return Remote(None, "", "")
            raise
        linked = {name: told.get(name, "") for name in LINKED}
        size = linked["X-Linked-Size"] or told.get("Content-Length") or ""
        etag = linked["X-Linked-ETag"].strip('W/"')
        sha256 = etag if len(etag) == 64 else ""
        return Remote(int(size) if size.isdigit() else None, sha256, linked["X-Repo-Commit"])

    def save(
        self, url: str, target: Path, size: int | None, advance: Callable[[int], None]
    ) -> None:
        """Fetch a file; what an earlier run has fetched of it is not fetched again.

        Until it is whole it is a hidden neighbour of `target` that ends in .part.

        Args:
            size: its bytes, where known; another size is refused.
            advance: told the bytes that came (fewer than none when it starts anew).

        Raises:
            MissingWeightError: it cannot be had. InputError: it cannot be written.
        """
        part = target.with_name(f".{target.name}.part")
        failures, attempts = 0, 0
        if part.exists():
            advance(part.stat().st_size)
        while True:
            before = _size(part)
            try:
                self._go_on(url, part, size, advance)
                break
            except Again as again:
                attempts += 1
                failures = 1 if _size(part) > before else failures + 1
                if failures >= TRIES or attempts >= 200:
                    raise again.told from again
                pause(again.wait if again.wait is not None else 2.0 ** (failures - 1))
        try:
            os.replace(part, target)
            _note_of(part).unlink(missing_ok=True)
        except OSError as error:
            raise explain(error, target) from error

    def _go_on(
        self, url: str, part: Path, size: int | None, advance: Callable[[int], None]
    ) -> None:
        have, etag = _size(part), _read_etag(part)
        if size is not None and have == size:
            return
        headers = {}
        if have and (etag or size is not None):
            headers["Range"] = f"bytes={have}-"
            if etag:
                headers["If-Range"] = etag
        try:
            answer = self._open(url, headers=headers)
        except Again as again:
            if again.code == 416:  # the server's file is shorter than what is here
                advance(-have)
                part.unlink()
            raise
        with answer:
            start, total = _range_of(answer.headers) if answer.status == 206 else (0, None)
            if answer.status != 206 and (length := answer.headers.get("Content-Length")):
                total = int(length)
            if size is not None and total not in (None, size):
                raise MissingWeightError(
                    f"{name_of(url)} has {total} bytes at {host_of(url)}; {size} were announced.",
                )
            if start not in (0, have):
                part.unlink()
                advance(-have)
                raise Again(broken_off(url))
            if start != have:
                advance(-have)
            _keep_etag(part, answer.headers.get("ETag") or "")
            self._write(answer, part, start, url, advance)
        wanted = total if total is not None else size
        if wanted is not None and _size(part) < wanted:
            raise Again(broken_off(url))

    def _write(
        self,
        answer: http.client.HTTPResponse,
        part: Path,
        start: int,
        url: str,
        advance: Callable[[int], None],
    ) -> None:
        with _opened(part, start) as file:
            while True:
                try:
                    block = answer.read(BLOCK)
                except (OSError, http.client.HTTPException) as error:
                    raise Again(broken_off(url)) from error
                if not block:
                    return
                try:
                    file.write(block)
                    file.flush()
                except OSError as error:
                    raise explain(error, part.parent) from error
                advance(len(block))

    def _open_patiently(self, url: str, method: str = "GET") -> http.client.HTTPResponse:
        tries = 1 if host_of(url) in self._deaf else TRIES
        for attempt in range(1, tries + 1):
            try:
                return self._open(url, method)
            except Again as again:
                if attempt == tries:
                    self._deaf.add(host_of(url))
                    raise again.told from again
                pause(again.wait if again.wait is not None else 2.0 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _open(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """One request. Raises Again for what may pass, MissingWeightError for what will not."""
        if self.offline:
            raise MissingWeightError(
                f"{name_of(url)} is not on this machine, and the network is switched off.",
                "Run it again without --offline and without HF_HUB_OFFLINE.",
            )
        sent = {"User-Agent": f"pidiff/{__version__}", "Accept-Encoding": "identity"}
        if self._token and url.startswith(endpoint() + "/"):
            sent["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(url, headers=sent | dict(headers or {}), method=method)
        self._opener = self._opener or make_opener()
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=TIMEOUT)
            return answer
        except urllib.error.HTTPError as error:
            error.close()
            raise refused(url, error, bool(self._token)) from error
        except (OSError, http.client.HTTPException) as error:
            raise Again(unreachable(url, error)) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _opened(part: Path, start: int) -> IO[bytes]:
    try:
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return part.open("ab" if start else "wb")
    except OSError as error:
        raise explain(error, part) from error


def _range_of(headers: Message) -> tuple[int, int | None]:
    """First byte and whole size from `Content-Range: bytes 5-9/10`."""
    span, _, total = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    first = span.partition("-")[0]
    return int(first) if first.isdigit() else 0, int(total) if total.isdigit() else None


def _note_of(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _read_etag(part: Path) -> str:
    """The ETag of what is in `part`; only a strong one can be resumed by."""
    try:
        etag = _note_of(part).read_text(encoding="latin-1")
    except OSError:
        return ""
    return "" if etag.startswith("W/") else etag


def _keep_etag(part: Path, etag: str) -> None:
    try:
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _note_of(part).write_text(etag, encoding="latin-1")
    except OSError as error:
        raise explain(error, part) from error
