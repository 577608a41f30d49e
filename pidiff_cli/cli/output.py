"""The only place that prints: results (paths, tables, JSON) to stdout, all else to stderr."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from io import TextIOWrapper
from math import isfinite
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from pidiff_cli.cli.lines import broken, plain
from pidiff_cli.cli.progress import PlainProgress
from pidiff_cli.cli.streams import silence
from pidiff_cli.values import CONTROLS, visible

if TYPE_CHECKING:
    from rich.console import Console

    from pidiff_cli.cli.bars import Bars
    from pidiff_cli.cli.failures import Failure
    from pidiff_cli.stages.progress import Progress


_NOT_SHOWN = re.compile(f"[{CONTROLS}]")


class Output:
    """What a command says, and where.

    Args:
        json: print one JSON document instead of lines.
        quiet: no progress, no tables; warnings and errors stay.
        verbose: the traceback of what stopped the run, and the libraries' own warnings.

    Attributes:
        begun: the pieces of work that have begun.
    """

    def __init__(self, json: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.begun: set[str] = set()
        self._console: Console | None = None
        self._bars: Bars | None = None
        if isinstance(sys.stdout, TextIOWrapper):  # any file name can be printed
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        if isinstance(sys.stderr, TextIOWrapper):
            sys.stderr.reconfigure(errors="replace")

    @property
    def on_terminal(self) -> bool:
        """Whether stderr is a terminal."""
        return sys.stderr is not None and sys.stderr.isatty()

    @property
    def console(self) -> Console:
        """rich's console on stderr; honours NO_COLOR."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        return self._console

    def result(self, lines: Iterable[object], document: Any) -> None:
        """The result of a command: `lines` on stdout, or `document` under --json.

        `document` is a dict, or a stage's frozen Result, whose fields are the document's keys.
        """
        if self._bars is not None:
            self._bars.stop_waiting()
        if self.json:
            self._write(_json(document, indent=1))
        else:
            for line in lines:  # a pipe gets a file's name as it is
                self._write(visible(str(line)) if sys.stdout.isatty() else str(line))

    def json_line(self, document: Any) -> None:
        """One JSON document on one line, for streams."""
        self._write(_json(document))

    def note(self, text: str = "", style: str = "") -> None:
        """A line for the person, on stderr; silent under --quiet."""
        if not self.quiet:
            self.say(text, style)

    def warn(self, text: str) -> None:
        """A line of advice, yellow on a terminal."""
        self.say(text, "yellow")

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A command's result as columns as wide as their longest cell, on stdout; not under --json,
        where `result` prints the document."""
        cells = [[str(cell) for cell in row] for row in ([headings, *rows] if headings else rows)]
        widths = [max(map(len, column)) for column in zip(*cells)] if cells else []
        for number, row in enumerate(cells):
            padded = (cell.ljust(width) for cell, width in zip(row, widths))
            head = bool(headings) and number == 0
            self.tell("  ".join(padded).rstrip(), bold=head, columns=True)

    def tell(self, text: str = "", bold: bool = False, columns: bool = False) -> None:
        """A line of a command's result that is read by people, on stdout; not under --json.

        Args:
            columns: of a table, which a narrow terminal may break where it is.
        """
        if self.json:
            return
        lines = [visible(text)]
        if sys.stdout.isatty() and not columns:
            lines = broken(lines[0], get_terminal_size().columns)
        text = "\n".join(lines)
        if bold and sys.stdout.isatty():
            from rich.console import Console

            Console(highlight=False, soft_wrap=True, emoji=False).print(
                text, style="bold", markup=False
            )
        else:
            self._write(text)

    def failure(self, failure: Failure) -> None:
        """What stopped the run: a sentence, what to do, and under -v the traceback."""
        self.close()
        if self.verbose and failure.cause is not None:
            for part in traceback.format_exception(failure.cause):
                for line in part.splitlines():
                    self.say(line)
        for line in failure.lines or (failure.message,):
            self.say(line, "red")
        if failure.hint:
            self.say(failure.hint)
        if self.json and failure.exit_code != 130:
            self.result((), failure.document())

    def progress(self) -> Progress:
        """How a stage shows its work here: bars on a terminal, sparse lines in a pipe."""
        if self.on_terminal and not self.quiet and not self.console.is_dumb_terminal:
            from pidiff_cli.cli.bars import Bars

            self._bars = self._bars or Bars(self.console, self.begun.add)
            self._bars.wait()
            return self._bars
        return PlainProgress(self, self.begun.add)

    def loading(self) -> None:
        """Heavy imports and weights come next: show it on a terminal until the work begins."""
        self.progress()

    def confirm(self, question: str) -> bool:
        """Ask on the terminal; yes or no."""
        import typer

        self.close()
        return typer.confirm(visible(question), err=True)

    def close(self) -> None:
        """Take every bar off the screen."""
        if self._bars is not None:
            self._bars.close()

    def say(self, text: str, style: str = "") -> None:
        """A line on stderr whatever the options; a style shows on a terminal only."""
        if sys.stderr is None:
            return
        text = visible(text)
        try:
            if self.on_terminal:
                for line in broken(text, self.console.width):
                    self.console.print(line, style=style or None, markup=False)
            else:
                print(plain(text), file=sys.stderr, flush=True)
        except OSError:  # nobody listens
            silence(sys.stderr)

    def _write(self, text: str) -> None:
        if self._bars is not None and self._bars.shown and sys.stdout.isatty():
            self.console.print(text, markup=False)  # above the bar, on the same screen
            return
        print(text, flush=True)  # a closed pipe shows here, not at the interpreter's end


def _plain(value: Any) -> Any:
    """`value` as JSON values: dataclasses become dicts, paths become text, NaN becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _json(document: Any, indent: int | None = None) -> str:
    """JSON text that is UTF-8: what is no text in a file's name, and what moves a cursor or turns
    letters, is escaped."""
    text = json.dumps(_plain(document), indent=indent, ensure_ascii=False)
    return _NOT_SHOWN.sub(_as_json, text)


def _as_json(found: re.Match[str]) -> str:
    return "\\u007f" if found[0] == "\x7f" else json.dumps(found[0])[1:-1]


def close_quietly() -> None:
    """After a closed pipe: keep the interpreter from complaining when it flushes stdout."""
    silence(sys.stdout)
