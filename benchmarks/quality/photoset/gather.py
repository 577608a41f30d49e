"""A folder of photographs with labels.json, from a list of files in public repositories.

    python -m benchmarks.quality.photoset.gather LIST.md GITS FOLDER

LIST.md has a heading ``## owner/name @ commit`` for each repository and below it lines
``- path | class | person`` (the person may be missing). GITS holds the repositories, each as
``owner+name`` or ``name``, as a clone or a bare git directory (or one in a folder ``repo``):
``git clone --filter=blob:none https://github.com/owner/name GITS/owner+name``. What a repository
lacks is told and left out. The pictures are for measuring: they show real people, whose rights
are not those of the repositories; keep the folder outside of this one.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.commands import command_line
from benchmarks.quality.photoset.labels import LABELS


@dataclass(frozen=True)
class Listed:
    """A line of the list: a file of a repository at a commit, and what was said of it."""

    repository: str
    commit: str
    path: str
    kind: str
    person: str

    @property
    def name(self) -> str:
        """The file's name in the folder: repository and path, told apart."""
        return self.repository.partition("/")[2] + "__" + self.path.replace("/", "_")


def read_list(text: str) -> Iterator[Listed]:
    """The lines of a list, in order."""
    repository = commit = ""
    for line in text.splitlines():
        if line.startswith("## "):
            repository, _, commit = (part.strip() for part in line[3:].partition("@"))
        elif line.startswith("- ") and commit:
            path, kind, person, *_ = [*(part.strip() for part in line[2:].split("|")), "", ""]
            yield Listed(repository, commit, path, kind, person)


def git_directory(gits: Path, repository: str) -> Path | None:
    """Where a repository's objects lie under GITS; None where it is not there."""
    owner, _, name = repository.partition("/")
    for folder in (gits / f"{owner}+{name}", gits / name):
        for place in (folder / "repo" / ".git", folder / "repo", folder / ".git", folder):
            if (place / "HEAD").is_file():
                return place
    return None


def content(directory: Path, listed: Listed) -> bytes | None:
    """The file at its commit; None where the copy lacks it or holds only a pointer to it."""
    what = f"{listed.commit}:{listed.path}"
    command = ["git", "--git-dir", str(directory), "show", what]
    done = subprocess.run(command, capture_output=True, check=False)
    pointer = done.stdout.startswith(b"version https://git-lfs")
    return None if done.returncode or pointer else done.stdout


def gather(listing: Path, gits: Path, folder: Path) -> tuple[int, list[str]]:
    """Write the pictures and labels.json; how many, and what could not be had."""
    folder.mkdir(parents=True, exist_ok=True)
    labels, lacking = [], []
    for listed in read_list(listing.read_text(encoding="utf-8")):
        directory = git_directory(gits, listed.repository)
        data = content(directory, listed) if directory else None
        if data is None:
            lacking.append(f"{listed.repository}: {listed.path}")
            continue
        (folder / listed.name).write_bytes(data)
        labels.append([listed.name, listed.kind, listed.person])
    (folder / LABELS).write_text(json.dumps(labels, indent=0) + "\n", encoding="utf-8")
    return len(labels), lacking


def main() -> None:
    """Gather, and say what is missing."""
    parser = command_line("benchmarks.quality.photoset.gather", __doc__)
    for name in ("listing", "gits", "folder"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    count, lacking = gather(args.listing, args.gits, args.folder)
    print(f"{count} photographs in {args.folder}")
    for line in lacking:
        print(f"not had: {line}")


if __name__ == "__main__":
    main()
