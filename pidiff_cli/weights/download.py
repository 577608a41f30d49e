"""The only door to the network: huggingface_hub fetches, from the hub and from release pages.

Its `http_get` goes on where a file broke off. Its whole-file functions begin anew in every process,
and its xet passes by what `gate` watches.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import httpx2
import msgspec
from huggingface_hub import constants, get_hf_file_metadata, get_token, set_client_factory
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import http_backoff  # type: ignore[attr-defined]  # lazily

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.files import explain, make_folder
from pidiff_cli.weights.caches import mirrored
from pidiff_cli.weights.gate import Gate, TooMuch
from pidiff_cli.weights.http import broken_off, host_of, unreachable

T = TypeVar("T")
_LISTING = 32_000_000  # bytes that a listing may have
constants.DOWNLOAD_CHUNK_SIZE = 1 << 16  # bytes that a break costs; the library's own is 10 MB


class Web:
    """Reads from servers; `offline` refuses everything, before any socket exists."""

    def __init__(self, offline: bool = False) -> None:
        self.offline, self._token = offline, "" if offline else get_token() or ""
        self._deaf: dict[str, MissingWeightError] = {}  # hosts that were tried in vain
        self._gate = Gate("", 0)
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
        set_client_factory(self._client)

    def _client(self) -> httpx2.Client:
        """The library's one client; all of its traffic passes the gate that is open now."""
        hooks: dict[str, list[Callable[..., None]]] = {
            "request": [lambda request: self._gate.asks(request)],
            "response": [lambda answer: self._gate.answers(answer)],
        }
        return httpx2.Client(event_hooks=hooks, follow_redirects=True, timeout=30.0)

    def json(self, url: str, kind: type[T]) -> T:
        """A JSON document of this kind. Raises MissingWeightError when it cannot be had."""
        gate = Gate(url, _LISTING)
        with self._asking(gate) as headers:
            answer = http_backoff("GET", url, max_retries=3, headers=headers)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (ValueError, RecursionError) as error:
            raise gate.told("answered with something else than asked for.") from error

    def look(self, url: str) -> tuple[int | None, str]:
        """Size (None if unknown) and sha256 ("" likewise) of a file of the hub."""
        with self._asking(Gate(url, 0)) as headers:
            found = get_hf_file_metadata(url, token=False, headers=headers, retry_on_errors=True)
        return found.size, found.etag if found.etag and len(found.etag) == 64 else ""

    def save(
        self, url: str, target: Path, size: int | None, most: int, advance: Callable[[int], None]
    ) -> None:
        """Fetch a file; what an earlier run has fetched of it is not fetched again.

        Until it is whole it is a hidden neighbour of `target` that ends in .part.

        Args:
            size: its bytes, where known; another size is refused. most: its bytes at most.
            advance: told the bytes that came (fewer than none when it starts anew).

        Raises:
            MissingWeightError: it cannot be had. InputError: it cannot be written.
        """
        part = target.with_name(f".{target.name}.part")
        note = part.with_name(f"{part.name}.etag")  # of what is in `part`
        try:
            make_folder(target.parent)
            etag = note.read_text(encoding="utf-8", errors="replace") if note.exists() else ""
            have = part.stat().st_size if part.exists() and (etag or size is not None) else 0
            limit = most if size is None else size
            have = have if have <= limit else 0
            gate = Gate(url, limit, size is not None, etag, note.write_text)
            with self._asking(gate) as headers, part.open("ab" if have else "wb") as file:
                advance(have)
                bar: Any = partial(_bar, advance, have)
                http_get(
                    url, file, resume_size=have, headers=headers, expected_size=size, tqdm_class=bar
                )
            os.replace(part, target)
            note.unlink(missing_ok=True)
        except TooMuch:
            part.unlink(missing_ok=True)
            note.unlink(missing_ok=True)
            raise
        except OSError as error:
            raise (explain(error, target) if error.errno else broken_off(url)) from error

    def check(self, url: str) -> None:
        """Raise MissingWeightError where the network is switched off."""
        if self.offline:
            name = url.rsplit("/", 1)[-1]
            raise MissingWeightError(
                f"{name} is not on this machine, and the network is switched off.",
                "Run it again without --offline and without HF_HUB_OFFLINE.",
            )

    @contextmanager
    def _asking(self, gate: Gate) -> Iterator[dict[str, str]]:
        """The headers of a request that may be made; why it could not be made, in words."""
        url, host = gate.url, host_of(gate.url)
        self.check(url)
        if host in self._deaf:
            raise self._deaf[host]
        own = self._token and url.startswith(f"{mirrored()}/")
        self._gate = gate
        try:
            yield {"Authorization": f"Bearer {self._token}"} if own else {}
        except (httpx2.RemoteProtocolError, RecursionError) as error:
            told = error.__cause__  # what a server answered each time, if it did
            raise told if isinstance(told, MissingWeightError) else broken_off(url) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._deaf[host] = unreachable(url, error)
            raise self._deaf[host] from error


def _bar(advance: Callable[[int], None], have: int, initial: int, **_: object) -> Any:
    """What stands for a progress bar of the library's: bytes, told on."""
    advance(initial - have)  # below 0 where the server begins anew
    return nullcontext(SimpleNamespace(update=advance))
