"""What every address of the page shares: wishes read, faults told as sentences, files sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import parse_json

MOST_JSON = 256 * 1024  # bytes of a request that is no photo
KEPT = {"cache-control": "private, max-age=86400"}  # addresses change with what they show
Answer = Callable[[Request], Awaitable[Response]]


def routes_of(gets: Mapping[str, Answer], posts: Mapping[str, Answer]) -> list[Route]:
    """Routes by their addresses, whose faults are told as sentences."""
    routes = [Route(path, _told(what), methods=["GET"]) for path, what in gets.items()]
    return routes + [Route(path, _told(what), methods=["POST"]) for path, what in posts.items()]


def _told(answer: Answer) -> Answer:
    """An address whose faults are sentences: JSON with what happened and what to do."""

    async def told(request: Request) -> Response:
        try:
            return await answer(request)
        except PidiffError as error:
            missing = isinstance(error, InputError) and request.method == "GET"
            body = {"message": error.message, "hint": error.hint}
            return JSONResponse(body, status_code=404 if missing else 400)

    return told


async def asked_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises UsageError: it is none."""
    try:
        text = await body_of(request, MOST_JSON, "The request") or b"{}"
        found = parse_json(text, object, "The request", MOST_JSON)
    except Refused as error:
        raise UsageError("The request is no JSON.") from error
    if not isinstance(found, dict):
        raise UsageError("The request is no JSON object.")
    return found


async def body_of(request: Request, most: int, what: str) -> bytes:
    """All that was sent, counted as it comes. Raises InputError: more than ``most`` bytes."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > most:
                raise InputError(f"{what} is larger than {most // 2**20 or 1} MB.")
    except ClientDisconnect as error:
        raise InputError("The connection broke.") from error
    return bytes(content)


def attachment(name: str) -> dict[str, str]:
    """The header that saves an answer as a file of this name."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    told = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"content-disposition": told}
