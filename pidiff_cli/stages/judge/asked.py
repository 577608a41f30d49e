"""What a call names, as sets and people: folders, files and profiles. Nothing heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile, is_one
from pidiff_cli.stages.judge.inputs import (
    AskedPerson,
    AskedSet,
    by_step,
    distinct_names,
    pictures_in,
)
from pidiff_cli.stages.opening import Paths, open_person, paths_of

#: What is drawn of a profile that is compared.
STANDARD = (
    "smiling", "as an astronaut", "in the snow", "as a chef", "oil painting", "looking sad",
)  # fmt: skip
_AGAINST = "pidiff evaluate --pictures FOLDER --photos LEARNT --held-out OTHERS"


def asked_sets(
    home: Path,
    pictures: Sequence[Path],
    photos: Paths | Mapping[str, Paths],
    held_out: Paths | Mapping[str, Paths],
    profile: str | Path | None,
    steps: bool,
) -> list[AskedSet]:
    """The sets to judge, each with its people. Arguments and errors as `api.judge_pictures`."""
    if not pictures:
        raise UsageError("There are no pictures to judge.", _AGAINST)
    people = people_of(photos, held_out)
    if profile is not None:
        if people:
            raise UsageError(f"The photos are {profile}'s, or --photos: not both.")
        people = (_own_person(Profile.open(profile, home)),)
    sets = _sets(home, pictures, people)
    first = next((one.people for one in sets if one.people), ())
    if not first:
        raise UsageError("It is not said against which photos.", _AGAINST)
    sets = [one if one.people else replace(one, people=first) for one in sets]
    return [step for one in sets for step in by_step(one)] if steps else sets


def people_of(
    photos: Paths | Mapping[str, Paths], held_out: Paths | Mapping[str, Paths]
) -> tuple[AskedPerson, ...]:
    """People by name, or one without a name. Raises UsageError, InputError."""
    learnt, held = _by_name(photos), _by_name(held_out)
    if held and not learnt:
        raise UsageError("--held-out needs --photos: those that were learnt from.", _AGAINST)
    if held and set(held) != set(learnt):
        odd = ", ".join(sorted(set(held) ^ set(learnt))) or "they"
        raise UsageError(
            f"--photos and --held-out name different people: {odd}.",
            "Each person has both: --photos alice=DIR --held-out alice=DIR",
        )
    return tuple(
        AskedPerson(
            name,
            pictures_in(paths, "photos learnt from"),
            pictures_in(held[name], "photos held out") if name in held else (),
        )
        for name, paths in learnt.items()
    )


def _by_name(given: Paths | Mapping[str, Paths]) -> dict[str, list[Path]]:
    if isinstance(given, Mapping):
        return {str(name): paths_of(paths) for name, paths in given.items()}
    paths = paths_of(given)
    return {"": paths} if paths else {}


def _sets(home: Path, given: Sequence[Path], people: tuple[AskedPerson, ...]) -> list[AskedSet]:
    """A set for each folder and each profile, and one of all files."""
    files = tuple(path for path in given if path.is_file())
    folders = [path for path in given if _is_pictures(path, home)]
    others = [path for path in given if path not in files and path not in folders]
    names = dict(zip(folders, distinct_names(folders)))
    sets = [AskedSet("pictures", pictures_in(files, "pictures"), people)] if files else []
    for path in given:
        if path in names:
            sets.append(AskedSet(names[path], pictures_in([path], "pictures"), people))
        elif path in others:
            sets.append(_profile_set(path, home, people))
    taken = [one.name for one in sets]
    return [
        replace(one, name=f"{one.name} ({i + 1})") if taken.count(one.name) > 1 else one
        for i, one in enumerate(sets)
    ]


def _is_pictures(path: Path, home: Path) -> bool:
    """Whether a word means a folder of pictures; a profile of that name goes before."""
    named = path.name == str(path) and is_one(home / "profiles" / path.name)
    return path.is_dir() and not named and not is_one(path)


def _profile_set(path: Path, home: Path, people: tuple[AskedPerson, ...]) -> AskedSet:
    try:
        profile = open_person(path, home)
    except InputError as error:
        if path.exists() or "no profile" not in error.message:
            raise
        told = f"There is no folder and no profile {path}."
        raise InputError(told, "See: pidiff profile list") from None
    own = people or (_own_person(profile),)
    return AskedSet(profile.name, (), own, str(path), profile.manifest.id)


def _own_person(profile: Profile) -> AskedPerson:
    """A profile's person: working copies of the photos, else the aligned faces."""
    files: dict[bool, list[Path]] = {False: [], True: []}
    for photo in profile.photos:
        path = profile.stored(photo.picture or photo.face) if photo.picture or photo.face else None
        if path and path.is_file():
            files[photo.held_out].append(path)
    if not files[False]:
        told = f"The profile {profile.name} holds no photos."
        raise InputError(told, "Name them: --photos LEARNT")
    return AskedPerson("", tuple(files[False]), tuple(files[True]), profile.manifest.id)
