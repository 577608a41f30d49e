"""The names of W+ edits, read without torch: those of mini, and of a folder of directions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pidiff_cli.errors import UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json
from pidiff_cli.weights.family import read_header
from pidiff_cli.weights.known import Known, known_of
from pidiff_cli.weights.locate import BaseParts

SHORT = {"smile": "mood_corner", "turn": "yaw", "nod": "pitch", "tilt": "roll"}
"""Names that earlier versions had beside the factors' own; records hold them."""


def check_edits(names: Iterable[str], parts: BaseParts, recorded: bool = False) -> None:
    """Raise UsageError for a name that the base has no edit of, or one that shows nothing.

    Where the names cannot be told without opening a pickle, nothing is said.

    Args:
        recorded: they are of an earlier picture, whose version may have had more.
    """
    if parts.wplus is None:
        return
    if (listed := known_of(parts.family)) is not None and not recorded:
        for name in names:
            check_listed(name, listed, parts.name)
        return
    if parts.family == "mini":
        known = factor_names(parts.wplus)
        for name in names if known else ():
            full_name(name, known)
        return
    published = direction_names(parts.wplus / "directions")
    for name in names:
        if published is not None and name not in published:
            raise unknown_edit(name, published)


def check_listed(name: str, known: Known, base: str) -> None:
    """Raise UsageError unless the edit is one of those that show; says what to do instead."""
    names = [edit.name for edit in known.edits]
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=3)
    first = f"Near it: {', '.join(near)}. " if near else ""
    told = f"{first}There are {', '.join(names)}; what each does: pidiff words"
    if name in known.gone:
        raise UsageError(f"The edit {name} shows nothing on {base}: {known.gone[name]}.", told)
    raise UsageError(f"There is no edit called {name!r}.", told)


def edit_names(parts: BaseParts) -> tuple[str, ...]:
    """What `--edit` takes on a base, as far as it can be told."""
    if parts.wplus is None:
        return ()
    if (listed := known_of(parts.family)) is not None:
        return tuple(edit.name for edit in listed.edits)
    return direction_names(parts.wplus / "directions") or ()


def known_edits(profile: Profile, parts: BaseParts) -> dict[str, str]:
    """The edits of a person on a base, with what each does in words; none where nothing is known
    of the person that they could move."""
    if not profile.has_code() or profile.manifest.base.get("wplus") == "off":
        return {}
    if parts.wplus is not None and (listed := known_of(parts.family)) is not None:
        return {e.name: f"{e.does}; less: {e.less}" if e.less else e.does for e in listed.edits}
    return dict.fromkeys(edit_names(parts), "")


def factor_names(folder: Path) -> tuple[str, ...]:
    """What mini's directions are called, in their order, as its weights say; empty without them."""
    try:
        sizes = read_json(folder / "wplus.json", dict[str, Any])
    except Refused:
        return ()
    return tuple(sizes.get("factors", ()))


def full_name(name: str, names: tuple[str, ...]) -> str:
    """The factor behind a name. Raises UsageError that names near ones."""
    full = SHORT.get(name, name)
    if full not in names:
        raise unknown_edit(name, (*SHORT, *names))
    return full


def unknown_edit(name: str, names: Iterable[str]) -> UsageError:
    """What is told of a name that is no edit."""
    names = tuple(names)
    near = difflib.get_close_matches(name, names, n=3)
    hint = f"{'Near it' if near else 'For example'}: {', '.join(near or names[:8])}"
    if not names:
        hint = "This base has none: put InterfaceGAN .pt or .npy files into its directions/"
    return UsageError(f"There is no edit called {name!r}.", hint)


def direction_names(folder: Path) -> tuple[str, ...] | None:
    """The edits that a folder of directions gives, by its files' names; None where they do not say.

    As `core.wplus.directions` names them: a file is one direction, or a PCA whose table is beside
    it.
    """
    files = [p for p in sorted(folder.glob("*")) if not p.name.startswith(".")]
    found: list[str] = []
    for path in files:
        if path.suffix == ".npy":
            found.append(_word(path.stem))
        elif path.suffix == ".safetensors":
            keys = read_header(path)
            if len(keys) == 1:
                found.append(_word(path.stem))
            elif "comp" in keys and any(folder.glob("*.csv")):
                found += _table_names(folder)
            else:
                return None
        elif path.suffix in (".npz", ".pt", ".pth", ".pkl"):
            if path.suffix == ".npz" or not path.with_suffix(".safetensors").is_file():
                return None
    return tuple(found)


def _table_names(folder: Path) -> list[str]:
    table = sorted(folder.glob("*.csv"))[0]
    lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    return [_word(line.partition("\t")[0]) for line in lines if line.strip()]


def _word(text: str) -> str:
    return "_".join(text.strip().lower().split())
