"""What each request and answer of a fetch keeps to, as hooks of huggingface_hub's client."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2

from pidiff_cli import __version__
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights.http import elsewhere, host_of, refused

PATIENCE = 60.0  # longest wait that a server's Retry-After gets, seconds
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_SCHEME = re.compile(r"\s*([a-zA-Z][\w+.-]*):")
_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})")


class TooMuch(MissingWeightError):
    """More came than may come; what came of it is not kept."""


@dataclass
class Gate:
    """Lets one address through, and where it redirects to.

    Attributes:
        most: bytes that a body may have; exact: whether it must have them all.
        etag: of what is gone on with, "" where not known. keep: told the one of what begins.
    """

    url: str
    most: int
    exact: bool = False
    etag: str = ""
    keep: Callable[[str], object] = str

    def told(self, what: str, kind: type[MissingWeightError] = MissingWeightError) -> Exception:
        """What is the matter with an answer."""
        return kind(f"{host_of(self.url)} {what}", elsewhere(self.url))

    def asks(self, request: httpx2.Request) -> None:
        """Hook of a request: what it tells of itself."""
        request.headers["User-Agent"] = f"pidiff/{__version__}"  # and nothing of this machine
        request.headers["Accept-Encoding"] = "identity"
        if "Range" in request.headers and self.etag:
            request.headers["If-Range"] = self.etag

    def answers(self, answer: httpx2.Response) -> None:
        """Hook of an answer: raises for what is not taken, and limits the body of what is."""
        code, headers, asked = answer.status_code, answer.headers, answer.request.headers
        if code >= 400:
            error = refused(self.url, code, headers, "Authorization" in asked)
            wait = float(after) if (after := headers.get("Retry-After", "")).isdecimal() else 0.0
            if code == 416:  # what is here is more than there is: the next run begins anew
                self.keep("")
            if code not in _PASSING or wait > PATIENCE:
                raise error
            time.sleep(wait)  # the library tries again, as after a connection that broke off
            raise httpx2.RemoteProtocolError(error.message) from error
        left = 1 << 16  # of a redirect's page
        scheme = _SCHEME.match(headers.get("Location", ""))
        if scheme and scheme[1].lower() not in ("https", answer.request.url.scheme):
            raise self.told(f"leads on to an address of {scheme[1]}:, which is not asked.")
        if code < 300 and answer.request.method == "GET":
            left = self.most - self._measure(headers, asked.get("Range", ""), code)
        answer.stream = _Cut(answer, left, self)

    def _measure(self, headers: httpx2.Headers, asked: str, code: int) -> int:
        """The first byte; what is packed, too long or of another length is refused unread."""
        span = _RANGE.fullmatch(headers.get("Content-Range", "")) if code == 206 else None
        if code == 206 and (span is None or asked != f"bytes={span[1]}-"):
            raise self.told("sends another part of the file than was asked for.")
        if headers.get("Content-Encoding", "identity") != "identity":
            raise self.told("sends it packed, which was not asked for.")
        length = span[2] if span else headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else self.most
        if total > self.most or (self.exact and total < self.most):
            most = "" if self.exact else "at most "
            raise self.told(f"has {length} bytes of it; {most}{self.most} are expected.")
        if span:
            return int(span[1])
        headers.pop("Content-Range", None)
        self.etag = "" if headers.get("ETag", "W/").startswith("W/") else headers["ETag"]
        self.keep(self.etag)
        return 0


class _Cut(httpx2.SyncByteStream):
    """A body that fails after so many bytes."""

    def __init__(self, answer: httpx2.Response, left: int, gate: Gate) -> None:
        assert isinstance(answer.stream, httpx2.SyncByteStream)
        self._stream, self._left, self._gate = answer.stream, left, gate

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self._stream:
                self._left -= len(block)
                if self._left < 0:
                    raise self._gate.told("sends more than it may; that was cut off.", TooMuch)
                yield block
        except httpx2.ReadError as error:  # the library goes on after broken-off ones only
            raise httpx2.RemoteProtocolError(str(error)) from error

    def close(self) -> None:
        self._stream.close()
