"""`pidiff ui`: one server on this machine's own address, for one person's browser."""

from __future__ import annotations

import os
import secrets
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError, PidiffError
from pidiff_cli.files import can_be_folder, make_folder

LOOPBACK = "127.0.0.1"
INSTALL = "pip install 'pidiff-cli[ui]'"


def check_installed() -> None:
    """Raise PidiffError where the extra is not installed; nothing is imported."""
    from importlib.util import find_spec

    if not all(map(find_spec, ("starlette", "uvicorn"))):
        raise PidiffError("The page needs two small packages that are not here.", INSTALL, 4)


def serve(
    home: Path, out: Path, device: str, port: int, opened: bool, tell: Callable[[str], None],
    ready: bool = True,
) -> None:  # fmt: skip
    """Serve the page until the process is interrupted.

    Args:
        out: folder of the pictures. port: 0 takes a free one. opened: whether to open a browser.
        tell: called with the page's address once it can be opened.

    Raises:
        PidiffError: the extra is not installed. InputError: the port is taken, or no folder can
            be made.
    """
    check_installed()
    can_be_folder(home)
    can_be_folder(out)
    import uvicorn

    from pidiff_cli.ui.guard import Guard
    from pidiff_cli.ui.routes import Routes
    from pidiff_cli.ui.work import Work

    token = secrets.token_urlsafe(32)
    with _bound(port) as listening:
        number = listening.getsockname()[1]
        work = Work(home, out, device, ready)
        routes = Routes(work)
        config = uvicorn.Config(
            Guard(routes.app(), token, number), log_level="error", access_log=False, lifespan="off",
            server_header=False, timeout_graceful_shutdown=2, ws="none", loop="asyncio", http="h11",
        )  # fmt: skip
        address = f"http://{LOOPBACK}:{number}/?token={token}"
        server = _server(config, routes, lambda: _begun(address, home, opened, tell))
        try:
            server.run(sockets=[listening])
        finally:
            work.close()
            _remove_doors(home)


def _begun(address: str, home: Path, opened: bool, tell: Callable[[str], None]) -> None:
    tell(address)
    if opened:
        with suppress(Exception):  # no browser here: the address is told
            webbrowser.open(_door(address, home).as_uri())


@contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    """A listening socket on the loopback address. Raises InputError: the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            raise InputError(
                f"The port {port} cannot be taken ({error}).", "Leave --port out for a free one."
            ) from error
        yield listening
    finally:
        listening.close()


def _door(address: str, home: Path) -> Path:
    """A private file that leads to the page: an address on a command line, which is how a browser
    is opened, can be read by everybody on the machine."""
    path = home / "cache" / f"open-{os.getpid()}.html"
    make_folder(path.parent)
    path.unlink(missing_ok=True)
    text = f'<!doctype html><meta http-equiv="refresh" content="0;url={address}"><p>pidiff</p>\n'
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path


def _remove_doors(home: Path) -> None:
    with suppress(OSError):
        (home / "cache" / f"open-{os.getpid()}.html").unlink(missing_ok=True)


def _server(config: Any, routes: Any, begun: Callable[[], None]) -> Any:
    """uvicorn's server, which says when it serves and ends the streams of news first."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            begun()

        def handle_exit(self, sig: int, frame: Any) -> None:
            routes.closing = True
            super().handle_exit(sig, frame)

    return Server(config)
