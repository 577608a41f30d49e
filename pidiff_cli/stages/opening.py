"""What a command names, opened once and before anything heavy: profile, base, recipe."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from pidiff_cli.config import RANDOM, CommonConfig
from pidiff_cli.core.device import check_device
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import expanded
from pidiff_cli.profile import Profile, check_name, is_one, profile_folder
from pidiff_cli.recipe import Recipe, recipe_of, settings_for
from pidiff_cli.stages.progress import Callback, CallbackProgress, Progress
from pidiff_cli.weights import auto, locate
from pidiff_cli.weights.locate import BaseParts

#: How a LoRA is drawn where a recipe does not say: only where the person is (measured on mini).
BESIDE = {"hold": 1.0, "start": 0.07}
Config = TypeVar("Config", bound=CommonConfig)
Paths = str | Path | Sequence[str | Path]
Home = str | Path | None  # the folder that holds profiles/ and models/; None is the usual one
Listener = Progress | Callback | None  # who hears how far it is


@dataclass(frozen=True)
class Place:
    """Where the work is done, and who listens."""

    home: Path
    device: str
    offline: bool
    progress: Progress

    @classmethod
    def of(
        cls,
        home: Home,
        device: str,
        offline: bool,
        progress: Listener,
    ) -> Place:
        """Of the API's common arguments; a plain callable is a callback.

        Raises:
            UsageError: this machine has no such device. InputError: there is no home folder.
        """
        check_device(device)
        listener: Progress = Progress()
        if progress is not None:
            plain = callable(progress) and not hasattr(progress, "advance")
            listener = CallbackProgress(progress) if plain else progress  # type: ignore[arg-type, assignment]
        folder = locate.home_folder(home)
        return cls(folder, device, offline, listener)

    def config(self, kind: type[Config], **values: Any) -> Config:
        """A configuration; values that are None keep the field's default. Raises UsageError."""
        given = {key: value for key, value in values.items() if value is not None}
        unknown = set(given) - {item.name for item in fields(kind)}
        if unknown:
            raise UsageError(f"There is no setting {', '.join(sorted(unknown))}.")
        paths = {item.name for item in fields(kind) if str(item.type) in ("Path", "Path | None")}
        given |= {key: expanded(given[key]) for key in paths & given.keys()}
        return kind(home=self.home, device=self.device, offline=self.offline, **given)


def find_profile(home: Path, sources: list[str], name: str | None) -> Profile | None:
    """The profile that the words name, or None when they are photos.

    Raises:
        InputError: neither a profile nor photos are there.
        UsageError: photos without a name.
    """
    paths = [expanded(item) for item in sources]
    if len(sources) == 1 and name is None:
        is_named = is_one(profile_folder(home, sources[0]))
        if is_named or is_one(paths[0]):
            return Profile.open(sources[0], home)
        if not paths[0].exists() and "/" not in sources[0] and "." not in sources[0]:
            return Profile.open(sources[0], home)  # says that there is none
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise InputError(f"There is no {', '.join(missing)}.", "Check the path of the photos.")
    if name is None:
        raise UsageError("The photos need a name.", "Add one, for example: --name alice")
    return None


def own_name(home: Path, name: str) -> str:
    """A profile's name as the home has it: capitals do not count. Raises InputError: no name."""
    check_name(name)
    return profile_folder(home, name).name


def profile_named(home: Path, name: str | None) -> Profile | None:
    """The profile of that name, where there is one. Raises InputError: no name for a profile."""
    check_name(str(name))
    folder = profile_folder(home, str(name))
    return Profile.open(folder, home) if is_one(folder) else None


def open_base(
    home: Path,
    device: str,
    base: str,
    progress: Progress,
    profile: Profile | None = None,
    wplus: str = "auto",
) -> BaseParts:
    """The base behind a word, to learn from photos on; says in one line what `auto` took.

    A profile that was tuned stays on its base when nothing else is asked for. A path becomes a
    short name that this home remembers: a profile names no paths. Without the W+ networks there is
    no general branch either: no code could be read for it.

    Args:
        wplus: as in `locate.base_parts`.

    Raises:
        UsageError, InputError, MissingWeightError: as `locate.base_parts`.
    """
    own = profile.manifest.base.get("name") if profile else None
    if base == "auto" and own:
        parts = locate.base_parts(locate.recorded_base(str(own), home), home, wplus)
        parts = replace(parts, name=str(own))
    elif base == "auto":
        from pidiff_cli.core.device import free_gpu_mb

        choice = auto.choose_base(home, free_gpu_mb(device))
        progress.line(f"{choice.why} {choice.advice}".rstrip())
        parts = locate.base_parts(choice.name, home, wplus)
    else:
        found = locate.base_parts(base, home, wplus)
        parts = replace(found, name=locate.base_name(base, home))
    return parts if parts.wplus else replace(parts, identity=None)


