"""Edit directions in W+ space, read from the public formats; a folder of them is `--edit`'s list.

* InterfaceGAN: one tensor (1, D) or (1, L, D) in a `.pt`, or an array in a `.npy`.
* latent directions: `.npy` (L, D), float64 as published.
* GANSpace: a PCA of w, `mean`, `comp`, `std` in a `.pt` or the `.npz` of its own program, with a
  tab-separated table of named edits beside it (name, component, first row, past-last row,
  strength); without a table the components are called `pc0`, `pc1`, ….

Pickles (`.pt`, `.pth`, `.pkl`) are converted once, without running anything in them, to a
`.safetensors` beside them, and that is read from then on.
"""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.tensors import pickles
from pidiff_cli.core.tensors.load import write_tensors
from pidiff_cli.core.wplus import editing
from pidiff_cli.errors import InputError, UsageError

UNPACKED = 200_000_000  # bytes; 512 components of 18 x 512 in float64 have 40 MB
PICKLED = (".pt", ".pth", ".pkl")
READ = (".safetensors", ".npy", ".npz")
# Names that GANSpace's own .npz uses, and what they are called in its .pt.
_NPZ = (("lat_mean", "lat_comp", "lat_stdev"), ("act_mean", "act_comp", "act_stdev"))


@dataclass(frozen=True)
class Direction:
    """One named edit.

    Attributes:
        shift: (1, D) or (L, D) float32; what an amount of 1 adds.
        rows: the [first, past-last) rows that move; all of them if None.
        pca: of a GANSpace edit (mean (1, D), component (1, D), deviation (1,)): it brings the
            code's coordinate to a target, `strength` times the amount.
    """

    name: str
    shift: Tensor
    rows: tuple[int, int] | None = None
    pca: tuple[Tensor, Tensor, Tensor] | None = None
    strength: float = 1.0

    def apply(self, w: Tensor, amount: float) -> Tensor:
        """W+ codes (L, D) or (B, L, D) moved by an amount; 0 leaves them as they are."""
        if amount == 0:
            return w
        if self.pca is None:
            return editing.add_direction(w, self.shift, amount, self.rows)
        mean, component, deviation = (part.to(w) for part in self.pca)
        first, last = self.rows or (0, w.shape[-2])
        step = editing.GanSpaceEdit(0, first, last, self.strength * amount)
        codes = w.reshape(-1, *w.shape[-2:])
        delta = editing.ganspace_delta(codes, mean, component, deviation, step)
        return w + delta.reshape(w.shape)


def load_directions(folder: Path | str, rows: int = 18, dim: int = 512) -> dict[str, Direction]:
    """Every direction in a folder, by its name; empty where there is no folder.

    Args:
        rows, dim: L and D of the codes they are for.

    Raises:
        InputError: a file that is no direction, of another shape, or two of one name.
    """
    folder = Path(folder)
    found: dict[str, tuple[Direction, str]] = {}
    for path in _sources(folder):
        for direction in _read(path, rows, dim):
            if direction.name in found:
                raise InputError(
                    f"Two files give the direction {direction.name!r}: "
                    f"{found[direction.name][1]} and {path.name}.",
                    f"Rename or remove one of them in {folder}.",
                )
            found[direction.name] = direction, path.name
    return {name: direction for name, (direction, _) in sorted(found.items())}


def apply_edits(
    w: Tensor, edits: Sequence[tuple[str, float]], directions: Mapping[str, Direction]
) -> Tensor:
    """A code (L, D) or (B, L, D) after one (name, amount) after another.

    Raises:
        UsageError: no such direction; lists the known ones.
    """
    for name, amount in edits:
        if name not in directions:
            near = difflib.get_close_matches(name, directions, n=3)
            known = near or list(directions)[:12]
            more = ", …" if not near and len(directions) > 12 else ""
            hint = f"{'Near it' if near else 'Known'}: {', '.join(known)}{more}"
            if not directions:
                hint = "This base has none: put InterfaceGAN .pt or .npy files into its directions/"
            raise UsageError(f"There is no edit called {name!r}.", hint)
        w = directions[name].apply(w, amount)
    return w


def _sources(folder: Path) -> Iterator[Path]:
    """The files to read: pickles by the safetensors made from them."""
    if not folder.is_dir():
        return
    files = {p.name: p for p in sorted(folder.iterdir()) if not p.name.startswith(".")}
    for path in files.values():
        made = path.with_suffix(".safetensors")
        if path.suffix in PICKLED:
            if not made.is_file() or made.stat().st_mtime < path.stat().st_mtime:
                convert_pickle(path, made)
            if made.name not in files:
                yield made
        elif path.suffix in READ:
            yield path


def convert_pickle(path: Path, made: Path) -> None:
    """A pickled direction or PCA (`.pt`, `.pth`, `.pkl`) -> safetensors, nothing run.

    Raises:
        InputError: damaged, with code in it, or no direction.
    """
    plain = path.suffix == ".pkl" and not zipfile.is_zipfile(path)
    value = pickles.read_arrays(path) if plain else pickles.read_pickle(path)
    write_tensors(made, _tensors(value, path))


