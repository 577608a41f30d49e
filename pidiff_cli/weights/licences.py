"""Licences: of a base's parts as they lie here, and what a commercial user may pull and use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.weights import records
from pidiff_cli.weights.bases import BASES, base_spec
from pidiff_cli.weights.locate import BaseParts
from pidiff_cli.weights.table import EXTRAS, WEIGHTS, added_by, weights_of
from pidiff_cli.weights.weight import Commercial, Weight

UNKNOWN = "not known"
SEVERAL = "; "  # between the licences of one part
_WORST: tuple[Commercial, ...] = ("no", "unclear", "yes")


@dataclass(frozen=True)
class CommercialUse:
    """What a commercial user may pull and use of a base.

    Attributes:
        plain: of what `models pull BASE` brings. extras: of what each `--with` adds.
        says: all of it in one line.
    """

    plain: Commercial
    extras: dict[str, Commercial]
    says: str


def licences_of(parts: BaseParts) -> dict[str, str]:
    """Part → licence of what a profile is made with: base, wplus, identity (the general branch)
    and faces (the face networks); parts that are not here, or not wanted, have no entry."""
    if parts.family == "mini":
        whole = {"base": True, "wplus": parts.wplus, "identity": parts.identity, "faces": True}
        return {part: base_spec("mini").licence for part, there in whole.items() if there}
    found = {"base": _of_base(parts)}
    if parts.wplus:
        found["wplus"] = _recorded(parts.wplus) or WEIGHTS["e4e"].licence
    if parts.identity:  # one that was trained here learnt from codes of the W+ networks
        found["identity"] = _recorded(parts.identity) or WEIGHTS["e4e"].licence
    if faces := _of_faces(parts.faces):
        found["faces"] = faces
    return found


def commercial_of(licences: Mapping[str, str]) -> Commercial:
    """Whether what was made with parts under these licences may be used commercially."""
    several = (one for text in licences.values() for one in text.split(SEVERAL))
    return _worst(map(_of_licence, several))


def commercial_use(base: str) -> CommercialUse:
    """What a commercial user may pull and use of a base of the table.

    Raises:
        UsageError: there is no such base.
    """
    spec = base_spec(base)
    if spec.embedded:
        return CommercialUse("yes", {}, f"yes ({spec.licence})")
    added = {extra: added_by(extra, [base]) for extra in EXTRAS}
    extras = {extra: _worst(w.commercial for w in weights) for extra, weights in added.items()}
    plain = _worst(weight.commercial for weight in weights_of(base))
    said = [f"{plain} ({spec.licence})"]
    said += [f"{extras[x]} with --with {x} ({_short(added[x])})" for x in EXTRAS]
    return CommercialUse(plain, extras, "; ".join(said))


def _of_base(parts: BaseParts) -> str:
    if parts.name in BASES:
        return base_spec(parts.name).licence
    return (_recorded(parts.diffusers) if parts.diffusers.is_dir() else "") or UNKNOWN


def _of_faces(folder: Path) -> str:
    """Of the published face networks that lie in a folder."""
    here = [
        weight.licence
        for weight in WEIGHTS.values()
        if weight.folder == "faces" and all((folder / name).is_file() for name in weight.makes)
    ]
    return SEVERAL.join(sorted({*here}))


def _recorded(folder: Path) -> str:
    """The licences under which what lies in a folder was pulled; "" where nothing is recorded."""
    entries = records.read_entries(folder).values()
    return SEVERAL.join(sorted({entry.licence for entry in entries}))


def _of_licence(name: str) -> Commercial:
    """A licence that stands for several weights counts as the worst of them, if it asks at all."""
    rows = [row for row in WEIGHTS.values() if row.licence == name]
    if not rows:
        return "unclear"
    return _worst(row.commercial for row in rows) if rows[0].asks else "yes"


def _worst(uses: Iterable[Commercial]) -> Commercial:
    found = {*uses}
    return next(use for use in _WORST if use in found) if found else "unclear"


def _short(weights: Iterable[Weight]) -> str:
    """Who forbids it, or what is the matter: "NVIDIA, S-Lab"."""
    return ", ".join(weight.licence.split()[0].strip(",") for weight in weights)
