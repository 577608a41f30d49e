"""What came of each person, kept in the home: the same command again goes on where it was.

One file a person, ``many/NAME.json``; nothing of it is needed to use a profile, and it goes with
the profile, or with its photos (`profile.noted`).
"""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct

from pidiff_cli.errors import PidiffError
from pidiff_cli.files import write_file
from pidiff_cli.many.job import DONE, FAILED, KEPT, Outcome, TuneJob, likeness_of
from pidiff_cli.profile import Profile, locked_folder, profile_folder
from pidiff_cli.profile.noted import note_of
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json


class _Note(Struct):
    key: str = ""
    status: str = ""
    error: str = ""
    hint: str = ""
    exit_code: int = 1


class Ledger:
    """The notes of one home.

    Args:
        home: whose ``many/`` holds them. retry: those that failed are tried again.
    """

    def __init__(self, home: Path, retry: bool = False) -> None:
        self._home, self._retry = home, retry

    def known(self, job: TuneJob) -> Outcome | None:
        """What came of the same photos with the same settings before; None: it is to be done."""
        note = self._read(job.name)
        if note.key != job.key:
            return None
        if note.status == FAILED and not self._retry:
            return Outcome(
                job.name, FAILED, error=note.error, hint=note.hint, exit_code=note.exit_code
            )
        return self._kept(job.name) if note.status in (DONE, KEPT) else None

    def note(self, job: TuneJob, outcome: Outcome) -> None:
        """Keep what came of a person; one that was stopped leaves no note, and one that is locked
        keeps the one of before: it holds again once it is unlocked."""
        if outcome.status == FAILED and locked_folder(job.name, self._home):
            return
        if outcome.status in (DONE, KEPT, FAILED):
            told = {"key": job.key, "status": outcome.status, "error": outcome.error,
                    "hint": outcome.hint, "exit_code": outcome.exit_code}  # fmt: skip
            content = (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
            write_file(note_of(self._home, job.name), content)

    def _kept(self, name: str) -> Outcome | None:
        folder = profile_folder(self._home, name)
        try:
            profile = Profile(folder)
            state = profile.stage_state("tune")
        except PidiffError:
            return None
        if not (state.get("done") and profile.parts):
            return None
        result = state["result"]
        report = folder / "reports" / "likeness.html"
        return Outcome(
            name, KEPT, str(folder), int(result["steps"]), peak_mb=float(result["peak_mb"]),
            likeness=likeness_of(result.get("likeness", {})), report=str(report),
        )  # fmt: skip

    def _read(self, name: str) -> _Note:
        try:
            found: _Note = read_json(note_of(self._home, name), _Note)
        except Refused:
            return _Note()
        return found
