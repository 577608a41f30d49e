"""The W+ networks (StyleGAN2-FFHQ and e4e) of the real bases: an option, by their licence.

What is missing is nothing to stumble over; what is damaged is an error, as it was meant to be here.
"""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights import records
from pidiff_cli.weights.bases import BASES
from pidiff_cli.weights.table import WEIGHTS

_E4E = WEIGHTS["e4e"]


def find_wplus(base: str, home: Path, wplus: str) -> Path | None:
    """Their folder, or None where they are not here or not wanted.

    Args:
        wplus: "auto" is where they are here, "on" insists on them, "off" does without.

    Raises:
        MissingWeightError: they are damaged, or not here and insisted on.
    """
    if wplus == "off":
        return None
    folder, faults = records.folder_of(_E4E, home), records.problems(_E4E, home)
    if not faults:
        return folder
    if records.is_recorded(_E4E, home) or (folder / "e4e.safetensors").is_file():
        raise MissingWeightError(
            f"The W+ networks (StyleGAN2-FFHQ and e4e) are not whole: {faults[0]}",
            f"Fetch them again: {pull_command(base)}",
        )
    if wplus == "on":
        raise missing(base)
    return None


def missing(base: str, who: str = "") -> MissingWeightError:
    """What is raised where they are not at hand.

    Args:
        who: what cannot do without them, a command or an option.
    """
    subject = f"{who} needs the W+ networks" if who else "The W+ networks"
    them = f"{subject} (StyleGAN2-FFHQ and e4e)"
    if base == "mini":  # they are in the package
        return MissingWeightError(f"{them}; mini was opened without.", "Leave out: --wplus off")
    return MissingWeightError(
        f"{them}{', which' if who else ''} are not here. "
        f"Their licence ({_E4E.licence}) forbids commercial use.",
        f"If that is no hindrance, fetch them once: {pull_command(base)}",
    )


def pull_command(base: str) -> str:
    """The command that fetches them for a base; one that is in no table is here already."""
    return (
        f"pidiff models pull {base} --with wplus" if base in BASES else "pidiff models pull wplus"
    )
