"""`pidiff prepare`: photos → aligned faces in a profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.consent import ConsentOption, ask_consent
from pidiff_cli.cli.lines import whole
from pidiff_cli.cli.options import option
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import session_of
from pidiff_cli.config import PrepareConfig
from pidiff_cli.errors import UsageError

PhotosArgument = Annotated[
    list[Path],
    typer.Argument(metavar="PHOTOS", help="photos, or folders of photos", parser=user_path),
]
NounOption = Annotated[str | None, option(PrepareConfig, "noun", metavar="NOUN")]
ForceOption = Annotated[bool, typer.Option("--force", help="replace a profile of that name")]
NoPhotosOption = Annotated[
    bool, typer.Option("--no-photos", help="keep no working copies of the photos")
]
PersonOption = Annotated[int | None, option(PrepareConfig, "person", metavar="N")]
LikeOption = Annotated[Path | None, option(PrepareConfig, "like", metavar="PHOTO")]


def command(
    context: typer.Context,
    photos: PhotosArgument,
    name: Annotated[str, option(PrepareConfig, "name", metavar="NAME")],
    noun: NounOption = None,
    force: ForceOption = False,
    no_photos: NoPhotosOption = False,
    person: PersonOption = None,
    like: LikeOption = None,
    consent: ConsentOption = None,
    show: Annotated[
        bool, typer.Option("--show", help="open a sheet of all photos: kept, or why not")
    ] = False,
    min_face: Annotated[int | None, option(PrepareConfig, "min_face")] = None,
    min_sharpness: Annotated[float | None, option(PrepareConfig, "min_sharpness")] = None,
    hold_out: Annotated[int | None, option(PrepareConfig, "hold_out")] = None,
) -> None:
    """Find and align the faces in photos.

    `tune` does so by itself. A photo that is left out is named with the reason.
    """
    from pidiff_cli import api

    session = session_of(context)
    if show and no_photos:
        raise UsageError("--show needs the working copies.", "Leave one out: --show, --no-photos")
    consent = ask_consent(session, photos, name, consent, force)
    result = api.prepare(
        photos, name, force=force, noun=noun, keep_photos=not no_photos, min_face=min_face,
        min_sharpness=min_sharpness, hold_out=hold_out, person=person, like=like,
        consent=consent, **session.where(),
    )  # fmt: skip
    session.output.result([result.profile], result)
    if result.sheet:
        session.output.note(f"All photos on a sheet: {whole(result.sheet)}")
        if show:
            typer.launch(str(result.sheet))
    session.output.note(f"Try: pidiff tune {result.profile.name}")
