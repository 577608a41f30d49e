"""`pidiff tune-many`: everybody of a folder of folders or of a table."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pidiff_cli.cli.consent import ConsentOption
from pidiff_cli.cli.failures import INPUT
from pidiff_cli.cli.learning import learning
from pidiff_cli.cli.options import taking
from pidiff_cli.cli.prepare import NoPhotosOption, NounOption
from pidiff_cli.cli.reading import number, user_path
from pidiff_cli.cli.session import session_of

if TYPE_CHECKING:
    from pidiff_cli.cli.output import Output
    from pidiff_cli.many.job import Outcome
    from pidiff_cli.many.run import Engine, ManyResult

ROWS = 40  # people in the table at the end; of more, only those who failed


@taking(learning)
def command(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|CSV",
            parser=user_path,
            help="a folder with a folder of photos for each person, or a CSV file with the columns "
            "photos, name, noun, recipe, consent",
        ),
    ],
    retry: Annotated[
        bool, typer.Option("--retry", help="try those again who failed before")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, "workers"),
            help="people at a time [default: as many as memory and cores allow]",
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="local: this machine; ray: a Ray cluster")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="of the Ray cluster [default: one on this machine]"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="where the cluster's machines keep profiles and checkpoints, s3://bucket/people; "
            "without it --home is a folder that all of them see",
        ),
    ] = None,
    noun: NounOption = None,
    consent: ConsentOption = None,
    no_photos: NoPhotosOption = False,
    *,
    learning: dict[str, Any],
) -> None:
    """Learn many people, each from photos of their own.

    Prints a line of JSON for each as it ends, and a table at the end on stderr. Who fails is named
    with the reason and stops nobody. The same command again goes on after an interruption, and
    leaves alone what is done.
    """
    from pidiff_cli.many.run import tune_many
    from pidiff_cli.stages.opening import Place

    session = session_of(context)
    settings = learning | {
        "noun": noun, "consent": consent, "keep_photos": False if no_photos else None,
    }  # fmt: skip
    chosen = chosen_engine(engine, address, store, workers)
    session.after_interrupt = "The same command goes on."
    with ending_calmly() as on_engine:
        result = tune_many(
            source,
            Place.of(**session.where()),
            settings,
            make_engine=chosen,
            retry=retry,
            on_engine=on_engine,
            on_person=lambda one: session.output.json_line(one.document()),
        )
    tell(session.output, result)
    if result.failed:
        raise typer.Exit(INPUT)


def chosen_engine(
    name: str, address: str | None, store: str | None, workers: int | None
) -> Callable[[list[Any]], tuple[Engine, str]]:
    """What makes the engine of that name. Raises UsageError: there is none, or other options."""
    from pidiff_cli.errors import UsageError
    from pidiff_cli.many.run import on_this_machine

    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; it can be 1 and more.")
    if name == "local":
        if address or store:
            raise UsageError("--address and --store are of a cluster.", "Add: --engine ray")
        return on_this_machine(workers)
    if name == "ray":
        from pidiff_cli.many.ray_engine import on_ray

        return on_ray(address, store, workers)
    raise UsageError(f"engine is {name!r}; it can be local, ray.")


@contextmanager
def ending_calmly() -> Iterator[Callable[[Engine], None]]:
    """Inside, Ctrl-C and SIGTERM stop the engine that is named; a second one ends at once."""
    found: list[Engine] = []
    kinds = (signal.SIGINT, signal.SIGTERM)

    def stop(kind: int, frame: Any) -> None:
        if not found or getattr(stop, "asked", False):
            raise KeyboardInterrupt
        stop.asked = True  # type: ignore[attr-defined]
        found[0].stop()

    try:
        before = [(kind, signal.signal(kind, stop)) for kind in kinds]
    except ValueError:  # not the main thread: whoever runs it stops it
        before = []
    try:
        yield found.append
    finally:
        for kind, old in before:
            signal.signal(kind, old)


def tell(output: Output, result: ManyResult) -> None:
    """The table: everybody, or of many those who failed."""
    shown = result.people if len(result.people) <= ROWS else result.failed
    cells = [row(one) for one in shown]
    widths = [max(map(len, column)) for column in zip(*cells)] if cells else []
    for line in cells:
        output.note("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip())
    if result.failed:
        output.note("Those who failed are tried again with: --retry")


def row(one: Outcome) -> tuple[str, ...]:
    """A person's cells."""
    steps = f"{one.steps} steps" if one.steps else ""
    alike = "" if one.likeness is None else f"likeness {one.likeness:.2f}"
    took = f"{one.seconds:.0f} s" if one.seconds else ""
    return one.name, one.status, steps, took, alike, f"{one.error} {one.hint}".strip()
