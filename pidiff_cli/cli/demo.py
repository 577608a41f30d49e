"""`pidiff demo`: the whole job on pictures that come with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pidiff_cli.cli.session import Session, session_of

PROMPTS = ("as an astronaut", "as a chef, smiling", "in the snow", "as a knight, oil painting")
SEED = 5  # of the first six one of two in which mini puts hats on both chefs


def command(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="folder for everything it makes")] = Path(
        "demo"
    ),
    steps: Annotated[
        int | None, typer.Option(metavar="STEPS", help="tuning steps [default: the recipe's]")
    ] = None,
) -> None:
    """Run the whole job on pictures that come along.

    A drawn person and a real portrait go through prepare, invert, tune, generate and stylemix;
    everything stays inside --out.
    """
    session = session_of(context)
    session.output.loading()
    from pidiff_cli.stages import demo

    session.home = (out / "home").resolve()
    note = session.output.note
    photos = demo.run(out)
    note(f"Four drawn portraits of a person no network saw: {photos.drawn}", "bold")
    drawn = learn(session, photos.drawn, "drawn", photos.noun, steps)
    note(f"One real photo, the astronaut of scikit-image: {photos.real}", "bold")
    real = learn(session, photos.real, "astronaut", "woman", steps)
    images = [path for name in ("drawn", "astronaut") for path in pictures(session, name, out)]
    sheet = mix(session, out)
    reports = [made / "reports" / "likeness.html" for made in (drawn, real)]
    note(f"Pictures  {out}/pics", "bold")
    note(f"Mixes     {sheet}")
    note(f"Reports   {reports[0]}")
    note(f"          {reports[1]}")
    note('Now yours: pidiff tune PHOTOS --name NAME, then pidiff generate NAME "as a chef"')
    document = {"images": images, "sheet": sheet, "profiles": [drawn, real], "reports": reports}
    session.output.result([*images, sheet, *reports], document)


def learn(session: Session, photos: Path, name: str, noun: str, steps: int | None) -> Path:
    """Prepare, invert and tune; returns the profile's folder."""
    from pidiff_cli.cli.compose import inverted, is_made_of, prepared, tuned
    from pidiff_cli.profile import Profile

    same = is_made_of(session.home / "profiles" / name, [photos])
    made = prepared(session, [photos], name, force=not same, noun=noun)
    profile = Profile.open(made.profile, session.home)
    inverted(session, profile, "mini")
    tuned(session, profile, "mini", "auto", steps=steps)
    return profile.folder


def pictures(session: Session, name: str, out: Path) -> list[Path]:
    """Draw the demo's prompts; returns the paths of the pictures."""
    from pidiff_cli.cli.drawing import generate_settings
    from pidiff_cli.config import GenerateConfig
    from pidiff_cli.stages import generate

    config = session.config(
        GenerateConfig,
        name=name,
        prompts=PROMPTS,
        out=out / "pics",
        seed=SEED,
        **generate_settings(session, name),
    )
    result = generate.run(config, session.output.progress())
    return [Path(item.path) for item in result.images]


def mix(session: Session, out: Path) -> Path:
    """Lay out the mixes of the two people; returns the path of the sheet."""
    from pidiff_cli.cli.drawing import generate_settings
    from pidiff_cli.config import StylemixConfig
    from pidiff_cli.stages import stylemix

    config = session.config(
        StylemixConfig,
        a="drawn",
        b="astronaut",
        out=out / "pics",
        **generate_settings(session, "drawn", StylemixConfig),
    )
    return Path(stylemix.run(config, session.output.progress()).sheet)
