"""Settings of networks come with their weights: what is none of ours is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pidiff_cli.core.faces.graph import KEY, open_graph
from pidiff_cli.core.faces.nets import FaceEmbedder, load_net, save_net
from pidiff_cli.core.metrics.judge import load_judge
from pidiff_cli.core.tensors.load import write_tensors
from pidiff_cli.core.wplus.seeker import FILE, load_seeker
from pidiff_cli.errors import InputError

WRONG = (
    "", "no JSON", "[" * 100_000, '{"a":' * 50_000, "[1]", '{"a": 1, "a": 2}', '{"widths": 1}',
    "9" * 5000, '{"names": 5, "steps": 5}',
)  # fmt: skip


def net(folder: Path, text: str) -> Any:
    save_net(FaceEmbedder(), folder / "embedder")
    (folder / "embedder.json").write_text(text)
    return load_net(FaceEmbedder, folder / "embedder")


def judge(folder: Path, text: str) -> Any:
    for name in ("clip", "embedder"):
        write_tensors(folder / f"{name}.safetensors", {"x": torch.zeros(1)}, {})
        (folder / f"{name}.json").write_text(text)
    return load_judge(folder)


def seeker(folder: Path, text: str) -> Any:
    write_tensors(folder / FILE, {"x": torch.zeros(1)}, {"names": text})
    return load_seeker(folder)


def graph(folder: Path, text: str) -> Any:
    write_tensors(folder / "net.safetensors", {"x": torch.zeros(1)}, {KEY: text})
    return open_graph(folder / "net.safetensors")


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("load", [net, judge, seeker, graph])
def test_what_is_none_of_ours_is_refused(
    load: Callable[[Path, str], Any], text: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert len(caught.value.message) < 400 and "\n" not in caught.value.message


def test_a_net_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_net(FaceEmbedder, tmp_path / "embedder")
