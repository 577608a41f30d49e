"""The addresses of people: what is kept of one, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pidiff_cli.errors import InputError
from pidiff_cli.stages.belongings import counted
from pidiff_cli.ui.answers import asked_of, attachment, routes_of
from pidiff_cli.ui.asking import MOST_STEPS, key_file, number, secret, text, yes
from pidiff_cli.ui.jobs import LEARNS
from pidiff_cli.ui.people import PREVIEWS, REPORT
from pidiff_cli.ui.work import Work

#: After these nothing of a person is kept in memory, nor small pictures in the browser's cache.
GOES, GOES_HERE = ("lock", "forget", "delete", "forget-all"), {"clear-site-data": '"cache"'}
NAMED = 200  # files named before they are removed
#: A report may have come with somebody else's profile: it runs nothing and has no origin.
REPORT_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class PeopleRoutes:
    """What answers; one method an address."""

    def __init__(self, work: Work) -> None:
        self._work, self._people, self._jobs = work, work.people, work.jobs

    def routes(self) -> list[Route]:
        """These addresses."""
        gets = {
            "/people/{key}/export": self.export,
            "/people/{key}/{part}": self.file,
            "/api/people/{key}/belongings": self.belongings,
        }
        return routes_of(gets, {"/api/people/{key}/{action}": self.person})

    async def file(self, request: Request) -> Response:
        """The face, the previews, or the report."""
        key, part = request.path_params["key"], request.path_params["part"]
        if part == "report":
            html = self._people.file(key, REPORT).read_bytes()
            return HTMLResponse(html, headers={"content-security-policy": REPORT_POLICY})
        if part not in ("face", "previews"):
            raise InputError("There is no such file.")
        path = self._people.face(key) if part == "face" else self._people.file(key, PREVIEWS)
        return Response(path.read_bytes(), media_type="image/png")

    async def export(self, request: Request) -> Response:
        key, photos = request.path_params["key"], request.query_params.get("photos") == "yes"
        with self._jobs.alone_with(self._people.find(key).folder.name, kinds=LEARNS):
            content, name = await run_in_threadpool(self._people.exported, key, photos)
        return Response(content, media_type="application/octet-stream", headers=attachment(name))

    async def person(self, request: Request) -> Response:
        key, action = request.path_params["key"], request.path_params["action"]
        asked = await asked_of(request)
        if action == "learn":
            return JSONResponse(self._work.learning.go_on(key, asked).told())
        acts = self._acts(key, asked)
        if action not in acts:
            raise InputError("That cannot be done with a person.")
        name = self._people.whoever(key).folder.name
        other = text(asked, "name", 64) if action in ("rename", "copy") else ""
        try:
            with self._jobs.alone_with(name, other):
                await run_in_threadpool(acts[action])
            if action in GOES:
                self._jobs.drop(name)
            if action == "rename":
                self._jobs.renamed(name, other)
        finally:
            if action in GOES:
                self._jobs.unload()
            self._jobs.changed(people=True)
        return JSONResponse({}, headers=GOES_HERE if action in GOES else None)

    def _acts(self, key: str, asked: dict[str, Any]) -> dict[str, Callable[[], None]]:
        """What can be done with a person, by its name in an address."""
        people, pictures = self._people, self._work.pictures.folder
        return {
            "rename": lambda: people.rename(key, text(asked, "name", 64)),
            "copy": lambda: people.copy(key, text(asked, "name", 64)),
            "consent": lambda: people.consent(key, text(asked, "consent", 40)),
            "step": lambda: people.use_step(key, int(number(asked, "step", -1, 0, MOST_STEPS))),
            "lock": lambda: people.lock(key, secret(asked, "passphrase")),
            "unlock": lambda: people.unlock(key, secret(asked, "passphrase")),
            "unlock-by-key": lambda: people.unlock_by_key(key, key_file(asked, "keys")),
            "forget": partial(people.forget, key),
            "delete": partial(people.delete, key),
            "forget-all": lambda: people.delete(
                key, pictures if yes(asked, "pictures", True) else None
            ),
        }

    async def belongings(self, request: Request) -> Response:
        key, folder = request.path_params["key"], self._work.pictures.folder
        found = await run_in_threadpool(self._people.belongings, key, folder)
        files = [f"{one.kind} {one.path}" for one in found[:NAMED]]
        return JSONResponse({"count": len(found), "counted": counted(found), "files": files})
