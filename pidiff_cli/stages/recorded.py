"""What a picture's record says: the settings it was drawn with, and whose it is. Knows no torch.

A record may be a stranger's: every value has its kind and range, no file that it names is opened,
and nothing of it is remembered. It names a profile by its random id; earlier ones had its name, or
its path, among the settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from pidiff_cli.config import GenerateConfig, check_values
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import (
    Profile,
    at_step,
    find_by_id,
    is_one,
    list_locked,
    profile_folder,
    step_of_print,
)
from pidiff_cli.profile.locked import LockedError, check_unlocked
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import fitted, short
from pidiff_cli.stages.progress import Progress
from pidiff_cli.values import (
    MAX_PROMPT,
    MAX_SEED,
    OWN,
    edit_problems,
    prompt_problems,
    style_layers,
)
from pidiff_cli.weights.locate import recorded_base

_NOT_FROM_RECORDS = frozenset(
    ("home", "device", "offline", "out", "prompts", "edits", "name", "mark", "nudity_filter")
)
_TOLD = 6  # unknown keys
_BESIDE = {"edits_from_words", "consent", "consented", "marks"}  # what is told and not drawn by
_Word = Annotated[str, Meta(max_length=200)]
_Text = Annotated[str, Meta(max_length=MAX_PROMPT + 200)]
_Edit = tuple[Annotated[str, Meta(min_length=1, max_length=64)], float]


class _Profile(Struct, frozen=True):
    id: _Word = ""
    fingerprint: _Word = ""
    name: _Word = ""


class _Record(Struct):
    """A record of `generate`; its other settings are checked as the command line's are."""

    prompt: _Text
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)]
    settings: dict[_Word, Any]
    full_prompt: _Text = ""
    profile: _Profile = _Profile()
    base: dict[_Word, _Word] = {}
    versions: dict[_Word, _Word] = {}


class _Settings(Struct):
    """Those that are no single values, or name something."""

    edits: Annotated[list[_Edit], Meta(max_length=100)] = []
    subject: Annotated[list[Annotated[int, Meta(ge=0, le=MAX_PROMPT)]], Meta(max_length=2)] = []
    style_from: _Word = ""
    base: _Word = ""
    name: _Word = ""


def recorded_settings(
    record: dict[str, Any], image: Path, home: Path, progress: Progress | None = None
) -> dict[str, Any]:
    """GenerateConfig values that a picture's record holds, `name` left out.

    The record's `settings` are GenerateConfig fields; `prompt`, `seed` and `profile` stand beside.

    Args:
        progress: is told of keys that this version does not know.

    Raises:
        InputError: a picture without a record, or one that is no record of `generate`.
    """
    if "stylemix" in record or "b" in record:
        raise InputError(f"{image} was made by stylemix.", "Mix again: pidiff stylemix A B")
    if not isinstance(record.get("settings"), dict) or not record.get("prompt"):
        raise InputError(f"{image} holds no record of how it was made.")
    try:
        found: _Record = fitted(record, _Record, "The record")
        more: _Settings = fitted(found.settings, _Settings, "The record")
    except Refused as error:
        raise _damaged(image, error.reason) from error
    known = {item.name for item in fields(GenerateConfig)}
    left = [*(record.keys() - set(_Record.__struct_fields__) - _BESIDE)]
    _tell(sorted([*left, *(found.settings.keys() - known)]), progress)
    settings = {"literal": True, **found.settings}  # earlier versions read every prompt so
    chosen = {k: v for k, v in settings.items() if k in known - _NOT_FROM_RECORDS}
    chosen |= {"edits": tuple(more.edits), "subject": tuple(more.subject)}
    _check(chosen, found, image)
    if more.style_from:
        chosen["style_from"] = _style_here(more.style_from, home, image)
    if more.base:
        chosen["base"] = recorded_base(more.base, home)
    return chosen | {"prompts": (found.prompt,), "seed": found.seed, "count": 1, "best": 0}


