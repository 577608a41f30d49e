"""`pidiff demo`: the whole job on pictures that come with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.lines import whole
from pidiff_cli.cli.options import NoMarkOption, marks, option
from pidiff_cli.cli.reading import user_path
from pidiff_cli.cli.session import Session, session_of
from pidiff_cli.config import TuneConfig
from pidiff_cli.files import can_be_folder

PROMPTS = ("as an astronaut", "as a chef, smiling", "in the snow", "as a knight, oil painting")
SEED = 5  # of the first six one of two in which mini puts hats on both chefs


def command(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="folder for everything it makes", parser=user_path),
    ] = Path("demo"),
    steps: Annotated[int | None, option(TuneConfig, "steps", by_recipe=True)] = None,
    no_mark: NoMarkOption = False,
) -> None:
    """Run the whole job on pictures that come along.

    Learns a drawn person and one from a real photo, draws both and mixes them; everything stays
    inside --out.
    """
    session = session_of(context)
    session.given_home = (out / "home").resolve()
    session.config(TuneConfig, steps=steps)
    can_be_folder(out)
    session.output.loading()
    from pidiff_cli import api
    from pidiff_cli.stages import demo

    note, pictures = session.output.note, out / "pics"
    photos = demo.run(out)
    note(f"Four drawn portraits of a person no network saw: {whole(photos.drawn)}", "bold")
    drawn = learn(session, photos.drawn, "drawn", photos.noun, "synthetic", steps)
    note(f"One real photo, the astronaut of scikit-image: {whole(photos.real)}", "bold")
    real = learn(session, photos.real, "astronaut", "woman", "unstated", steps)
    images: list[Path] = []
    for name in ("drawn", "astronaut"):
        made = api.generate(
            name, PROMPTS, seed=SEED, out=pictures, mark=marks(no_mark), **session.where()
        )
        images += [item.path for item in made.images]
    sheet = api.stylemix(
        "drawn", "astronaut", out=pictures, mark=marks(no_mark), **session.where()
    ).sheet
    reports = [folder / "reports" / "likeness.html" for folder in (drawn, real)]
    note(f"Pictures  {whole(pictures)}", "bold")
    note(f"Mixes     {whole(sheet)}")
    note(f"Reports   {whole(reports[0])}")
    note(f"          {whole(reports[1])}")
    note('Now yours: pidiff tune PHOTOS --name NAME, then pidiff generate NAME "as a chef"')
    document = {"images": images, "sheet": sheet, "profiles": [drawn, real], "reports": reports}
    session.output.result([*images, sheet, *reports], document)


def learn(
    session: Session, photos: Path, name: str, noun: str, consent: str, steps: int | None
) -> Path:
    """Prepare, invert and tune; returns the profile's folder."""
    from pidiff_cli import api
    from pidiff_cli.profile import profile_folder
    from pidiff_cli.stages.prepare.once import is_made_of

    same = is_made_of(profile_folder(session.home, name), (photos,))
    result = api.tune(
        photos,
        name,
        base="mini",
        noun=noun,
        consent=consent,
        force=not same,
        steps=steps,
        always=False,  # of the photographed one nothing can be told here
        **session.where(),
    )
    return result.profile
