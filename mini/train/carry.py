"""Take a training from one machine to another, in few small files.

    python -m mini.train.carry pack OUT --weights new
    python -m mini.train.carry unpack IN --weights new

packs the finished networks, the logs, the state file and, of the network under way, its weights
in half precision without optimiser (it begins anew there, the mean stays) as at most eight files of
at most 16 MiB. Bank and caches are made anew on the other machine: they are functions of the seed.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from mini.train.common import FILE_LIMIT, MADE, RUNS
from mini.train.light import LIGHT, write_light
from mini.train.perceptual import FEATURES
from mini.train.plan import STATE

TOTAL_LIMIT = 40_000_000  # bytes of all the weights
FILES, CHUNK, MOST = 8, 15 * 2**20, 64 * 2**20
SMALL = ("all.json", "losses.json")


def check_weights(folder: Path) -> int:
    """The bytes of a weights folder. ValueError where a file or all of it is too large."""
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    for path, size in sizes.items():
        if size >= FILE_LIMIT:
            raise ValueError(f"{path} has {size / 2**20:.1f} MiB, the limit is 16")
    total = sum(sizes.values())
    if total > TOTAL_LIMIT:
        largest = max(sizes, key=lambda path: sizes[path])
        raise ValueError(
            f"{folder} has {total / 1e6:.1f} MB, the limit is 40; the largest is {largest.name}"
        )
    return total


def pack(out: Path, weights: Path = MADE) -> list[Path]:
    """Write `out/pack.000`, …; returns them.

    Raises:
        ValueError: it would be more than eight files or 64 MiB.
    """
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path in sorted(p for p in weights.rglob("*") if p.is_file()):
            archive.add(path, f"weights/{path.relative_to(weights).as_posix()}")
        for path in _others():
            archive.add(path, f"mini/{path.relative_to(RUNS.parent).as_posix()}")
    whole = data.getvalue()
    parts = [whole[start : start + CHUNK] for start in range(0, len(whole), CHUNK)]
    if len(parts) > FILES or len(whole) > MOST:
        raise ValueError(f"{len(whole) / 2**20:.0f} MiB in {len(parts)} files: more than fit")
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("pack.*"):
        old.unlink()
    made = [out / f"pack.{number:03d}" for number in range(len(parts))]
    for path, part in zip(made, parts, strict=True):
        path.write_bytes(part)
    return made


def _others() -> list[Path]:
    """State, logs, features and the light checkpoints of unfinished runs."""
    done = json.loads(STATE.read_text(encoding="utf-8"))["done"] if STATE.exists() else []
    found = [RUNS.parent / name for name in SMALL]
    for folder in sorted(path for path in RUNS.glob("*") if path.is_dir()):
        found.append(folder / "log.jsonl")
        if folder.name not in done and write_light(folder):
            found.append(folder / LIGHT)
    found += sorted(FEATURES.glob("clip.*"))
    return [path for path in found if path.is_file()]


def unpack(folder: Path, weights: Path = MADE) -> None:
    """Put a pack's files where `pack` found them. ValueError where a part is missing or odd."""
    parts = sorted(folder.glob("pack.*"))
    if [path.name for path in parts] != [f"pack.{i:03d}" for i in range(len(parts))] or not parts:
        raise ValueError(f"{folder} does not hold a whole pack")
    data = io.BytesIO(b"".join(path.read_bytes() for path in parts))
    places = {"weights": weights, "mini": RUNS.parent}
    with tarfile.open(fileobj=data, mode="r:gz") as archive:
        for member in archive:
            top, _, rest = member.name.partition("/")
            inside = top in places and rest and ".." not in Path(rest).parts
            if not (member.isfile() and inside):
                raise ValueError(f"{member.name} does not belong into a pack")
            target = places[top] / rest
            target.parent.mkdir(parents=True, exist_ok=True)
            source = archive.extractfile(member)
            target.write_bytes(source.read() if source else b"")


def main(argv: Sequence[str] | None = None) -> None:
    """Pack or unpack."""
    parser = argparse.ArgumentParser(prog="mini.train.carry", description=__doc__)
    parser.add_argument("what", choices=("pack", "unpack"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, default=MADE)
    args = parser.parse_args(argv)
    if args.what == "unpack":
        unpack(args.folder, args.weights)
        return
    for path in pack(args.folder, args.weights):
        print(f"{path} {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