def _check(chosen: dict[str, Any], found: _Record, image: Path) -> None:
    """The bounds that the command line has. Raises InputError."""
    faults = [*prompt_problems((found.prompt,)), *edit_problems(chosen["edits"])]
    try:
        check_values(GenerateConfig, chosen)
        if chosen.get("style_from"):
            style_layers(chosen["style_from"])
    except UsageError as error:
        faults.append(error.message)
    place = chosen["subject"]
    if place and not (len(place) == 2 and place[0] < place[1] <= len(found.prompt)):
        faults.append("The person's place is outside the prompt.")
    if faults:
        raise _damaged(image, " ".join(faults))


def _damaged(image: Path, why: str) -> InputError:
    return InputError(f"The record in {image} is damaged: {short(why.rstrip('.'), 400)}.")


def _tell(keys: Iterable[str], progress: Progress | None) -> None:
    names = [short(key, 40) for key in keys]
    if names and progress is not None:
        told = ", ".join(names[:_TOLD]) + (" and others" if len(names) > _TOLD else "")
        progress.warn(f"Its record has what this version does not know, left out: {told}.")


def _style_here(wish: str, home: Path, image: Path) -> str:
    """Layers of another person, who is recorded by the random id, by the folder's path here.

    Raises:
        InputError: nobody here has this id; nor, in old records, this name. LockedError: that
            person is locked.
    """
    key, colon, rest = wish.rpartition(":")
    without = "Draw it without them: pidiff again IMAGE.png --set style_from="
    try:
        found = find_by_id(key, home) or _named(key, home)
    except LockedError as error:
        raise InputError(
            f"Whose layers {image.name} has is locked: {error.folder.name}.",
            f"{error.hint}. {without}",
        ) from error
    if found is None:
        raise InputError(
            f"Whose layers {image.name} has is not among the profiles of {home}.", without
        )
    return f"{found.folder}{colon}{rest}"


def _named(name: str, home: Path) -> Profile | None:
    """The home's own profile of this name; a path is none. Raises LockedError."""
    if Path(name).name != name or name.startswith("."):
        return None
    folder = profile_folder(home, name)
    try:
        if folder.is_symlink() or not is_one(folder):
            return None
    except OSError:  # a name that is too long
        return None
    check_unlocked(folder)
    return Profile(folder)


def recorded_step(record: dict[str, Any], profile: Profile, step: int, asked: bool) -> Profile:
    """The profile as the picture was drawn by it, where that step is kept: also where the profile
    has drawn by another one since.

    What has the picture's fingerprint drew it, whatever number it has by now.

    Args:
        step: a kept one, or ``OWN``. asked: it was asked for now, whatever the picture says.

    Raises:
        InputError: the step is not kept.
    """
    if asked:
        return at_step(profile, step)
    fingerprint = fitted(record, _Record, "The record").profile.fingerprint
    found = step_of_print(profile, fingerprint)
    if step == OWN or found.fingerprint == fingerprint:
        return found
    try:
        return at_step(profile, step)
    except InputError as error:
        error.hint = "As it draws now: pidiff again IMAGE.png --set checkpoint=own"
        raise


def recorded_person(record: dict[str, Any], home: Path, profile: str = "") -> Profile:
    """The profile of a record: the one that is asked for, else by its id, else by its old name.

    Raises:
        InputError: it is not among the home's profiles. LockedError: it is locked, whether or not
            there are copies of it.
    """
    if profile:
        return Profile.open(profile, home)
    found: _Record = fitted(record, _Record, "The record")
    about = found.profile
    try:
        person = find_by_id(about.id, home, about.fingerprint)
    except LockedError as error:
        if error.copies:
            error.hint += f". Or take the copy: --profile {error.copies[0]}"
        raise
    if person:
        return person
    name = found.settings.get("name")
    if isinstance(name, str) and name and (person := _named(name, home)):
        return Profile.open(person.folder, home)
    locked = ", ".join(list_locked(home))
    but = f", as far as they are not locked ({locked})" if locked else ""
    raise InputError(
        f"Whom this picture shows is not among the profiles of {home}{but}.",
        "Say where the profile is: pidiff again IMAGE.png --profile NAME|FOLDER",
    )
