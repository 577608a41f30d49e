"""The addresses of the page's server, each a few lines over what does the work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pidiff_cli import api
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import parse_json
from pidiff_cli.stages.belongings import counted
from pidiff_cli.stages.pages.render import render
from pidiff_cli.stages.words import known_words, read
from pidiff_cli.ui.asking import MOST_STEPS, number, secret, text, yes
from pidiff_cli.ui.drafts import MOST_BYTES
from pidiff_cli.ui.guard import POLICY
from pidiff_cli.ui.mixing import mix_sheet
from pidiff_cli.ui.people import PREVIEWS, REPORT
from pidiff_cli.ui.pictures import small_copy
from pidiff_cli.ui.work import Work

SCRIPTS = (
    "main.js", "dom.js", "draw.js", "drawn.js", "learn.js", "mix.js", "people.js", "picture.js",
    "jobs.js", "private.js",
)  # fmt: skip
MOST_JSON = 256 * 1024  # bytes of a request that is no photo
SHOWN = 300  # pictures of the folder
#: After these nothing of a person is kept in memory, nor small pictures in the browser's cache.
GOES, GOES_HERE = ("lock", "forget", "delete", "forget-all"), {"clear-site-data": '"cache"'}
NAMED = 200  # files named before they are removed
PULSE, LOOK = 15.0, 0.15  # seconds between signs of life, and between looks for news
#: A report may have come with somebody else's profile: it runs nothing and has no origin.
REPORT_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
Answer = Callable[[Request], Awaitable[Response]]


class Routes:
    """What answers; one method an address."""

    def __init__(self, work: Work) -> None:
        self._work, self.closing = work, False

    def app(self) -> Starlette:
        """The application, without its guard."""
        gets: dict[str, Answer] = {
            "/": self.page,
            "/static/{name}": self.static,
            "/api/state": self.state,
            "/api/events": self.events,
            "/api/words": self.words,
            "/api/pictures": self.pictures,
            "/api/dials/{key}": self.dials,
            "/api/drafts/{key}": self.draft,
            "/drafts/{key}/{photo}": self.draft_picture,
            "/pictures/{key}": self.picture,
            "/people/{key}/{part}": self.person_file,
            "/api/people/{key}/belongings": self.belongings,
        }
        posts: dict[str, Answer] = {
            "/api/drafts": self.new_draft,
            "/api/drafts/{key}/photos": self.add_photo,
            "/api/drafts/{key}": self.change_draft,
            "/api/learn": self.learn,
            "/api/draw": self.draw,
            "/api/mix": self.mix,
            "/api/mix/sheet": self.sheet,
            "/api/jobs/{key}/stop": self.stop,
            "/api/pictures/{key}/again": self.again,
            "/api/pictures/{key}/delete": self.delete_picture,
            "/api/people/{key}/{action}": self.person,
        }
        routes = [Route(path, _told(what), methods=["GET"]) for path, what in gets.items()]
        routes += [Route(path, _told(what), methods=["POST"]) for path, what in posts.items()]
        return Starlette(routes=routes)

    async def page(self, request: Request) -> Response:
        html = render("ui.html", policy=POLICY.replace("; frame-ancestors 'none'", ""))
        return HTMLResponse(html)

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in (*SCRIPTS, "ui.css"):
            raise InputError("There is no such file.")
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        content = files("pidiff_cli.ui").joinpath("static", name).read_text(encoding="utf-8")
        return Response(content, media_type=kind)

    async def state(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._work.state))

    async def events(self, request: Request) -> Response:
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(self._news(), media_type="text/event-stream", headers=headers)

    async def _news(self) -> AsyncIterator[str]:
        """The jobs, whenever something is new; a sign of life else."""
        jobs, told, quiet = self._work.jobs, -1, 0.0
        while not self.closing:
            if told != jobs.version:
                told, quiet = jobs.version, 0.0
                news = {"jobs": jobs.told(), "people": jobs.people}
                yield f"data: {json.dumps(news)}\n\n"
            elif quiet >= PULSE:
                quiet = 0.0
                yield ": here\n\n"
            await asyncio.sleep(LOOK)
            quiet += LOOK

    async def words(self, request: Request) -> Response:
        if prompt := request.query_params.get("prompt", ""):
            reading = await run_in_threadpool(read, prompt[:2000])
            return JSONResponse(
                {"unknown": reading.unknown, "notes": reading.notes, "edits": reading.edits}
            )
        known = known_words()
        return JSONResponse({"about": known.about, "groups": known.groups, "looks": known.looks})

    async def dials(self, request: Request) -> Response:
        profile = self._work.people.find(request.path_params["key"])
        found = await run_in_threadpool(api.dials, profile.folder, home=self._work.people.home)
        return JSONResponse({"dials": found})

    async def pictures(self, request: Request) -> Response:
        rows = await run_in_threadpool(self._work.pictures.newest, SHOWN)
        return JSONResponse({"pictures": rows, "folder": str(self._work.pictures.folder)})

    async def picture(self, request: Request) -> Response:
        path = self._work.pictures.find(request.path_params["key"])
        if "small" in request.query_params:
            changed = path.stat().st_mtime_ns
            made = await run_in_threadpool(small_copy, path, changed)
            return Response(made, media_type="image/webp", headers=_KEPT)
        headers = {}
        if "save" in request.query_params:
            headers["content-disposition"] = _attachment(path.name)
        return Response(path.read_bytes(), media_type="image/png", headers=headers)

    async def delete_picture(self, request: Request) -> Response:
        self._work.pictures.delete(request.path_params["key"])
        self._work.jobs.changed(people=True)
        return JSONResponse({})

    async def again(self, request: Request) -> Response:
        job = self._work.drawing.again(request.path_params["key"], await _asked(request))
        return JSONResponse(job.told())

    async def draw(self, request: Request) -> Response:
        return JSONResponse(self._work.drawing.draw(await _asked(request)).told())

    async def mix(self, request: Request) -> Response:
        return JSONResponse(self._work.drawing.mix(await _asked(request)).told())

    async def sheet(self, request: Request) -> Response:
        asked = await _asked(request)
        made = await run_in_threadpool(mix_sheet, asked, self._work.people)
        return Response(made, media_type="image/webp")

    async def learn(self, request: Request) -> Response:
        return JSONResponse(self._work.learning.begin(await _asked(request)).told())

    async def stop(self, request: Request) -> Response:
        job = self._work.jobs.find(request.path_params["key"])
        if job is None:
            raise InputError("That job is over.")
        self._work.jobs.stop(job)
        return JSONResponse(job.told())

    async def new_draft(self, request: Request) -> Response:
        draft = self._work.drafts.new()
        return JSONResponse(self._work.drafts.told(draft))

    async def draft(self, request: Request) -> Response:
        drafts = self._work.drafts
        return JSONResponse(drafts.told(drafts.find(request.path_params["key"])))

    async def add_photo(self, request: Request) -> Response:
        drafts = self._work.drafts
        draft = drafts.find(request.path_params["key"])
        content = await _body(request, MOST_BYTES, "The photo")
        name = request.query_params.get("name", "")
        await run_in_threadpool(drafts.add, draft, name, content)
        return JSONResponse(await run_in_threadpool(drafts.look, draft))

    async def change_draft(self, request: Request) -> Response:
        """Choose a face of a photo, leave one out or take it in again, or discard all."""
        drafts, asked = self._work.drafts, await _asked(request)
        draft = drafts.find(request.path_params["key"])
        if asked.get("discard") is True:
            drafts.discard(draft)
            return JSONResponse({})
        drafts.change(draft, text(asked, "photo"), asked)
        return JSONResponse(await run_in_threadpool(drafts.look, draft))

    async def draft_picture(self, request: Request) -> Response:
        drafts = self._work.drafts
        draft = drafts.find(request.path_params["key"])
        made = await run_in_threadpool(drafts.picture, draft, request.path_params["photo"])
        return Response(made, media_type="image/jpeg", headers=_KEPT)

    async def person_file(self, request: Request) -> Response:
        key, part = request.path_params["key"], request.path_params["part"]
        people = self._work.people
        if part == "report":
            html = people.file(key, REPORT).read_bytes()
            headers = {"content-security-policy": REPORT_POLICY}
            return HTMLResponse(html, headers=headers)
        if part in ("face", "previews"):
            path = people.face(key) if part == "face" else people.file(key, PREVIEWS)
            return Response(path.read_bytes(), media_type="image/png")
        if part == "export":
            photos = request.query_params.get("photos") == "yes"
            content, name = await run_in_threadpool(people.exported, key, photos)
            headers = {"content-disposition": _attachment(name)}
            return Response(content, media_type="application/octet-stream", headers=headers)
        raise InputError("There is no such file.")

    async def person(self, request: Request) -> Response:
        key, action = request.path_params["key"], request.path_params["action"]
        asked, people = await _asked(request), self._work.people
        if action == "learn":
            return JSONResponse(self._work.learning.go_on(key, asked).told())
        name = people.whoever(key).folder.name
        if busy := self._work.jobs.busy_with(name):
            raise InputError(f"{busy.who} is being worked on.", "Wait for it, or stop it first.")
        acts: dict[str, Callable[[], None]] = {
            "rename": lambda: people.rename(key, text(asked, "name", 64)),
            "copy": lambda: people.copy(key, text(asked, "name", 64)),
            "consent": lambda: people.consent(key, text(asked, "consent", 40)),
            "step": lambda: people.use_step(key, int(number(asked, "step", -1, 0, MOST_STEPS))),
            "lock": lambda: people.lock(key, secret(asked, "passphrase")),
            "unlock": lambda: people.unlock(key, secret(asked, "passphrase")),
            "forget": partial(people.forget, key),
            "delete": partial(people.delete, key),
            "forget-all": lambda: people.delete(
                key, self._work.pictures.folder if yes(asked, "pictures", True) else None
            ),
        }
        if action not in acts:
            raise InputError("That cannot be done with a person.")
        try:
            await run_in_threadpool(acts[action])
            if action == "forget-all":
                self._work.jobs.drop(name)
        finally:
            if action in GOES:
                self._work.jobs.unload()
            self._work.jobs.changed(people=True)
        return JSONResponse({}, headers=GOES_HERE if action in GOES else None)

    async def belongings(self, request: Request) -> Response:
        key, folder = request.path_params["key"], self._work.pictures.folder
        found = await run_in_threadpool(self._work.people.belongings, key, folder)
        files = [f"{one.kind} {one.path}" for one in found[:NAMED]]
        return JSONResponse({"count": len(found), "counted": counted(found), "files": files})


_KEPT = {"cache-control": "private, max-age=86400"}  # addresses change with what they show


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


async def _asked(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises UsageError: it is none."""
    try:
        text = await _body(request, MOST_JSON, "The request") or b"{}"
        found = parse_json(text, object, "The request", MOST_JSON)
    except Refused as error:
        raise UsageError("The request is no JSON.") from error
    if not isinstance(found, dict):
        raise UsageError("The request is no JSON object.")
    return found


async def _body(request: Request, most: int, what: str) -> bytes:
    """All that was sent, counted as it comes. Raises InputError: too much."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > most:
                raise InputError(f"{what} is larger than {most // 2**20 or 1} MB.")
    except ClientDisconnect as error:
        raise InputError("The connection broke.") from error
    return bytes(content)


def _attachment(name: str) -> str:
    """A header that saves a file under its name."""
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
