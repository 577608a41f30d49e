"""The options before the command, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from pidiff_cli.cli.output import Output
from pidiff_cli.errors import PidiffError

if TYPE_CHECKING:
    from pidiff_cli.config import CommonConfig

Config = TypeVar("Config", bound="CommonConfig")


@dataclass
class Session:
    """One run of the program: its global options and its output."""

    given_home: Path | PidiffError = Path(".")  # or why there is none
    device: str = "auto"
    offline: bool = False
    own_process: bool = False  # nothing else will run in this process
    output: Output = field(default_factory=Output)
    after_interrupt: str = ""  # what a person is told after Ctrl-C

    @property
    def home(self) -> Path:
        """The folder that holds profiles and weights. Raises PidiffError: there is none here; what
        needs none goes on without."""
        if isinstance(self.given_home, PidiffError):
            raise self.given_home
        return self.given_home

    def config(self, kind: type[Config], **values: Any) -> Config:
        """A configuration; values that are None keep the field's default.

        Raises:
            UsageError: lists everything that is out of range.
        """
        given = {key: value for key, value in values.items() if value is not None}
        return kind(home=self.home, device=self.device, offline=self.offline, **given)

    def where(self) -> dict[str, Any]:
        """The arguments that every function of the API takes; shows that loading begins."""
        progress = self.output.progress()
        where = {"home": self.home, "device": self.device, "offline": self.offline}
        return {**where, "progress": progress}


def session_of(context: typer.Context) -> Session:
    """The session that the callback of the app has put into the context."""
    session = context.find_object(Session)
    if session is None:
        raise RuntimeError("a command ran outside the app")
    return session
