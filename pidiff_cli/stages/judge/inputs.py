"""What is judged against what: folders, files and the steps in their names; nothing is opened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import PICTURES

MOST = 5000  # pictures of one set
#: How trainers name the pictures they draw on the way; groups: step or epoch, and which prompt.
TRAINERS = (
    re.compile(r"(?:^|.*_)(?P<step>e?\d{6,9})_(?P<sample>\d{2,})_\d{14}(?:_\d+)?$"),  # kohya
    re.compile(r"^\d{10,}__(?P<step>\d{9})_(?P<sample>\d+)$"),  # ai-toolkit
    re.compile(r"^.*-training-sample-(?P<step>\d+)-\d+-\d+$"),  # OneTrainer, a folder a prompt
)
_ANY_STEP = re.compile(r"(?i)(?:^|[^a-z])(?:steps?|iter)[-_ ]?(\d+)")


@dataclass(frozen=True)
class AskedPerson:
    """A person: photos learnt from, and photos held out. The name is empty where there is one;
    ``profile`` is the id of the profile that they come from."""

    name: str
    learnt: tuple[Path, ...]
    held_out: tuple[Path, ...] = ()
    profile: str = ""


@dataclass(frozen=True)
class AskedSet:
    """Pictures that are judged together, and who should be in each of them.

    ``draw``: the profile whose pictures they are, where those are still to be drawn, and
    ``profile`` its id.
    """

    name: str
    files: tuple[Path, ...]
    people: tuple[AskedPerson, ...]
    draw: str = ""
    profile: str = ""


def pictures_in(given: Sequence[Path], what: str) -> tuple[Path, ...]:
    """Files as given, folders by their picture files, in order, each once. A folder without any is
    taken by its subfolders' (OneTrainer writes one for each prompt).

    Raises:
        InputError: no such path, no picture, or far too many.
    """
    found: list[Path] = []
    for path in given:
        if not path.exists():
            raise InputError(f"There is no file or folder {path} ({what}).", "Check the path.")
        inside = _inside(path) if path.is_dir() else [path]
        if not inside:
            raise InputError(
                f"No picture in the folder {path} ({what}).",
                "Pictures are files like .jpg, .png, .webp, .heic, .tif.",
            )
        found += inside
    unique = tuple(dict.fromkeys(found))
    if len(unique) > MOST:
        raise InputError(f"{len(unique)} pictures are too many ({what}; {MOST} at most).")
    return unique


def _inside(folder: Path) -> list[Path]:
    own = sorted(path for path in folder.iterdir() if _is_picture(path))
    return own or sorted(path for path in folder.glob("*/*") if _is_picture(path))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def files_of(people: Sequence[AskedPerson]) -> int:
    """How many photos they are."""
    return sum(len(one.learnt) + len(one.held_out) for one in people)


def step_of(path: Path) -> tuple[int, str]:
    """Step and words for it in a trainer's file name; (-1, "") where there is none."""
    for form in TRAINERS:
        if found := form.match(path.stem):
            text = found["step"]
            number = int(text.lstrip("e"))
            return number, f"{'epoch' if text.startswith('e') else 'step'} {number}"
    if anywhere := _ANY_STEP.search(path.stem):
        return int(anywhere[1]), f"step {int(anywhere[1])}"
    return -1, ""


def sample_of(path: Path) -> str:
    """What a picture shares with its counterparts of other steps or folders: which prompt of the
    trainer's it is, else its name."""
    for form in TRAINERS:
        if found := form.match(path.stem):
            return found.groupdict().get("sample") or path.parent.name
    return _ANY_STEP.sub("", path.stem)


def by_step(asked: AskedSet) -> list[AskedSet]:
    """A set for each step that the file names tell, in order. Raises InputError: they tell none."""
    groups: dict[tuple[int, str], list[Path]] = {}
    for path in asked.files:
        groups.setdefault(step_of(path), []).append(path)
    named = sorted(key for key in groups if key[1])
    if not named:
        raise InputError(
            f"No file name in {asked.name} tells a step, as trainers write them.",
            "Without --by-step all of them are one set.",
        )
    return [AskedSet(words, tuple(groups[step, words]), asked.people) for step, words in named]


def distinct_names(folders: Sequence[Path]) -> list[str]:
    """A short name for each folder: its own, with the one above it where two are alike."""
    own = [folder.resolve().name or str(folder) for folder in folders]
    longer = [f"{folder.resolve().parent.name}/{name}" for folder, name in zip(folders, own)]
    names = [long if own.count(name) > 1 else name for name, long in zip(own, longer)]
    return [f"{name} ({i + 1})" if names.count(name) > 1 else name for i, name in enumerate(names)]
