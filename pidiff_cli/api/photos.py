"""Photos, and the codes of the faces in them: prepare, look, invert."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidiff_cli.config import InvertConfig, PrepareConfig
from pidiff_cli.files import can_be_folder
from pidiff_cli.profile import Profile, hold, settle
from pidiff_cli.stages.checks import check_inverting, check_pictures
from pidiff_cli.stages.consent import take_consent
from pidiff_cli.stages.noun import check_noun, take_noun
from pidiff_cli.stages.opening import (
    Home,
    Listener,
    Paths,
    Place,
    open_base,
    own_name,
    paths_of,
    profile_named,
)
from pidiff_cli.stages.prepare.once import prepared
from pidiff_cli.stages.results import InvertResult, PrepareResult

if TYPE_CHECKING:
    from pidiff_cli.stages.prepare.look import LookResult
    from pidiff_cli.stages.prepare.photos import Seen


def prepare(
    photos: Paths,
    name: str,
    *,
    force: bool = False,
    faces: Mapping[Path, int] | None = None,
    seen: Seen | None = None,
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> PrepareResult:  # fmt: skip
    """Photos → a profile with aligned, masked faces: the one that is there, or a new one.

    The same photos again change nothing; more photos beside the same ones make the profile anew;
    other photos need ``force``. A failure leaves the old profile as it was.

    Args:
        photos: files or folders. faces: chosen by hand, a photo and which of its faces, 0 the
            largest. seen: what `look` saw of these photos, which need not be looked at again.
        settings: noun, keep_photos, min_face (px), min_sharpness,
            hold_out, face_size (px), max_pixels, person (1 is who most photos show), like (a photo
            of whom is meant), consent (self, agreed, synthetic; unstated where nothing is said).

    Raises:
        InputError: the name is not allowed or taken by other photos, or the photos are at fault.
    """
    place = Place.of(home, device, offline, progress)
    settings |= {"photos": tuple(paths_of(photos)), "name": own_name(place.home, name)}
    settings |= {"faces": tuple((faces or {}).items())}
    config = place.config(PrepareConfig, **settings)
    noun, old = settings.get("noun"), None if force else profile_named(place.home, config.name)
    check_noun(old, noun)
    can_be_folder(place.home / "profiles")
    check_pictures(config.photos, config.like)
    with hold(place.home / "profiles" / config.name):
        result = prepared(config, force, place.progress, seen)
        opened = Profile.open(result.profile, place.home)
        take_noun(opened, noun, place.progress)
        take_consent(opened, config.consent, place.progress)
    return result


def look(
    photos: Paths,
    seen: Seen | None = None,
    *,
    faces: Mapping[Path, int] | None = None,
    home: Home = None,
    device: str = "auto",
    offline: bool = False,
    **settings: Any,
) -> LookResult:
    """What `prepare` would make of photos: the faces in each, kept or why not. Nothing is written.

    Args:
        photos: files. seen: what was seen of some of them before (`Seen`), which then need not be
            looked at again; it is added to. faces, settings: as in `prepare`.

    Raises:
        UsageError: settings that cannot mean anything.
    """
    place = Place.of(home, device, offline, None)
    settings |= {"photos": tuple(paths_of(photos)), "faces": tuple((faces or {}).items())}
    config = place.config(PrepareConfig, **{"name": "this person", **settings})
    from pidiff_cli.stages.prepare import look as stage
    from pidiff_cli.stages.prepare.photos import Seen

    return stage.look(config, seen or Seen())


def invert(
    profile: str | Path,
    *,
    base: str = "mini",
    home: Home = None, device: str = "auto", offline: bool = False, progress: Listener = None,
    **settings: Any,
) -> InvertResult:  # fmt: skip
    """Aligned faces → W+ codes, where they are missing or other settings ask for others.

    Args:
        profile: a name, or a path to a directory. base: whose W+ space is used, as in `tune`.
        settings: refine (steps), seed.

    Raises:
        InputError: no such profile, or it holds no photos. MissingWeightError: no such base here,
            or no W+ networks. UsageError: settings that cannot mean anything.
    """
    place = Place.of(home, device, offline, progress)
    settle(profile, place.home)
    opened = Profile.open(profile, place.home)
    parts = open_base(place.home, device, base, place.progress)
    config = place.config(InvertConfig, name=str(opened.folder), base=parts.name, **settings)
    check_inverting(opened, parts, any(value is not None for value in settings.values()))
    from pidiff_cli.stages.invert import inverted

    with opened.lock():
        return inverted(opened, config, parts, place.progress)
