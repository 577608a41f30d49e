"""What may go wrong between here and a server, in words, and how redirects are followed."""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

from pidiff_cli.errors import MissingWeightError, PidiffError

LINKED = ("X-Linked-Size", "X-Linked-ETag", "X-Repo-Commit")  # what the hub says before a redirect
PATIENCE = 60.0  # longest wait that a server's Retry-After gets, seconds
_RETRIED = (408, 425, 500, 502, 503, 504)


def endpoint() -> str:
    """The hub's address: HF_ENDPOINT (a mirror), or huggingface.co."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


class Again(Exception):
    """A failure that may pass: worth another attempt, after `wait` seconds if it says so."""

    def __init__(self, told: PidiffError, wait: float | None = None, code: int = 0) -> None:
        super().__init__(told.message)
        self.told, self.wait, self.code = told, wait, code


class Refused(MissingWeightError):
    """What a server will not give, with the HTTP status it said so by."""

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.code = code


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; the token stays at the first host, the hub's headers are kept."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is None:
            return None
        new.method = req.get_method()
        if urlsplit(req.full_url)[:2] != urlsplit(newurl)[:2]:
            new.remove_header("Authorization")
        seen = dict(getattr(req, "linked", {}))
        seen |= {name: headers[name] for name in LINKED if headers.get(name)}
        new.linked = seen  # type: ignore[attr-defined]
        return new

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        """Put what the redirects said into the last answer's headers."""
        for name, value in getattr(request, "linked", {}).items():
            if name not in response.headers:
                response.headers[name] = value
        return response

    https_response = http_response


def make_opener() -> urllib.request.OpenerDirector:
    try:
        import certifi

        context = ssl.create_default_context(cafile=certifi.where())
    except ImportError:
        context = ssl.create_default_context()
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _Redirects())


_BY_HAND = "Fetch it by hand, then: pidiff models pull NAME --from FILE"


def refused(url: str, error: urllib.error.HTTPError, with_token: bool) -> Exception:
    """What an HTTP status means for a person."""
    code, name, host = error.code, name_of(url), host_of(url)
    if code == 416:
        return Again(broken_off(url), wait=0.0, code=416)
    if code == 429:
        after = error.headers.get("Retry-After", "")
        wait = float(after) if after.isdigit() else None
        told = MissingWeightError(
            f"{host} asks to wait{f' {wait:.0f} s' if wait else ''}: too many requests.",
            "The same command goes on where it stopped. A token (HF_TOKEN) raises the limit.",
        )
        return told if wait is not None and wait > PATIENCE else Again(told, wait)
    if code in _RETRIED:
        return Again(MissingWeightError(f"{host} has a fault ({code}).", elsewhere(url)))
    repo = "/".join(url.split("/resolve/")[0].replace("/api/models", "").split("/")[:5])
    if error.headers.get("X-Error-Code") == "RepoNotFound":
        return Refused(404, f"There is no {repo}, or it is private.", "Check its name.")
    if code in (401, 403):
        message = (
            f"{host} does not give {name} to this token ({code})."
            if with_token
            else f"{host} gives {name} only to people who are logged in ({code})."
        )
        hint = f"Accept its terms at {repo}, then: HF_TOKEN=hf_… pidiff models pull …"
        return Refused(code, message, hint)
    if code in (404, 410):
        return Refused(code, f"{name} is not at {host} any more ({code}).", _BY_HAND)
    return Refused(code, f"{host} refused {name} ({code}).", elsewhere(url))


def unreachable(url: str, error: Exception) -> MissingWeightError:
    reason = getattr(error, "reason", error)
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return MissingWeightError(f"{host_of(url)} cannot be reached ({text}).", elsewhere(url))


def broken_off(url: str) -> MissingWeightError:
    return MissingWeightError(
        f"The connection to {host_of(url)} keeps breaking off while {name_of(url)} is fetched.",
        "The same command goes on where it stopped.",
    )


def elsewhere(url: str) -> str:
    """What to try when a server is of no help."""
    if not url.startswith(endpoint() + "/"):
        return "Try again later. Or " + _BY_HAND[0].lower() + _BY_HAND[1:]
    return "Try again later, or through a mirror: HF_ENDPOINT=https://… pidiff models pull …"


def host_of(url: str) -> str:
    return urlsplit(url).netloc


def name_of(url: str) -> str:
    return urlsplit(url).path.rsplit("/", 1)[-1]
