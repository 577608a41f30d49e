"""Where things are: the home folder, and each base's weights. Nothing is fetched here yet."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pidiff_cli.basemodels import BASES, base_spec
from pidiff_cli.errors import MissingWeightError

PACKAGE_WEIGHTS = Path(__file__).parent / "mini" / "weights"
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


def default_home() -> Path:
    """`PIDIFF_HOME`, or the platform's user data folder."""
    if chosen := os.environ.get("PIDIFF_HOME"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("pidiff", appauthor=False))


def base_folder(name: str, home: Path) -> Path:
    """The folder of a base's weights.

    Raises:
        UsageError: no such base.
        MissingWeightError: its weights are not on this machine.
    """
    spec = base_spec(name)
    folder = PACKAGE_WEIGHTS if spec.embedded else home / "models" / name
    if is_ready(name, home):
        return folder
    if spec.embedded:
        raise MissingWeightError(
            f"The weights of {name} are missing from the installation.",
            "Install it again: pip install --force-reinstall pidiff-cli",
        )
    raise MissingWeightError(
        f"The weights of {name} are not on this machine ({spec.download_mb / 1000:.1f} GB to "
        "fetch), and this version of pidiff cannot draw with them yet.",
        "A later version fetches them with: pidiff models pull "
        f"{name}. Today: --base mini draws portraits without any download.",
    )


def is_ready(name: str, home: Path) -> bool:
    """Whether a base can be used now. Only `mini` can be in this version."""
    return base_spec(name).embedded and (PACKAGE_WEIGHTS / "diffusers/model_index.json").is_file()


def choose_base(name: str, home: Path) -> str:
    """The base behind `--base`; `auto` is the best one that is ready, else `mini`."""
    if name != "auto":
        base_spec(name)
        return name
    ready = [
        spec.name for spec in BASES.values() if not spec.embedded and is_ready(spec.name, home)
    ]
    return ready[0] if ready else "mini"


def mini_part(relative: str) -> Path:
    """A file or folder of the embedded weights. Raises MissingWeightError when it is not there."""
    path = PACKAGE_WEIGHTS / relative
    if not path.exists():
        raise MissingWeightError(
            f"{relative} is missing from the embedded weights.",
            "Install it again: pip install --force-reinstall pidiff-cli",
        )
    return path


def fingerprint(folder: Path) -> str:
    """A sha256 over the names and contents of a folder's files (16 hex digits)."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def verify(name: str, home: Path) -> list[str]:
    """What is missing or damaged in a base's weights, one sentence each; empty when all is well.

    Raises:
        MissingWeightError: there is nothing to verify.
    """
    from safetensors import SafetensorError, safe_open

    folder = base_folder(name, home)
    found = [f"{part} is missing." for part in MINI_PARTS if not (folder / part).is_file()]
    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="numpy") as file:
                file.keys()
        except (SafetensorError, OSError):
            found.append(f"{path.relative_to(folder).as_posix()} is damaged.")
    return found
