"""The program: its commands, its global options, and the one `except`."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli import __version__
from pidiff_cli.cli.commands import CommandGroup
from pidiff_cli.cli.failures import INTERRUPTED, explain
from pidiff_cli.cli.output import Output, close_quietly
from pidiff_cli.cli.session import Session

app = typer.Typer(
    name="pidiff",
    cls=CommandGroup,
    help="Put a person into a generated picture.\n\nStart with: pidiff demo, or "
    "pidiff tune PHOTOS --name NAME.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_FLAGS = ("--json", "--quiet", "-q", "--verbose", "-v", "--offline")
_VALUED = ("--home", "--device")
#: Nothing is quantised or optimised there. Where bitsandbytes is found, diffusers and peft import
#: it, and it imports torch's compiler: a second and more.
_WITHOUT_BITSANDBYTES = ("prepare", "invert", "generate", "stylemix", "evaluate", "again")


def _show_version(wanted: bool) -> None:
    if wanted:
        Output().result([f"pidiff {__version__}"], {})
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="holds profiles/ and models/ [default: PIDIFF_HOME]"),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps", show_default=False)
    ] = "auto",
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="no progress")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="details of errors")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="never use the network")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="the version", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before or after any command."""
    from pidiff_cli.config import DEVICES
    from pidiff_cli.core.lazy import import_never
    from pidiff_cli.errors import UsageError
    from pidiff_cli.weights.locate import default_home

    session = context.ensure_object(Session)
    if device not in DEVICES:
        raise UsageError(f"device is {device!r}; it can be {', '.join(DEVICES)}.")
    session.home = home.expanduser() if home else default_home()
    session.device, session.offline = device, offline
    session.output.quiet = quiet
    _calm_libraries(verbose, offline)
    if session.own_process and context.invoked_subcommand in _WITHOUT_BITSANDBYTES:
        import_never("bitsandbytes")


def run(arguments: list[str], own_process: bool = False) -> int:
    """Run one command line; returns the exit code. The only place that catches everything.

    ``own_process``: it is the only one in this process, which may be made to start faster by it.
    """
    arguments = _globals_first(arguments)
    output = Output(json="--json" in arguments, verbose=bool({"-v", "--verbose"} & {*arguments}))
    session = Session(output=output, own_process=own_process)
    try:
        code = app(args=arguments, prog_name="pidiff", standalone_mode=False, obj=session)
        if code == 130:  # typer's reading of Ctrl-C
            raise KeyboardInterrupt
        return int(code or 0)
    except BrokenPipeError:
        close_quietly()
        return 0
    except BaseException as error:
        return _report(session, error)
    finally:
        output.close()


def _report(session: Session, error: BaseException) -> int:
    if isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError):
        close_quietly()  # typer has turned the closed pipe into an exit
        return 0
    session.output.close()
    failure = explain(error)
    if failure.exit_code == INTERRUPTED:
        failure = replace(failure, hint=session.after_interrupt)
    try:
        session.output.failure(failure)
    except BrokenPipeError:
        close_quietly()
    return failure.exit_code


def _globals_first(arguments: list[str]) -> list[str]:
    """Move global options to the front, so that they may stand after the command too."""
    front, rest = [], []
    items = iter(arguments)
    for item in items:
        if item == "--":
            rest += [item, *items]
        elif item in _FLAGS or item.startswith(tuple(f"{name}=" for name in _VALUED)):
            front.append(item)
        elif item in _VALUED:
            front += [item, *(value for value in [next(items, None)] if value is not None)]
        else:
            rest.append(item)
    return front + rest


def _calm_libraries(verbose: bool, offline: bool) -> None:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    if verbose:
        return
    warnings.simplefilter("ignore")
    for name in ("bitsandbytes", "transformers", "diffusers", "peft"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in ("TRANSFORMERS_VERBOSITY", "DIFFUSERS_VERBOSITY", "HF_HUB_VERBOSITY"):
        os.environ.setdefault(name, "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def main() -> int:
    """The console script."""
    return run(sys.argv[1:], own_process=True)
