"""Several processes of one run, forked from the test: they have its stand-ins and its imports."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accelerate.state import AcceleratorState


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def run_processes(
    count: int, work: Callable[[], Any], folder: Path, **environment: str
) -> list[Any]:
    """What ``work()`` returned in each of ``count`` gloo processes (JSON values).

    Raises:
        AssertionError: one of them failed, with its traceback.
    """
    port, folder = free_port(), folder / f"processes-{free_port()}"
    folder.mkdir(parents=True)
    context = multiprocessing.get_context("fork")
    shared = {
        "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port, "OMP_NUM_THREADS": 1, "ACCELERATE_USE_CPU": "true", **environment,
    }  # fmt: skip

    def one(rank: int) -> None:
        os.environ.update({k: str(v) for k, v in shared.items()})
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
        AcceleratorState._reset_state(reset_partial_state=True)  # of a run before the fork
        try:
            (folder / f"{rank}.json").write_text(json.dumps({"found": work()}))
        except BaseException:
            (folder / f"{rank}.json").write_text(json.dumps({"failed": traceback.format_exc()}))
            os._exit(1)  # and leave the others to find out
        os._exit(0)

    children = [context.Process(target=one, args=(rank,)) for rank in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
        if child.is_alive():
            child.kill()
    found = [
        json.loads(path.read_text()) if path.is_file() else {"failed": "killed"}
        for path in (folder / f"{rank}.json" for rank in range(count))
    ]
    assert not any("failed" in f for f in found), "\n".join(f.get("failed", "") for f in found)
    return [f["found"] for f in found]
