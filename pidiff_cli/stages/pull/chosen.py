"""Which files of a diffusers repository or folder make a base: no pickles, one precision."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pidiff_cli.errors import InputError
from pidiff_cli.values import shown

_FOLDERS = (
    "scheduler", "tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2", "unet", "vae",
)  # fmt: skip
_WEIGHTS = re.compile(
    r"(?P<stem>[^/]+/(?:model|diffusion_pytorch_model))(?P<variant>\.fp16|\.bf16)?"
    r"(?:-\d{5}-of-(?P<shards>\d{5}))?\.safetensors"
)
_VARIANTS = (".fp16", ".bf16", "")  # the first that is whole is taken
_INDEX = ".safetensors.index"


def chosen_files(names: list[str], where: str) -> dict[str, str]:
    """The names to store, each with its name in the repository or folder `where`.

    Raises:
        InputError: it is no diffusers model, or has its weights as pickles only.
    """
    if "model_index.json" not in names:
        raise InputError(
            f"{where} is no diffusers folder.",
            "If it has a single .safetensors file: download that, then --base FILE",
        )
    found: dict[str, str] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
            raise InputError(f"{where} names a file outside of itself: {shown(name)}.")
        inside = path.parent.as_posix() in _FOLDERS and _INDEX not in name
        if name == "model_index.json" or (inside and path.suffix in (".json", ".txt")):
            found[name] = name
    found |= _chosen_weights(names)
    for folder in ("unet", "vae", "text_encoder"):
        if not any(n.startswith(folder + "/") and n.endswith(".safetensors") for n in found):
            raise InputError(
                f"{where} has no whole .safetensors weights of its {folder}.",
                "pidiff reads no pickles; take a repository that has safetensors.",
            )
    return found


def _chosen_weights(names: list[str]) -> dict[str, str]:
    """Of every network's weight files one precision: the names to store, each with its own."""
    kinds: dict[str, dict[str, list[tuple[str, int]]]] = {}
    for name in sorted(names):
        match = _WEIGHTS.fullmatch(name)
        if match and name.partition("/")[0] in _FOLDERS:
            variants = kinds.setdefault(match["stem"], {})
            variants.setdefault(match["variant"] or "", []).append(
                (name, int(match["shards"] or 0))
            )
    found: dict[str, str] = {}
    for stem, variants in kinds.items():
        for variant in _VARIANTS:
            files = variants.get(variant, [])
            index = f"{stem}{_INDEX}{variant}.json"
            whole = [name for name, count in files if not count]
            shards = [name for name, count in files if count]
            if whole:
                found[f"{stem}.safetensors"] = whole[0]
            elif index in names and len(shards) == max((count for _, count in files), default=-1):
                found |= {f"{stem}{_INDEX}.json": index, **{name: name for name in shards}}
            else:
                continue
            break
    return found
