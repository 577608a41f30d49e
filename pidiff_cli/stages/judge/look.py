"""Each picture once: who is in it, how near to photos held out and learnt from, and its prompt."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.core.images import PhotoError
from pidiff_cli.core.metrics.copying import Nearness, assign, nearness
from pidiff_cli.stages.judge.inputs import AskedSet, sample_of
from pidiff_cli.stages.judge.people import KnownPerson, seen
from pidiff_cli.stages.judge.prompts import FoundPrompt, prompt_of
from pidiff_cli.stages.judge.readers import Readers, SeenFace
from pidiff_cli.stages.judge.text import TextScorer
from pidiff_cli.stages.judge.thumbs import thumb


@dataclass(frozen=True)
class JudgedPicture:
    """One picture that could be read.

    Attributes:
        key: what it shares with its counterpart in another set (prompt and seed, else the
            trainer's number of the prompt, else the name).
        faces: how many were found. near: person → encoder → nearness; who was not found is missing.
        text: score with its own prompt; None without a prompt or scorer.
    """

    file: str
    key: Hashable
    prompt: FoundPrompt
    faces: int
    near: dict[str, dict[str, Nearness]]
    text: float | None
    thumb: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class JudgedSet:
    """The pictures of one set, and files that could not be judged with the reason."""

    name: str
    people: tuple[KnownPerson, ...]
    pictures: tuple[JudgedPicture, ...]
    left_out: tuple[tuple[str, str], ...]


def judge_set(
    asked: AskedSet,
    people: tuple[KnownPerson, ...],
    readers: Readers,
    scorer: TextScorer | None,
    prompt: str,
    advance: Callable[[], Any],
) -> JudgedSet:
    """Look at every picture of a set; one that cannot be read is left out with its reason.

    Args:
        prompt: of the pictures that tell none themselves; may be empty.
    """
    pictures: list[JudgedPicture] = []
    left_out: list[tuple[str, str]] = []
    for file in asked.files:
        try:
            pictures.append(_look(file, people, readers, scorer, prompt))
        except PhotoError as error:
            left_out.append((file.name, error.reason))
        advance()
    return JudgedSet(asked.name, people, tuple(pictures), tuple(left_out))


def _look(
    file: Path,
    people: tuple[KnownPerson, ...],
    readers: Readers,
    scorer: TextScorer | None,
    prompt: str,
) -> JudgedPicture:
    picture, faces = seen(file, readers)
    found = prompt_of(file)
    if not found.text and prompt:
        found = FoundPrompt(prompt, "--prompt")
    score = scorer.score(picture, found.text) if scorer and found.text else None
    return JudgedPicture(
        file.name, _key(file, found), found, len(faces),
        {person.name: _near(person, face) for person, face in who_is_who(people, faces)},
        score, thumb(picture),
    )  # fmt: skip


def _key(file: Path, found: FoundPrompt) -> Hashable:
    return (found.asked or found.text, found.seed) if found.seed is not None else sample_of(file)


def who_is_who(
    people: Sequence[KnownPerson], faces: Sequence[SeenFace]
) -> list[tuple[KnownPerson, SeenFace]]:
    """Who each face is. One person is the largest face, whoever that looks like; several are
    matched so that the sum of their cosines with the photos learnt from is largest.

    Args:
        faces: the largest first.
    """
    if not faces:
        return []
    if len(people) == 1:
        return [(people[0], faces[0])]
    first = next(iter(faces[0].codes))
    codes = np.stack([face.codes[first] for face in faces])  # (F, E)
    alike = np.stack([(person.learnt[first] @ codes.T).mean(0) for person in people])  # (P, F)
    return [(people[person], faces[face]) for person, face in sorted(assign(alike).items())]


def _near(person: KnownPerson, face: SeenFace) -> dict[str, Nearness]:
    return {
        name: nearness(code, person.learnt[name], person.held_out.get(name))
        for name, code in face.codes.items()
    }
