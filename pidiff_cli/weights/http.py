"""What may go wrong between here and a server, in words with the next command."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights.caches import mirrored

_GOES_ON = "The same command goes on where it stopped."


def refused(url: str, code: int, headers: Mapping[str, str], token: bool) -> MissingWeightError:
    """What an HTTP status means for a person; `token`: whether one was sent."""
    name, host = urlsplit(url).path.rsplit("/", 1)[-1], host_of(url)
    repo = "/".join(url.split("/resolve/")[0].replace("/api/models", "").split("/")[:5])
    message, hint = f"{host} refused {name} ({code}).", elsewhere(url)
    if code == 429:
        wait = f" {after} s" if (after := headers.get("Retry-After", "")).isdecimal() else ""
        message = f"{host} asks to wait{wait}: too many requests."
        hint = f"{_GOES_ON} A token (HF_TOKEN) raises the limit."
    elif code == 408 or code >= 500:
        message = f"{host} has a fault ({code})."
    elif headers.get("X-Error-Code") == "RepoNotFound":
        message, hint = f"There is no {repo}, or it is private.", "Check its name."
    elif headers.get("X-Error-Code") == "RevisionNotFound":
        message = f"{repo} has no commit {name[:12]}."
    elif code in (401, 403) and url.startswith(f"{mirrored()}/"):
        whom = "this token" if token else "somebody who is not logged in"
        message = f"{host} does not give {name} to {whom} ({code})."
        hint = f"Accept its terms at {repo}, then: HF_TOKEN=hf_… pidiff models pull …"
    elif code in (404, 410):
        message = f"{name} is not at {host} any more ({code})."
    return MissingWeightError(message, hint)


def unreachable(url: str, error: Exception) -> MissingWeightError:
    reason = "".join(c for c in str(error) if c.isprintable())[:160] or type(error).__name__
    return MissingWeightError(f"{host_of(url)} cannot be reached ({reason}).", elsewhere(url))


def broken_off(url: str) -> MissingWeightError:
    return MissingWeightError(f"The connection to {host_of(url)} keeps breaking off.", _GOES_ON)


def elsewhere(url: str) -> str:
    """What to try when a server is of no help."""
    if url.startswith(f"{mirrored()}/"):
        return "Try again later, or through a mirror: HF_ENDPOINT=https://… pidiff models pull …"
    return "Try again later, or fetch it by hand, then: pidiff models pull NAME --from FILE"


def host_of(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
