"""Mixing, directions, robust means, refinement, strict loading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pidiff_cli.core.wplus import editing, inversion, weights
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.stylegan2 import Generator
from pidiff_cli.errors import InputError, MissingWeightError, UsageError


def test_mix_takes_whole_groups_exactly() -> None:
    a, b = torch.randn(12, 5), torch.randn(12, 5)
    mixed = editing.mix(a, b, ["medium"])
    assert torch.equal(mixed[4:8], b[4:8])
    assert torch.equal(mixed[:4], a[:4]) and torch.equal(mixed[8:], a[8:])
    assert torch.equal(editing.mix(a, b, editing.GROUPS), b)
    assert torch.equal(editing.mix(a, b, editing.GROUPS, 0), a)


def test_mix_amounts_multiply() -> None:
    a, b = torch.zeros(18, 2), torch.ones(18, 2)
    mixed = editing.mix(a, b, {"coarse": 0.5, "fine": 1.0}, 0.5)
    assert torch.allclose(mixed[:4], torch.tensor(0.25))
    assert torch.equal(mixed[4:8], a[4:8])
    assert torch.allclose(mixed[8:], torch.tensor(0.5))


def test_mix_refuses_nonsense() -> None:
    a = torch.zeros(12, 5)
    with pytest.raises(UsageError, match="rough"):
        editing.mix(a, a, ["rough"])
    with pytest.raises(UsageError, match="amount"):
        editing.mix(a, a, ["fine"], 1.5)
    with pytest.raises(UsageError, match="cannot be mixed"):
        editing.mix(a, torch.zeros(18, 5), ["fine"])


def test_directions_keep_float32_and_their_rows() -> None:
    w = torch.zeros(1, 12, 5)
    moved = editing.add_direction(w, torch.ones(12, 5, dtype=torch.float64), 2.0, (0, 8))
    assert moved.dtype == torch.float32
    assert torch.equal(moved[:, :8], torch.full((1, 8, 5), 2.0))
    assert not moved[:, 8:].any()
    with pytest.raises(InputError, match="rows"):
        editing.add_direction(w, torch.ones(18, 5), 1.0)


def test_ganspace_edit_twice_is_once() -> None:
    torch.manual_seed(0)
    w, basis = torch.randn(2, 12, 6), torch.linalg.qr(torch.randn(6, 6))[0]
    edit = editing.GanSpaceEdit(2, 0, 4, 1.5)
    mean, deviations = torch.randn(1, 6), torch.rand(6) + 0.5
    once = w + editing.ganspace_delta(w, mean, basis, deviations, edit)
    again = editing.ganspace_delta(once, mean, basis, deviations, edit)
    assert again.abs().max() < 1e-5


def test_robust_mean_leaves_the_stranger_out() -> None:
    torch.manual_seed(0)
    own = torch.randn(1, 12, 5) + 0.1 * torch.randn(6, 12, 5)
    codes = torch.cat([own, torch.randn(1, 12, 5) * 3])
    mean, used = inversion.robust_mean(codes)
    assert used[-1] == 0
    assert abs(float(used.sum()) - 1) < 1e-5
    assert torch.allclose(mean, own.mean(0), atol=0.1)


def test_robust_mean_of_few() -> None:
    codes = torch.randn(2, 3, 4)
    mean, used = inversion.robust_mean(codes, torch.tensor([3.0, 1.0]))
    assert torch.allclose(mean, 0.75 * codes[0] + 0.25 * codes[1], atol=1e-6)
    assert torch.allclose(used, torch.tensor([0.75, 0.25]))
    single, _ = inversion.robust_mean(codes[:1], [0.0])
    assert torch.allclose(single, codes[0])
    same, _ = inversion.robust_mean(codes[:1].repeat(4, 1, 1))
    assert torch.allclose(same, codes[0], atol=1e-6)


def test_refine_lowers_the_error_and_stays_near() -> None:
    torch.manual_seed(0)
    net = Generator(16, 6, 2, {4: 8, 8: 8, 16: 8}).eval()
    true = torch.randn(1, net.rows, 6)
    faces = net.synthesise(true).detach()
    start = true + 0.3 * torch.randn_like(true)
    done = inversion.refine(net, start, faces, steps=30, rate=0.05)
    assert done.error_after < done.error_before
    assert done.moved < 1
    assert all(p.requires_grad for p in net.parameters())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    channels = {4: 16, 8: 16, 16: 8}
    encoder = {"side": 32, "widths": [16] * 4, "units": [1] * 4, "coarse": 2, "middle": 4}
    sizes = {"size": 16, "style_dim": 6, "n_mlp": 2, "rows": 6, "channels": channels}
    (tmp_path / "wplus.json").write_text(json.dumps({**sizes, "encoder": encoder}))
    state = {f"g_ema.{k}": v for k, v in Generator(16, 6, 2, channels).state_dict().items()}
    state["latent_avg"] = torch.randn(6)
    save_file({k: v.half() for k, v in state.items()}, tmp_path / "stylegan2.safetensors")
    net = Encoder(6, 6, **encoder)
    save_file(
        {f"encoder.{k}": v for k, v in net.state_dict().items()}, tmp_path / "e4e.safetensors"
    )
    return tmp_path


def test_loading_and_inverting(folder: Path) -> None:
    net, mean = weights.load_generator(folder)
    encoder = weights.load_encoder(folder)
    assert mean.shape == (6, 6) and mean.dtype == torch.float32
    codes = inversion.invert(encoder, mean, torch.randn(3, 3, 32, 32), batch=2)
    assert net.synthesise(codes).shape == (3, 3, 16, 16)


def test_loading_is_strict_and_readable(folder: Path) -> None:
    from safetensors.torch import load_file

    path = folder / "e4e.safetensors"
    state = load_file(path)
    state["encoder.extra"] = state.pop("encoder.latlayer1.bias")
    save_file(state, path)
    with pytest.raises(InputError, match="latlayer1.bias is missing; extra is not"):
        weights.load_encoder(folder)
    path.write_bytes(b"not a file of tensors")
    with pytest.raises(InputError, match="damaged"):
        weights.load_encoder(folder)
    path.unlink()
    with pytest.raises(MissingWeightError, match="missing"):
        weights.load_encoder(folder)
