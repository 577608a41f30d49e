"""What is asked for: words as weights, which of them are here, and whose licence was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pidiff_cli.stages.pull.plan import staging_of
from pidiff_cli.weights import locate, records
from pidiff_cli.weights.table import Weight, added_by, weights_of


def named(words: Sequence[str], extras: Sequence[str] = ()) -> tuple[Weight, ...]:
    """The weights behind these words, each once. Raises UsageError when one names nothing.

    Args:
        extras: words of `--with`, each one or several between commas.
    """
    found: dict[str, Weight] = {}
    for word in words:
        for weight in (from_hub(word),) if locate.is_hub_id(word) else weights_of(word):
            found[weight.name] = weight
    for extra in filter(None, (part.strip() for text in extras for part in text.split(","))):
        found |= {weight.name: weight for weight in added_by(extra, words)}
    return tuple(found.values())


def is_done(weight: Weight, home: Path) -> bool:
    """Whether a weight is here and no pull of it was cut short."""
    return records.is_here(weight, home) and not staging_of(weight, home / "models").exists()


def to_accept(weights: Sequence[Weight], home: Path) -> tuple[Weight, ...]:
    """Those whose licence a person has to accept and has not accepted here before."""
    return tuple(
        weight for weight in weights if weight.asks and _accepted(weight, home) != weight.licence
    )


def _accepted(weight: Weight, home: Path) -> str:
    entry = records.read_entries(records.folder_of(weight, home)).get(weight.name)
    return entry.licence if entry else ""


def from_hub(repo: str) -> Weight:
    """A weight that is in no table: a checkpoint's repository on the hub."""
    return Weight(
        repo,
        f"{repo}, a diffusers folder",
        f"draws; --base {repo}",
        0,
        f"the one on https://huggingface.co/{repo}",
        "unclear",
        "Read its page.",
        f"{locate.folder_of_repo(repo)}/diffusers",
        ("model_index.json",),
        repo=repo,
    )
