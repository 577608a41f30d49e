"""`pidiff doctor`: what this machine can do, what is missing, and the command to type next."""

from __future__ import annotations

import typer

from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import PidiffError
from pidiff_cli.profile import Profile, list_profiles
from pidiff_cli.profile.describing import describe


def command(context: typer.Context) -> None:
    """Tell what this machine can do, what is missing, and what is next."""
    from pidiff_cli import api

    session = session_of(context)
    session.output.loading()
    found = api.doctor(session.home)
    session.output.close()
    output = session.output
    free = f", {found.free_mb / 1000:.1f} GB free" if found.free_mb else ""
    threads = f"{found.threads} thread{'s' * (found.threads != 1)} used"
    cores = f"{found.cores} core{'s' * (found.cores != 1)}, {threads}"
    if found.device == "cuda":
        lines = [("GPU", f"{found.device_name}{free} · bf16 {'yes' if found.bf16 else 'no'}")]
    else:
        lines = [
            ("CPU", f"{found.device_name}, {cores}{free}"),
            ("GPU", "none that torch can use; mini is made for that"),
        ]
    for number, base in enumerate(found.bases):
        use = f"commercial use: {base.commercial_says}"
        lines.append(("base" if number == 0 else "", f"{base.name} {base.note} · {use}"))
    lines += [
        ("faces", found.landmarks),
        ("likeness", found.likeness),
        ("free faces", found.free_faces),
        *((("" if number else "fits"), text) for number, text in enumerate(found.fits)),
        ("tuning", found.optimizer),
        ("profiles", " · ".join(map(_profile, list_profiles(session.home))) or "none yet"),
        ("home", found.home),
        ("versions", " · ".join(f"{k} {v}" for k, v in found.versions.items())),
        ("auto", found.auto),
        ("next", found.next),
    ]
    for name, text in lines:
        output.tell(f"{name.ljust(10)} {text}")
    output.result((), found)


def _profile(profile: Profile) -> str:
    """A profile in a few words: "alice (sd15, 2.4 MB, 0.71)"."""
    try:
        row = describe(profile)
    except PidiffError:
        return f"{profile.folder.name} (cannot be read)"
    if not row["steps"]:
        return f"{row['name']} (not tuned)"
    alike = row["alike"].partition(" (")[0]
    size = f"{profile.size_mb():.1f} MB"
    return f"{row['name']} ({row['base']}, {size}{', ' + alike if alike[0].isdigit() else ''})"