def base_of(home: Path, profile: Profile, base: str = "") -> BaseParts:
    """The base to draw a profile on: the one asked for, else its own, else where it was read.

    Who was learnt without W+ networks is drawn without them.
    """
    manifest = profile.manifest
    read_on = manifest.stages.get("invert", {}).get("base", "mini")
    own = locate.recorded_base(str(manifest.base.get("name") or read_on), home)
    name = locate.base_name(base or own, home)
    without = manifest.base.get("wplus") == "off"
    return locate.base_parts(name, home, "off" if without else "auto")


def open_person(name: str | Path, home: Path) -> Profile:
    """A profile that can be drawn. Raises InputError: there is none, or it is not learnt yet."""
    profile = Profile.open(name, home)
    if not (profile.has_code() or "lora" in profile.parts):
        raise InputError(
            f"{profile.name} is not tuned yet.", f"Tune it: pidiff tune {profile.name}"
        )
    return profile


def draw_values(
    profile: Profile, parts: BaseParts, kind: type[CommonConfig], given: dict[str, Any]
) -> dict[str, Any]:
    """The ``generate`` section of the recipe a profile was tuned with, under what was given.

    Args:
        kind: the configuration that takes the values; those it does not know are left out.
    """
    given = field_values(given)
    recipe = recipe_of(profile.manifest.recipe.get("name", "auto"), parts.family)
    known = {item.name for item in fields(kind)}
    values = settings_for(recipe, "generate", **given)
    if "lora" in profile.parts:
        values = {**BESIDE, **values}
    return {key: value for key, value in values.items() if key in known or key in given}


def taken_seed(seed: Any, progress: Progress) -> Any:
    """The number that ``random`` stands for, said in a line; other seeds as they are."""
    if seed != RANDOM:
        return seed
    number = secrets.randbelow(2**32)
    progress.line(f"Seed {number}.")
    return number


def field_values(given: dict[str, Any]) -> dict[str, Any]:
    """Values by the names of a configuration's fields: ``keep_background`` is its ``hold``, and a
    dict of edits pairs. Raises UsageError: edits of another form."""
    given = {"hold" if key == "keep_background" else key: given[key] for key in given}
    if isinstance(edits := given.get("edits"), dict):
        given["edits"] = tuple(edits.items())
    elif not all(isinstance(edit, (tuple, list)) and len(edit) == 2 for edit in edits or ()):
        raise UsageError(f"edits is {edits!r}; names with strengths are expected.")
    return given


def tell_dropped(recipe: Recipe, progress: Progress) -> None:
    """One line on settings of a recipe that no longer exist."""
    if recipe.dropped:
        keys = ", ".join(recipe.dropped)
        progress.line(f"Settings of the recipe {recipe.name} that no longer exist: {keys}.")


def paths_of(sources: Paths) -> list[Path]:
    """The paths of one or several, `~` followed."""
    several = [sources] if isinstance(sources, (str, Path)) else [*sources]
    return [expanded(item) for item in several]


def known_prompts(prompts: str | Iterable[str]) -> tuple[tuple[str, ...], Iterator[str] | None]:
    """The prompts that are known now, and of an iterator all of them, to be taken one by one."""
    if isinstance(prompts, str):
        return (prompts,), None
    if not isinstance(prompts, Iterable):
        raise UsageError(f"The prompts are {prompts!r}; text is expected.")
    if not isinstance(prompts, Iterator):
        prompts = iter(known := tuple(prompts))
        if known:
            return known, None
    first = next(prompts, None)
    if first is None:
        raise InputError("There is no prompt.", 'For example: pidiff generate NAME "as a chef"')
    return (first,), chain((first,), prompts)
