"""The addresses of photos that are not a profile yet, and of the learning that they lead to."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pidiff_cli.ui.answers import KEPT, asked_of, body_of, routes_of
from pidiff_cli.ui.asking import text
from pidiff_cli.ui.drafts import MOST_BYTES
from pidiff_cli.ui.work import Work


class DraftRoutes:
    """What answers; one method an address."""

    def __init__(self, work: Work) -> None:
        self._work, self._drafts = work, work.drafts

    def routes(self) -> list[Route]:
        """These addresses."""
        gets = {
            "/api/base": self.base,
            "/api/drafts/{key}": self.draft,
            "/drafts/{key}/{photo}": self.picture,
        }
        posts = {
            "/api/drafts": self.new,
            "/api/drafts/{key}/photos": self.add,
            "/api/drafts/{key}": self.change,
            "/api/learn": self.learn,
        }
        return routes_of(gets, posts)

    async def base(self, request: Request) -> Response:
        return JSONResponse({"told": await run_in_threadpool(self._work.learning.base_told)})

    async def new(self, request: Request) -> Response:
        return JSONResponse(self._drafts.told(self._drafts.new()))

    async def draft(self, request: Request) -> Response:
        return JSONResponse(self._drafts.told(self._drafts.find(request.path_params["key"])))

    async def add(self, request: Request) -> Response:
        draft = self._drafts.find(request.path_params["key"])
        content = await body_of(request, MOST_BYTES, "The photo")
        name = request.query_params.get("name", "")
        await run_in_threadpool(self._drafts.add, draft, name, content)
        return JSONResponse(await run_in_threadpool(self._drafts.look, draft))

    async def change(self, request: Request) -> Response:
        """Choose a face of a photo, leave one out or take it in again, or discard all."""
        asked, draft = await asked_of(request), self._drafts.find(request.path_params["key"])
        if asked.get("discard") is True:
            self._drafts.discard(draft)
            return JSONResponse({})
        self._drafts.change(draft, text(asked, "photo"), asked)
        return JSONResponse(await run_in_threadpool(self._drafts.look, draft))

    async def picture(self, request: Request) -> Response:
        draft = self._drafts.find(request.path_params["key"])
        made = await run_in_threadpool(self._drafts.picture, draft, request.path_params["photo"])
        return Response(made, media_type="image/jpeg", headers=KEPT)

    async def learn(self, request: Request) -> Response:
        return JSONResponse(self._work.learning.begin(await asked_of(request)).told())
