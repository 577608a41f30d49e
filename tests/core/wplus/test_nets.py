"""The generator and encoder at small sizes: layout, shapes, and what each W+ row reaches."""

from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional as F

from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.irse import PReLU
from pidiff_cli.core.wplus.stylegan2 import Generator, ModulatedConv, rows_for, truncate
from tests.support.places import LAYOUTS

CHANNELS = {4: 8, 8: 8, 16: 6, 32: 4}


@pytest.fixture
def net() -> Generator:
    torch.manual_seed(0)
    return Generator(32, 6, 2, CHANNELS).eval().requires_grad_(False)


def test_rows_follow_the_size() -> None:
    assert (rows_for(128), rows_for(1024)) == (12, 18)


def test_picture_shape_and_determinism(net: Generator) -> None:
    w = torch.randn(3, net.rows, 6)
    picture = net.synthesise(w)
    assert picture.shape == (3, 3, 32, 32)
    assert torch.equal(picture, net.synthesise(w))
    assert torch.allclose(picture[1:2], net.synthesise(w[1:2]), atol=1e-5)


def test_noise_kinds(net: Generator) -> None:
    for module in net.modules():
        if hasattr(module, "noise"):
            module.noise.weight.fill_(0.5)
    w = torch.randn(1, net.rows, 6)
    plain, fixed = net.synthesise(w), net.synthesise(w, "fixed")
    assert not torch.allclose(plain, fixed)
    assert torch.equal(fixed, net.synthesise(w, "fixed"))
    assert not torch.equal(net.synthesise(w, "random"), net.synthesise(w, "random"))


def test_stopping_early_gives_the_smaller_skip_picture(net: Generator) -> None:
    assert net.synthesise(torch.randn(2, net.rows, 6), until=8).shape == (2, 3, 8, 8)


def test_fine_rows_leave_the_small_picture_alone(net: Generator) -> None:
    w = torch.randn(1, net.rows, 6)
    other = w.clone()
    other[:, 4:] += 1
    assert torch.equal(net.synthesise(w, until=8), net.synthesise(other, until=8))
    assert not torch.allclose(net.synthesise(w), net.synthesise(other))


def test_shared_kernel_equals_per_sample_kernels() -> None:
    torch.manual_seed(1)
    conv = ModulatedConv(5, 4, 3, 6).requires_grad_(False)
    x, w = torch.randn(2, 5, 9, 9), torch.randn(2, 6)
    for i in range(2):
        style = conv.modulation(w[i : i + 1])[0]
        kernel = conv.scale * conv.weight[0] * style[None, :, None, None]
        kernel = kernel * (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        wanted = F.conv2d(x[i : i + 1], kernel, padding=1)
        assert torch.allclose(conv(x, w)[i : i + 1], wanted, atol=1e-5)


def test_truncation_goes_toward_the_mean() -> None:
    w, mean = torch.randn(2, 6), torch.randn(1, 6)
    assert torch.equal(truncate(w, mean, 1.0), w)
    assert torch.allclose(truncate(w, mean, 0.0), mean.expand(2, 6))
    with pytest.raises(ValueError, match="mean"):
        truncate(w, None, 0.5)


def test_wrong_code_shape_is_refused(net: Generator) -> None:
    with pytest.raises(ValueError, match="W\\+ codes"):
        net.synthesise(torch.randn(1, net.rows + 1, 6))


@pytest.mark.parametrize("deltas", [True, False])
def test_small_encoder_and_stages(deltas: bool) -> None:
    torch.manual_seed(0)
    encoder = Encoder(12, 6, 64, (16, 16, 32, 32), (1, 1, 1, 1), 4, 8, deltas, stride=2).eval()
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        code = encoder(x)
        base = encoder(x, 0)
    assert code.shape == (2, 12, 6)
    assert torch.equal(base, base[:, :1].expand_as(base))
    assert torch.allclose(code[:, 0], base[:, 0])
    with pytest.raises(ValueError, match="64 px"):
        encoder(torch.randn(1, 3, 32, 32))


def test_prelu_is_prelu() -> None:
    own, stock = PReLU(3), torch.nn.PReLU(3)
    slopes = torch.tensor([0.1, -0.3, 1.2])
    for layer in (own, stock):
        layer.weight.data.copy_(slopes)
    x = torch.randn(2, 3, 5, 5)
    assert torch.allclose(own(x), stock(x))


def test_published_layout_of_the_generator() -> None:
    layout = json.loads((LAYOUTS / "stylegan2_generator_64.json").read_text())["state_dict"]
    with torch.device("meta"):
        state = Generator(64).state_dict()
    assert {k: list(v.shape) for k, v in state.items()} == {k: v[0] for k, v in layout.items()}


def test_published_layout_of_the_encoder() -> None:
    layout = json.loads((LAYOUTS / "e4e_ffhq_encode.pt.json").read_text())["state_dict"]
    wanted = {k[8:]: v[0] for k, v in layout.items() if k.startswith("encoder.")}
    with torch.device("meta"):
        state = Encoder().state_dict()
    assert {k: list(v.shape) for k, v in state.items()} == wanted
