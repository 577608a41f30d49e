"""The addresses of pictures: drawn, mixed, shown, removed."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pidiff_cli import api
from pidiff_cli.ui.answers import KEPT, asked_of, attachment, routes_of
from pidiff_cli.ui.mixing import mix_sheet
from pidiff_cli.ui.pictures import small_copy
from pidiff_cli.ui.work import Work

SHOWN = 300  # pictures of the folder


class PictureRoutes:
    """What answers; one method an address."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def routes(self) -> list[Route]:
        """These addresses."""
        gets = {
            "/api/pictures": self.pictures,
            "/api/dials/{key}": self.dials,
            "/pictures/{key}": self.picture,
        }
        posts = {
            "/api/draw": self.draw,
            "/api/mix": self.mix,
            "/api/mix/sheet": self.sheet,
            "/api/pictures/{key}/again": self.again,
            "/api/pictures/{key}/delete": self.delete,
        }
        return routes_of(gets, posts)

    async def pictures(self, request: Request) -> Response:
        rows = await run_in_threadpool(self._work.pictures.newest, SHOWN)
        return JSONResponse({"pictures": rows, "folder": str(self._work.pictures.folder)})

    async def dials(self, request: Request) -> Response:
        profile = self._work.people.find(request.path_params["key"])
        found = await run_in_threadpool(api.dials, profile.folder, home=self._work.people.home)
        return JSONResponse({"dials": found})

    async def picture(self, request: Request) -> Response:
        path = self._work.pictures.find(request.path_params["key"])
        if "small" in request.query_params:
            changed = path.stat().st_mtime_ns
            made = await run_in_threadpool(small_copy, path, changed)
            return Response(made, media_type="image/webp", headers=KEPT)
        headers = attachment(path.name) if "save" in request.query_params else {}
        return Response(path.read_bytes(), media_type="image/png", headers=headers)

    async def draw(self, request: Request) -> Response:
        return JSONResponse(self._work.drawing.draw(await asked_of(request)).told())

    async def again(self, request: Request) -> Response:
        job = self._work.drawing.again(request.path_params["key"], await asked_of(request))
        return JSONResponse(job.told())

    async def mix(self, request: Request) -> Response:
        return JSONResponse(self._work.drawing.mix(await asked_of(request)).told())

    async def sheet(self, request: Request) -> Response:
        asked = await asked_of(request)
        made = await run_in_threadpool(mix_sheet, asked, self._work.people)
        return Response(made, media_type="image/webp")

    async def delete(self, request: Request) -> Response:
        key = request.path_params["key"]
        self._work.pictures.delete(key)
        self._work.jobs.without(key)
        return JSONResponse({})
