"""Which devices a machine can have, told without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pidiff_cli.core import device
from pidiff_cli.core.device import check_device, free_gpu_mb, may_have_cuda, pick_device
from pidiff_cli.errors import UsageError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No driver, and nothing hidden from it."""
    monkeypatch.setattr(device, "_NODES", ())
    monkeypatch.setattr(device, "_LIBRARIES", ("libnothing.so.9",))
    for key in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        monkeypatch.delenv(key, raising=False)


def test_without_a_driver() -> None:
    assert not may_have_cuda() and free_gpu_mb() is None
    with pytest.raises(UsageError, match="There is no CUDA GPU here"):
        check_device("cuda")
    for name in ("auto", "cpu"):
        check_device(name)
        assert pick_device(name)[0].type == "cpu"


def test_a_node_or_the_library_is_a_driver(monkeypatch, tmp_path: Path) -> None:
    node = tmp_path / "nvidia0"
    monkeypatch.setattr(device, "_NODES", (str(node),))
    assert not may_have_cuda()
    node.touch()
    assert may_have_cuda()
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not may_have_cuda()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(device, "_NODES", ())
    monkeypatch.setattr(device, "_loads", lambda library: True)
    assert may_have_cuda()


def test_torch_has_the_last_word(monkeypatch) -> None:
    monkeypatch.setattr(device, "may_have_cuda", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    check_device("cuda")
    with pytest.raises(UsageError, match="that torch can use"):
        pick_device("cuda")
    assert free_gpu_mb() is None


@pytest.mark.parametrize(
    ("platform", "machine", "there"),
    [("linux", "x86_64", False), ("darwin", "x86_64", False), ("darwin", "arm64", True)],
)
def test_apples(monkeypatch, platform: str, machine: str, there: bool) -> None:
    monkeypatch.setattr(device.sys, "platform", platform)
    monkeypatch.setattr(device.platform, "machine", lambda: machine)
    if there:
        check_device("mps")
    else:
        with pytest.raises(UsageError, match="Apple GPU"):
            check_device("mps")


def test_asking_imports_no_torch() -> None:
    code = (
        "import sys\nfrom pidiff_cli.core.device import may_have_cuda\nmay_have_cuda()\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout == "False\n", done.stderr
