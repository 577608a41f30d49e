"""judge: pictures that any program made, against photos of the people who should be in them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.config import JudgeConfig
from pidiff_cli.core.device import pick_device
from pidiff_cli.core.images import PhotoError, read_photo, shrink
from pidiff_cli.core.record import ids_in_picture
from pidiff_cli.errors import InputError
from pidiff_cli.files import PUBLIC, write_file
from pidiff_cli.stages.judge import page, summary, verdict
from pidiff_cli.stages.judge.compare import Difference, differences
from pidiff_cli.stages.judge.gates import Gate, passes
from pidiff_cli.stages.judge.inputs import AskedPerson, AskedSet, files_of
from pidiff_cli.stages.judge.look import JudgedSet, judge_set
from pidiff_cli.stages.judge.people import KnownPerson, know
from pidiff_cli.stages.judge.readers import LOOKED_AT, Encoder, Readers, readers_for
from pidiff_cli.stages.judge.text import TextScorer, open_scorer
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import JudgeResult

WORK = "evaluate"
LOOK_SIDE = 1024  # px of the photos from which it is told what they are
TOLD = 5  # files left out that are named on the terminal


def run(
    sets: Sequence[AskedSet], gates: Sequence[Gate], config: JudgeConfig, progress: Progress
) -> JudgeResult:
    """Read the people's photos and every picture once, compare, write the page and the table.

    Raises:
        InputError: no photo shows a face, a set has no picture that can be read, or the folder
            cannot be written.
    """
    people = list(dict.fromkeys(person for asked in sets for person in asked.people))
    progress.start(WORK, files_of(people) + sum(len(asked.files) for asked in sets))
    readers = _open(people, sets, config)
    device = str(pick_device(config.device)[0])
    scorer, no_text = open_scorer(readers.world, config.home, device)
    known = {one: know(one, readers, lambda: progress.advance(WORK)) for one in people}
    judged = [
        judge_set(
            asked, tuple(known[one] for one in asked.people), readers, scorer, config.prompt,
            lambda: progress.advance(WORK),
        )
        for asked in sets
    ]  # fmt: skip
    for one in judged:
        _need_pictures(one)
    data = _document(judged, list(known.values()), readers, scorer, no_text, gates)
    result = _write(data, judged, config.out, _ids(people, sets))
    _tell(progress, result, readers)
    return result


def _ids(people: Sequence[AskedPerson], sets: Sequence[AskedSet]) -> list[str]:
    """The ids of all profiles that are looked at, by their photos or by pictures of them."""
    found = {one.profile for one in people} | {asked.profile for asked in sets}
    for asked in sets:
        found.update(*map(ids_in_picture, asked.files))
    return sorted(found - {""})


def _open(people: Sequence[AskedPerson], sets: Sequence[AskedSet], config: JudgeConfig) -> Readers:
    """The networks for these people's photos."""
    looks: list[np.ndarray] = []
    for file in [file for one in people for file in one.learnt][: 2 * LOOKED_AT]:
        try:
            looks.append(shrink(read_photo(file), LOOK_SIDE)[0])
        except PhotoError:
            continue  # told of when it is read for its face
        if len(looks) == LOOKED_AT:
            break
    several = any(len(asked.people) > 1 for asked in sets)
    return readers_for(looks, config.home, str(pick_device(config.device)[0]), several)


def _need_pictures(judged: JudgedSet) -> None:
    if not judged.pictures:
        reasons = "; ".join(f"{file}: {reason}" for file, reason in judged.left_out[:4])
        raise InputError(f"No picture of {judged.name} can be read. {reasons}.")


def _document(
    judged: Sequence[JudgedSet],
    people: Sequence[KnownPerson],
    readers: Readers,
    scorer: TextScorer | None,
    no_text: str,
    gates: Sequence[Gate],
) -> dict[str, Any]:
    """All numbers as JSON values."""
    groups = list(dict.fromkeys(tuple(map(id, one.people)) for one in judged))
    sets = [
        summary.document(one, readers.encoders, no_text, groups.index(tuple(map(id, one.people))))
        for one in judged
    ]
    found: list[Difference] = []
    if len(judged) > 1:
        found = differences(judged, readers.encoders[0].name)
    return {
        "verdict": verdict.verdict(sets, found),
        "sets": sets,
        "differences": [asdict(item) for item in found],
        "gates": _gates(gates, sets),
        "people": [_person(one) for one in people],
        "world": readers.world,
        "encoders": [_network(one) for one in readers.encoders],
        "text_scorer": {k: getattr(scorer, k) for k in ("name", "file", "sha256")}
        if scorer
        else None,
    }


def _network(encoder: Encoder) -> dict[str, Any]:
    return {key: getattr(encoder, key) for key in ("name", "file", "sha256", "same")}


def _person(known: KnownPerson) -> dict[str, Any]:
    return {
        "name": known.name, "learnt_from": known.count, "held_out": known.held,
        "spread": {name: asdict(spread) for name, spread in known.spread.items()},
        "left_out": [{"file": file, "reason": reason} for file, reason in known.left_out],
        "unsure": list(known.unsure),
    }  # fmt: skip


def _gates(gates: Sequence[Gate], sets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every gate with every set, and where there are several people with each of them."""
    found: list[dict[str, Any]] = []
    for told_set in sets:
        people = told_set["people"]
        whole = [(told_set["name"] if len(sets) > 1 else "", told_set["measures"])]
        each = [(f"{one['name']} in {told_set['name']}", one["measures"]) for one in people]
        for gate in gates:
            several = len(people) > 1 and gate.name != "text"
            for of, rows in each if several else whole:
                found += passes([gate], rows, of)
    return found


def _write(
    data: dict[str, Any], judged: Sequence[JudgedSet], out: Path, ids: Sequence[str]
) -> JudgeResult:
    """The files; ``ids``: of the profiles whose photos were looked at."""
    one = re.sub(r"[^\w.-]+", "-", judged[0].name).strip("-.") or "pictures"
    name = f"pictures-{one}" if len(judged) == 1 else "comparison"
    told = {**data, "profiles": [*ids]}
    table, target = out / f"{name}.json", out / f"{name}.html"
    write_file(table, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode(), PUBLIC)
    write_file(target, page.build_html(told, judged).encode(), PUBLIC)
    values: dict[str, Any] = {
        key: tuple(item) if isinstance(item, list) else item for key, item in data.items()
    }
    passed = all(gate["passed"] for gate in data["gates"])
    return JudgeResult(**values, passed=passed, report=target, table=table)


def _tell(progress: Progress, result: JudgeResult, readers: Readers) -> None:
    """What was read and what was left out."""
    count = sum(told["pictures"] for told in result.sets)
    learnt = sum(one["learnt_from"] for one in result.people)
    held = sum(one["held_out"] for one in result.people)
    networks = ", ".join(f"{one['name']} {one['sha256'][:12]}" for one in result.encoders)
    progress.finish(
        WORK,
        f"{count} pictures against {learnt} photos learnt from, {held} held out\n"
        f"read as {result.world} by {networks}",
    )
    if readers.note:
        progress.warn(readers.note)
    left = [(row["file"], row["reason"]) for one in result.people for row in one["left_out"]]
    left += [(row["file"], row["reason"]) for told in result.sets for row in told["left_out"]]
    for file, reason in left[:TOLD]:
        progress.line(f"left out: {file}, {reason}")
    if len(left) > TOLD:
        progress.line(f"and {len(left) - TOLD} more, all of them in the report")
    for one in result.people:
        if one["unsure"]:
            files = ", ".join(one["unsure"][:3])
            progress.warn(f"Another person? Unlike the other photos: {files}")