def _tensors(value: Any, path: Path) -> dict[str, Tensor]:
    """What a file holds as float32 tensors: one direction, a list of them, or a PCA."""
    if isinstance(value, Mapping):
        named = {str(k): v for k, v in value.items() if isinstance(v, (Tensor, np.ndarray))}
        if {"mean", "comp", "std"} <= named.keys():
            return {key: _float(named[key]) for key in ("mean", "comp", "std")}
        for names in _NPZ:
            if set(names) <= named.keys():
                found = zip(("mean", "comp", "std"), names, strict=True)
                return {key: _float(named[name]) for key, name in found}
        if len(named) == 1 and len(value) == 1:
            return {"direction": _float(next(iter(named.values())))}
    elif isinstance(value, (list, tuple)) and value:
        if all(isinstance(one, (Tensor, np.ndarray)) for one in value):
            return {f"direction_{i + 1:02d}": _float(one) for i, one in enumerate(value)}
    elif isinstance(value, (Tensor, np.ndarray)):
        return {"direction": _float(value)}
    guess = pickles.what_it_is(value)
    raise InputError(
        f"{path.name} is no edit direction{f': it looks like {guess}' if guess else ''}.",
        "A direction is one tensor (1, 512) or (18, 512), or a GANSpace PCA.",
    )


def _read(path: Path, rows: int, dim: int) -> list[Direction]:
    """The directions of one file of a format without code."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            value: Any = load_file(path)
        elif path.suffix == ".npz":
            _check_packed(path)
            with np.load(path, allow_pickle=False) as file:
                value = {name: file[name] for name in file.files}
        else:
            value = np.load(path, allow_pickle=False)
    except Exception as error:
        raise InputError(f"{path.name} is damaged, or no direction: {error}.", "") from error
    lists = isinstance(value, Mapping) and any(k.startswith("direction_") for k in value)
    tensors = {k: _float(v) for k, v in value.items()} if lists else _tensors(value, path)
    if "comp" in tensors:
        return _ganspace(tensors, path, rows, dim)
    stem = _name(path.stem)
    return [
        Direction(
            stem if key == "direction" else f"{stem}_{key.removeprefix('direction_')}",
            _checked(tensor, path, rows, dim),
        )
        for key, tensor in tensors.items()
    ]


def _check_packed(path: Path) -> None:
    """Raise InputError for an `.npz` that unpacks to more than a PCA of W+ has."""
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > UNPACKED:
        raise InputError(f"{path.name} unpacks to {size / 1e6:.0f} MB.", "Take another file.")


def _checked(value: Tensor, path: Path, rows: int, dim: int) -> Tensor:
    """(1, D) or (L, D), from those and with leading ones; InputError says what was expected."""
    flat = value.reshape(-1, value.shape[-1]) if value.ndim else value
    if flat.ndim != 2 or flat.shape[1] != dim or flat.shape[0] not in (1, rows):
        raise InputError(
            f"{path.name} is {tuple(value.shape)}; a direction for this base is (1, {dim}) or "
            f"({rows}, {dim}).",
            "Take a direction made for this base's generator.",
        )
    if not torch.isfinite(flat).all():
        raise InputError(f"{path.name} has values that are not numbers.", "")
    return flat


def _ganspace(parts: dict[str, Tensor], path: Path, rows: int, dim: int) -> list[Direction]:
    """The named edits of the table beside a PCA, or its plain components."""
    comp, std = parts["comp"].reshape(-1, parts["comp"].shape[-1]), parts["std"].flatten()
    mean = parts["mean"].reshape(1, -1)
    if comp.shape[1] != dim or mean.shape[1] != dim or len(std) != len(comp):
        raise InputError(
            f"{path.name} is a PCA of {len(comp)} components of {comp.shape[1]}; this base needs "
            f"components of {dim}.",
            "Take a PCA made for this base's generator.",
        )
    made = []
    for name, index, first, last, strength in _table(path, len(comp), rows):
        part = comp[index : index + 1]  # (1, D)
        pca = mean, part, std[index : index + 1]
        made.append(Direction(name, part * std[index], (first, last), pca, strength))
    return made


def _table(path: Path, count: int, rows: int) -> list[tuple[str, int, int, int, float]]:
    """Name, component, rows and strength of each edit."""
    tables = sorted(path.parent.glob("*.csv"))
    if not tables:
        return [(f"pc{i}", i, 0, rows, 1.0) for i in range(count)]
    found = []
    for number, line in enumerate(tables[0].read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            name, index, first, last, strength = line.split("\t")
            row = _name(name), int(index), int(first), min(int(last), rows), float(strength)
        except ValueError:
            row = "", -1, 0, 0, 0.0
        if not (0 <= row[1] < count and 0 <= row[2] < row[3]):
            raise InputError(
                f"Line {number} of {tables[0].name} is no GANSpace edit: {line.strip()[:60]!r}.",
                "A line is name, component, first row, past-last row, strength, tabs between.",
            )
        found.append(row)
    return found


def _float(value: Tensor | np.ndarray) -> Tensor:
    tensor = value if isinstance(value, Tensor) else torch.from_numpy(np.ascontiguousarray(value))
    return tensor.detach().float()  # .npy directions are float64: a code must not become that


def _name(text: str) -> str:
    return "_".join(text.strip().lower().split())
