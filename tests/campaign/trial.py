"""A command line in a process that is killed or whose disk fails, and what is true afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.campaign.world import LINES, Place, Ran, World

LEFT = re.compile(r"\.(tmp|old|kept|new|gone|change|leaving|forgotten)")
PEOPLE = ("alice", "anna", "bob", "carol", "dan", "eve", "mix", "new", "twin")
#: Commands of several changes: what stands between the first and the last of them.
BETWEEN = {
    "tune photos": (("prepare", "{1}/first", "--name", "eve"),),
}


def child(work: Callable[[], Any]) -> tuple[int, Any]:
    """Run in a forked process; its exit code (-9: killed), and what it returned as JSON."""
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        code = 70
        with contextlib.suppress(BaseException):
            try:
                text = json.dumps(work()).encode()
                os.write(write, text)
                code = 0
            except BaseException:
                traceback.print_exc()
        os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), json.loads(text) if text else None


def instants(world: World, name: str) -> int:
    """How many operations a command takes."""
    from tests.campaign.faults import ours, watched

    place = world.place("count")

    def work() -> int:
        count = [0]

        def hit(kind: str, path: object) -> None:
            count[0] += ours(path, str(place.folder))

        with watched(hit):
            place.run(*LINES[name])
        return count[0]

    _, found = child(work)
    place.drop()
    return int(found)


def spread(
    world: World, count: int, seed: int, names: tuple[str, ...] = ()
) -> list[tuple[str, int]]:
    """So many instants, spread over the commands as they have them, and within each evenly."""
    lengths = {name: instants(world, name) for name in names or LINES}
    total = sum(lengths.values())
    chance = random.Random(seed)
    found = []
    for name, length in lengths.items():
        wanted = min(length, max(2, round(count * length / total)))
        found += [(name, k) for k in sorted(chance.sample(range(1, length + 1), wanted))]
    while len(found) < count and total:
        name = chance.choice(list(lengths))
        found.append((name, chance.randint(1, lengths[name])))
    chance.shuffle(found)
    return found


def state(place: Place) -> dict[str, Any]:
    """What a home holds of each person, as far as a person would miss it; read, nothing mended."""
    from pidiff_cli.profile import Profile, list_profiles

    found = {}
    for profile in list_profiles(place.home):
        profile = Profile.open(profile.folder.name, place.home)
        manifest = profile.manifest
        digests = [
            (name, digest)
            for name, digest in sorted(manifest.files.items())
            if name.startswith(("adapter/", "lora/", "photos/", "steps/"))
        ]
        result = manifest.stages.get("tune", {}).get("result") or {}
        digests.append(("code", _code(profile)))
        told = [manifest.name, manifest.noun, len(manifest.photos), result.get("steps"), digests]
        found[profile.folder.name] = hashlib.sha256(repr(told).encode()).hexdigest()[:12]
    return found


def _code(profile: Any) -> str:
    """A person's code, and whether there are others than it: one a photo."""
    if not profile.has_code():
        return ""
    identity = profile.load_identity()
    single = all((code == identity.mean).all() for code in identity.codes)
    return f"{hashlib.sha256(identity.mean.tobytes()).hexdigest()} {single}"


class Expected:
    """The states in which each command may leave a home: the old, the new, and those between."""

    def __init__(self, world: World) -> None:
        self.world = world
        place = world.place("old")
        self.old = state(place)
        place.drop()

    @cache  # noqa: B019  one object a run
    def of(self, name: str) -> list[dict[str, Any]]:
        """The last one is the new state."""
        found = [self.old]
        for line in (*_between(name), LINES[name]):
            place = self.world.place("expected")
            ran = place.run(*line)
            if ran.code:
                raise RuntimeError(f"{name}: {ran.err}")
            found.append(state(place))
            place.drop()
        return found


def _between(name: str) -> tuple[tuple[str, ...], ...]:
    if name == "tune":
        return (LINES["invert"],)
    if name == "tune photos":
        return BETWEEN[name]
    return ()


def judge(place: Place, name: str, expected: Expected) -> list[str]:
    """What is wrong after a command was ended, one sentence each."""
    faults: list[str] = []
    before = content(place.home)
    for line in (("profile", "list"), *(("profile", "show", n) for n in names(place)[:1])):
        ran = place.run(*line)
        if ran.code:
            faults.append(f"{' '.join(line)} says: {ran.err.strip()}")
    faults += verified(place)
    try:
        now = state(place)
    except Exception as error:
        return [*faults, f"cannot be read: {error!r}"]
    if now not in expected.of(name) and not (name == "tune photos" and _codes_only(now)):
        faults.append(f"neither old nor new: {_differs(now, expected.of(name))}")
    if content(place.home) != before:
        faults.append("a reader changed the disk")
    again = place.run(*LINES[name])
    if again.code not in (0, 3) or "inside pidiff" in again.err:
        faults.append(f"the same command again: {again.code} {again.err.strip()[-200:]}")
    if again.code == 3 and now != expected.of(name)[-1]:
        faults.append(f"refused though it is not done: {again.err.strip()[-200:]}")
    final = state(place)
    if final != expected.of(name)[-1]:
        faults.append(f"again, it is not the new state: {_differs(final, expected.of(name)[-1:])}")
    ran = place.run("profile", "copy", "dan", "zed")
    if ran.code:
        faults.append(f"the next command: {ran.err.strip()}")
    left = sorted(str(p.relative_to(place.folder)) for p in place.folder.rglob(".*"))
    faults += [f"left: {path}" for path in left if LEFT.match(Path(path).name)]
    return faults + [f"at the end: {fault}" for fault in verified(place)]


def verified(place: Place) -> list[str]:
    """What the profiles of a home say that is not as it was written."""
    from pidiff_cli.errors import PidiffError
    from pidiff_cli.profile import Profile

    faults: list[str] = []
    for name in names(place):
        try:
            faults += Profile.open(name, place.home).verify()
        except PidiffError as error:
            faults.append(f"{name}: {error.message}")
    return faults


def names(place: Place) -> list[str]:
    """The people of a home."""
    folder = place.home / "profiles"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p.name for p in found if not p.name.startswith("."))


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but for what is cached outside the profiles."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"folder"
        for p in sorted((folder / "profiles").rglob("*"))
    }


def sentence(ran: Ran) -> str:
    """What is wrong with how a failed command ended; "" where it says so in a sentence."""
    if ran.code in (0, 3) and "inside pidiff" not in ran.err and "Traceback" not in ran.err:
        return ""
    return f"exit {ran.code}: {ran.err.strip()[-300:]}"


def _codes_only(now: dict[str, Any]) -> bool:
    return "eve" in now  # its photos, with or without codes


def _differs(now: dict[str, Any], wanted: list[dict[str, Any]]) -> str:
    told = []
    for one in wanted:
        keys = {k for k in now.keys() | one.keys() if now.get(k) != one.get(k)}
        told.append(",".join(sorted(keys)))
    return " | ".join(told)
