"""`pidiff doctor`: what this machine can do."""

from __future__ import annotations

import typer

from pidiff_cli.cli.session import session_of


def command(context: typer.Context) -> None:
    """Tell what this machine can do."""
    from pidiff_cli.stages import doctor

    session = session_of(context)
    session.output.loading()
    found = doctor.run(session.home)
    session.output.close()
    output = session.output
    free = f", {found.free_mb / 1000:.1f} GB free" if found.free_mb else ""
    kind = "GPU" if found.device == "cuda" else "CPU"
    cores = "" if kind == "GPU" else f", {found.cores} cores"
    lines = [
        (kind, f"{found.device_name}{cores}{free}"),
        ("base", " · ".join(f"{item.name} {item.note}" for item in found.bases)),
        ("faces", found.landmarks),
        ("likeness", found.likeness),
        ("tuning", found.optimizer),
        ("profiles", " · ".join(found.profiles) or "none yet"),
        ("home", found.home),
    ]
    if kind == "CPU":
        lines.insert(1, ("GPU", "none that torch can use; mini is made for that"))
    for name, text in lines:
        output.note(f"{name.ljust(10)} {text}")
    output.note("versions   " + " · ".join(f"{k} {v}" for k, v in found.versions.items()))
    if output.json:
        output.result((), found)
