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
from pidiff_cli.cli import complete, signals, streams
from pidiff_cli.cli.commands import CommandGroup
from pidiff_cli.cli.failures import INPUT, INTERRUPTED, explain, lost_results
from pidiff_cli.cli.output import Output, close_quietly
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import Session
from pidiff_cli.errors import StoppedBySignal

app = typer.Typer(
    name="pidiff",
    cls=CommandGroup,
    help="Put a person into a generated picture.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_FLAGS = ("--json", "--quiet", "-q", "--verbose", "-v", "--offline")
_VALUED = ("--home", "--device")
COMPLETING = "_PIDIFF_COMPLETE"  # set by the shell when TAB is pressed
#: Nothing is quantised or optimised there. Where bitsandbytes is found, diffusers and peft import
#: it, and it imports torch's compiler: a second and more.
_WITHOUT_BITSANDBYTES = ("prepare", "invert", "generate", "stylemix", "evaluate", "again")


def _show_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        output = context.ensure_object(Session).output
        output.result([f"pidiff {__version__}"], {"version": __version__})
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="holds profiles/ and models/ [default: PIDIFF_HOME, else the platform's folder "
            "for such data: pidiff doctor shows it]",
            parser=user_path,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, cpu, cuda or mps",
            show_default=False,
            autocompletion=complete.devices,
        ),
    ] = "auto",
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="no progress")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="details of errors")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="never use the network")] = False,
    version: Annotated[
        bool,
        typer.Option("-V", "--version", help="the version", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Options that stand before or after any command."""
    from pidiff_cli.config import DEVICES
    from pidiff_cli.core.device import check_device
    from pidiff_cli.core.lazy import import_never
    from pidiff_cli.errors import InputError, UsageError
    from pidiff_cli.weights.locate import home_folder

    session = context.ensure_object(Session)
    if device not in DEVICES:
        raise UsageError(f"device is {device!r}; it can be {', '.join(DEVICES)}.")
    check_device(device)
    try:
        session.given_home = home_folder(home)
    except InputError as error:
        if home is not None:
            raise
        session.given_home = error  # told by a command that needs one
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
        return _ended(session, int(code or 0))
    except BrokenPipeError:
        close_quietly()
        return 0
    except SystemExit as error:
        return _left(session, error)
    except BaseException as error:
        if COMPLETING in os.environ:
            return 1  # its words would land in the line that is being typed
        return _report(session, error)
    finally:
        output.close()


def _ended(session: Session, code: int) -> int:
    """The exit code, also of results that could not be written."""
    failed = streams.result_failure()
    if code or failed is None:
        return code
    session.output.failure(lost_results(failed))
    return INPUT


def _left(session: Session, error: SystemExit) -> int:
    """The exit code of a library that ends the program: typer does after a TAB, and after
    --show-completion."""
    if isinstance(error.__context__, BrokenPipeError):
        close_quietly()  # typer has turned the closed pipe into an exit
        return 0
    if isinstance(error.code, str):
        session.output.say(error.code)
    return _ended(session, error.code if isinstance(error.code, int) else int(bool(error.code)))


def _report(session: Session, error: BaseException) -> int:
    session.output.close()
    failure = explain(error)
    if failure.exit_code == INTERRUPTED or isinstance(error, StoppedBySignal):
        failure = replace(failure, hint=session.after_interrupt)
    try:
        session.output.failure(failure)
    except BrokenPipeError:
        close_quietly()
    return failure.exit_code


def _globals_first(arguments: list[str]) -> list[str]:
    """Move global options to the front, so that they may stand after the command too.

    `version` and `help COMMAND` are options said as commands; no command has these names.
    """
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
    if rest[:1] == ["version"]:
        return [*front, "--version"]
    if rest[:1] == ["help"]:
        return [*front, *(word for word in rest[1:] if not word.startswith("-")), "--help"]
    return front + rest


def _calm_libraries(verbose: bool, offline: bool) -> None:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
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
    streams.open_all()
    signals.install()
    return run(sys.argv[1:], own_process=True)
