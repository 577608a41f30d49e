"""A disk that is really full, and a home that nobody may write to."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.campaign.registry import Outcome
from tests.campaign.trial import child, content, sentence, verified
from tests.campaign.world import LINES, Place, Ran, World, set_up, workplace


def run(count: int, seed: int) -> list[Outcome]:
    """Every command on a full disk and in a closed home."""
    with workplace() as folder:
        world = set_up(folder)
        try:
            return [_full(world), _closed(world)]
        finally:
            world.patch.undo()


def _full(world: World) -> Outcome:
    outcome = Outcome("full disk (0 bytes): broken, or photos not forgotten", f"0 of {len(LINES)}")
    disk = world.root / "trials" / "disk"
    for name in LINES:
        disk.mkdir(exist_ok=True)
        mounted = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
        if subprocess.run(mounted, capture_output=True).returncode:
            outcome.figure += " (no disk could be mounted: not tried)"
            return outcome
        try:
            shutil.copytree(world.template, disk / "trial")
            place = Place(world, disk / "trial")
            _fill(disk)
            before = content(place.home)
            ran = _in_child(place, name)
            outcome.tried += 1
            faults = [*filter(None, [sentence(ran)]), *_faults(place, name, ran, before)]
            outcome.add(name, faults)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    return outcome


def _faults(place: Place, name: str, ran: Ran, before: dict[str, bytes]) -> list[str]:
    faults = []
    if name in ("forget", "delete"):
        faults += [f"it did not: {ran.err.strip()}"] if ran.code else []
        left = list((place.home / "profiles/alice").rglob("*.png"))
        faults += [f"{len(left)} pictures are left"] if left else []
    elif ran.code and content(place.home) != before:
        faults.append("it failed and left another home")
    return faults + verified(place)


def _fill(disk: Path) -> None:
    """Take all room that there is, to the last byte."""
    with (disk / "full").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"0" * size)
            except OSError:
                continue


def _closed(world: World) -> Outcome:
    outcome = Outcome("closed home: broken, or no sentence", f"0 of {len(LINES)}")
    for name in LINES:
        place = world.place("closed")
        before = content(place.home)
        for path in [place.home, *place.home.rglob("*")]:
            path.chmod(0o500 if path.is_dir() else 0o400)
        ran = _in_child(place, name, as_nobody=True)
        outcome.tried += 1
        faults = [*filter(None, [sentence(ran)])]
        if content(place.home) != before:
            faults.append("it changed the home")
        if ran.code == 0 and not name.startswith("export"):
            faults.append("it says that it is done")
        outcome.add(name, faults)
        for path in [place.home, *place.home.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        place.drop()
    return outcome


def _in_child(place: Place, name: str, as_nobody: bool = False) -> Ran:
    def work() -> list[object]:
        if as_nobody and os.geteuid() == 0:
            base = place.world.root / "base"
            for path in [place.folder, *place.folder.rglob("*"), base, *base.rglob("*")]:
                os.chown(path, 65534, 65534, follow_symlinks=False)
            for above in place.folder.parents:
                if str(above).startswith(str(place.world.root)):
                    above.chmod(0o755)
            os.setuid(65534)
        ran = place.run(*LINES[name])
        return [ran.code, ran.out, ran.err]

    code, found = child(work)
    return Ran(*found) if found else Ran(code, "", "it ended without a word")
