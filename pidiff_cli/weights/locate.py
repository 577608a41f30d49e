"""Where things are: the home folder, and each base's weights. Nothing is fetched here."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.files import expanded, write_file
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json
from pidiff_cli.weights import records
from pidiff_cli.weights.bases import BASES, base_spec
from pidiff_cli.weights.caches import cached_snapshot
from pidiff_cli.weights.family import SINGLE_FILES, family_of
from pidiff_cli.weights.table import WEIGHTS, weights_of
from pidiff_cli.weights.wplus import find_wplus, missing

_PATHS = "paths.json"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
PACKAGE_WEIGHTS = Path(__file__).parent / "mini"
MINI_PARTS = (
    "diffusers/model_index.json",
    "diffusers/text_encoder/model.safetensors",
    "diffusers/unet/diffusion_pytorch_model.safetensors",
    "diffusers/vae/diffusion_pytorch_model.safetensors",
    "stylegan2.safetensors",
    "e4e.safetensors",
    "wplus.json",
    "faces/landmarks.safetensors",
    "faces/embedder.safetensors",
    "judge/clip.safetensors",
    "judge/embedder.safetensors",
    "identity/identity.json",
    "identity/wproj.safetensors",
    "identity/branch.safetensors",
)


def home_folder(given: str | Path | None = None) -> Path:
    """The home that is given, or `default_home`; it may not be there yet.

    Raises:
        InputError: it is a file, or nobody has a home folder here.
    """
    folder = expanded(given) if given else default_home()
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"The home {folder} is a file.", "Name a folder: --home DIR, or PIDIFF_HOME=DIR"
        )
    return folder


def default_home() -> Path:
    """`PIDIFF_HOME`, or the platform's user data folder.

    Raises:
        InputError: it lies in a home folder, and there is none (a container's user without HOME).
    """
    if chosen := os.environ.get("PIDIFF_HOME"):
        return expanded(chosen)
    import platformdirs

    try:
        folder = Path(platformdirs.user_data_dir("pidiff", appauthor=False))
    except RuntimeError:
        folder = Path("~")
    if not folder.is_absolute():  # earlier versions leave the `~` of somebody without a home
        raise InputError(
            "There is no home folder for you on this machine, to keep profiles and weights in.",
            "Say where: PIDIFF_HOME=DIR in the environment, or --home DIR",
        )
    return folder


@dataclass(frozen=True)
class BaseParts:
    """Where one base's weights lie.

    Attributes:
        name: as it was asked for: mini, sd15, sdxl, a path or a hub id.
        family: the row of the table of bases that it behaves like: mini, sd15 or sdxl.
        diffusers: a diffusers folder, or one .safetensors or .ckpt file.
        wplus: folder of stylegan2.safetensors, e4e.safetensors, wplus.json and, where there are
            any, directions/; None where the W+ networks are not here, or not wanted.
        faces: folder of the face networks; may be missing.
        identity: folder of identity.json, wproj.safetensors and branch.safetensors; None where
            no general branch is here (with W+ it then starts from the text keys and values), or
            W+ is not wanted. Without ``wplus`` it draws who was tuned with it, and reads nobody.
        judge: folder of the image-text judge, or None.
    """

    name: str
    family: str
    diffusers: Path
    wplus: Path | None
    faces: Path
    identity: Path | None
    judge: Path | None

    @property
    def has_branch(self) -> bool:
        """Whether the base is opened with the branch that reads W+ codes."""
        return self.wplus is not None or self.identity is not None

    def need_wplus(self, who: str) -> Path:
        """The W+ networks' folder, for ``who``, a command or an option.

        Raises:
            MissingWeightError: they are not here; says how to fetch them, and their licence.
        """
        if self.wplus is None:
            raise missing(self.name, who)
        return self.wplus


def base_parts(name: str, home: Path, wplus: str = "auto") -> BaseParts:
    """Find a base: mini, sd15, sdxl, a path (diffusers folder or single file), or a hub id.

    Args:
        wplus: whether with the W+ networks and the general branch: "auto" is with what is here,
            "on" insists on the networks, "off" is without both.

    Raises:
        UsageError: the name is none of these.
        InputError: a path that holds something else; says what it probably is.
        MissingWeightError: its weights are not on this machine, or damaged; says how to fetch them.
    """
    if name == "mini":
        parts = _mini_parts()
        return replace(parts, wplus=None, identity=None) if wplus == "off" else parts
    diffusers = find_diffusers(name, home)
    family = name if name in BASES else family_of(diffusers)
    models = home / "models"
    identity = models / family / "identity"
    branch = wplus != "off" and (identity / "identity.json").is_file()
    return BaseParts(
        name=name,
        family=family,
        diffusers=diffusers,
        wplus=find_wplus(name, home, wplus),
        faces=models / "faces",
        identity=identity if branch else None,
        judge=None,
    )


def _mini_parts() -> BaseParts:
    if not is_ready("mini", Path()):
        raise MissingWeightError(
            "The weights of mini are missing from the installation.",
            "Install it again: pip install --force-reinstall pidiff-cli",
        )
    root = PACKAGE_WEIGHTS
    return BaseParts(
        "mini", "mini", root / "diffusers", root, root / "faces", root / "identity", root / "judge"
    )


def find_diffusers(name: str, home: Path) -> Path:
    """The diffusers folder or single file behind a name."""
    if name in BASES:
        folder = home / "models" / name / "diffusers"
        faults = records.problems(WEIGHTS[f"{name}-base"], home)
        if not faults:
            return folder
        if folder.is_dir():
            raise MissingWeightError(
                f"The weights of {name} are not whole: {faults[0]}",
                f"Fetch them again: pidiff models pull {name}",
            )
        megabytes = sum(weight.mb for weight in weights_of(name))
        raise MissingWeightError(
            f"The weights of {name} are not on this machine ({megabytes / 1000:.1f} GB to fetch).",
            f"Fetch them once: pidiff models pull {name}",
        )
    path = expanded(name)
    if path.exists():
        return path
    if known := _paths(home).get(name):
        if Path(known).exists():
            return Path(known)
        raise InputError(f"{name} is not at {known} any more.", "Give its path: --base PATH")
    if not _HUB_ID.fullmatch(name):
        if path.suffix in SINGLE_FILES or len(path.parts) > 1:
            raise InputError(f"{name} is not there.", "Give its path: --base PATH")
        base_spec(name)  # lists the known ones
    folder = home / "models" / folder_of_repo(name) / "diffusers"
    found = folder if (folder / "model_index.json").is_file() else cached_snapshot(name)
    if found is None:
        raise MissingWeightError(
            f"{name} is not on this machine.", f"Fetch it once: pidiff models pull {name}"
        )
    return found


def is_hub_id(name: str) -> bool:
    """Whether a word looks like `owner/name` and is no path on this machine."""
    return bool(_HUB_ID.fullmatch(name)) and not Path(name).exists()


def folder_of_repo(repo: str) -> str:
    """The folder under models/ of a repository that is in no table."""
    return repo.replace("/", "--")


def is_ready(name: str, home: Path) -> bool:
    """Whether a base of the table can be used now."""
    if base_spec(name).embedded:
        return (PACKAGE_WEIGHTS / "diffusers/model_index.json").is_file()
    try:
        base_parts(name, home)
    except MissingWeightError:
        return False
    return True


def base_name(name: str, home: Path) -> str:
    """The base behind a setting; without a look at the GPU, `auto` is mini (see `weights.auto`).

    A path becomes a short name, which this home remembers: a profile names no paths.
    """
    if name == "auto":
        return "mini"
    path = expanded(name)
    if name in BASES or not path.exists():
        return name
    absolute = path.resolve()
    known = _paths(home)
    label = _label(absolute, known)
    if known.get(label) != str(absolute):
        text = json.dumps(known | {label: str(absolute)}, indent=1, ensure_ascii=False) + "\n"
        write_file(home / "models" / _PATHS, text.encode())
    return label


def recorded_base(name: str, home: Path) -> str:
    """The base that a picture's record or a profile names, as `base_parts` takes it.

    A stranger may have written the name: it is one of the table, one that this home remembers, or a
    hub id, and no path that is looked at for it.

    Raises:
        InputError: it is none of these.
    """
    known = _paths(home)
    if name in ("", "auto", *BASES):
        return name
    if name in known:
        return known[name]
    if name in known.values() or is_hub_id(name):
        return name
    raise InputError(
        f"The base {name} is not known here.", "Give its path: --base PATH (again: --set base=PATH)"
    )


def _label(path: Path, known: dict[str, str]) -> str:
    """A short name for a checkpoint's path that no other path has here."""
    for label, other in known.items():
        if other == str(path):
            return label
    name = f"{path.parent.name}-{path.name}" if path.name == "diffusers" else path.name
    if name in ("", "auto", *BASES):
        name = f"{name}-folder"
    label, number = name, 1
    while label in known and Path(known[label]).exists():
        number += 1
        label = f"{name}-{number}"
    return label


def known_labels(home: Path) -> tuple[str, ...]:
    """The short names of the checkpoints that this home remembers."""
    return tuple(_paths(home))


def _paths(home: Path) -> dict[str, str]:
    """Checkpoints that were given by path: their paths by their short names."""
    try:
        return read_json(home / "models" / _PATHS, dict[str, str])
    except Refused:
        return {}


def fingerprint(folder: Path) -> str:
    """A sha256 over the names and contents of a folder's files, or of a file (16 hex digits)."""
    digest = hashlib.sha256()
    if folder.is_file():
        with folder.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        return digest.hexdigest()[:16]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def verify_embedded() -> list[str]:
    """What is missing or damaged in mini's weights, one sentence each; empty when all is well."""
    from safetensors import SafetensorError, safe_open

    folder = _mini_parts().diffusers.parent
    found = [f"{part} is missing." for part in MINI_PARTS if not (folder / part).is_file()]
    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="numpy") as file:
                file.keys()
        except (SafetensorError, OSError):
            found.append(f"{path.relative_to(folder).as_posix()} is damaged.")
    return found
