"""The page that shows pictures."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.stages.gallery.inputs import PAGE, Asked, asked_gallery, page_at
from pidiff_cli.stages.opening import Home, Listener, Place
from pidiff_cli.stages.results import GalleryResult, GenerateResult


def gallery(
    source: str | Path | None = None,
    *,
    out: str | Path | None = None,
    inside: str | Path | None = None,
    measure: bool = False,
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
) -> GalleryResult:  # fmt: skip
    """One HTML file that shows pictures with their records, to sort, filter and draw again.

    Small copies are inside the page and the files are linked relatively: page and folder can move
    together, and the page alone still shows the small ones. An earlier page of the same place gives
    the likenesses that it knew.

    Args:
        source: a folder (with those below it), or a profile: pictures of one person; None is the
            folder ``pics``.
        out: the page's file, or a folder for it; left out, ``gallery.html`` beside the pictures.
        inside: the folder in which a profile's pictures are; left out, ``pics``.
        measure: measure likenesses that are not known, of people whose profiles are here.

    Raises:
        InputError: there is no such folder or profile, or no picture; another file is in the place
            of the page. UsageError: ``inside`` with a folder.
    """
    place = Place.of(home, device, offline, progress)
    asked = asked_gallery(source, out, inside, place.home)
    from pidiff_cli.stages.gallery import run as stage

    return stage.run(asked, place.home, place.progress, measure=measure)


def page_of(drawn: GenerateResult, folder: Path, place: Place) -> Path:
    """Bring the page of a folder up to date with pictures that were just drawn into it."""
    from pidiff_cli.stages.gallery import run as stage

    known = {picture.path: picture.likeness for picture in drawn.images}
    asked = Asked(folder, page_at(folder / PAGE))
    return stage.run(asked, place.home, place.progress, known).page
