"""The addresses of the page's server: the page itself, and what it hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.resources import files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from pidiff_cli.errors import InputError
from pidiff_cli.stages.pages.render import render
from pidiff_cli.stages.words import known_words, read
from pidiff_cli.ui.answers import routes_of
from pidiff_cli.ui.guard import POLICY
from pidiff_cli.ui.routes_drafts import DraftRoutes
from pidiff_cli.ui.routes_people import PeopleRoutes
from pidiff_cli.ui.routes_pictures import PictureRoutes
from pidiff_cli.ui.work import Work

SCRIPTS = (
    "main.js", "dom.js", "draw.js", "drawn.js", "learn.js", "mix.js", "people.js", "picture.js",
    "jobs.js", "private.js", "files.js",
)  # fmt: skip
PULSE, LOOK = 15.0, 0.15  # seconds between signs of life, and between looks for news


class Routes:
    """What answers; one method an address."""

    def __init__(self, work: Work) -> None:
        self._work, self.closing = work, False

    def app(self) -> Starlette:
        """The application, without its guard."""
        routes = routes_of(
            {
                "/": self.page,
                "/static/{name}": self.static,
                "/api/state": self.state,
                "/api/events": self.events,
                "/api/words": self.words,
            },
            {"/api/jobs/{key}/stop": self.stop},
        )
        for more in (PictureRoutes(self._work), DraftRoutes(self._work), PeopleRoutes(self._work)):
            routes += more.routes()
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

    async def stop(self, request: Request) -> Response:
        job = self._work.jobs.find(request.path_params["key"])
        if job is None:
            raise InputError("That job is over.")
        self._work.jobs.stop(job)
        return JSONResponse(job.told())
