"""The identity block: off is the stock call bit for bit, on it stays on the subject."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor2_0
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from pidiff_cli.core.identity.attention import attach, branch_state, cross_attentions, load_branch
from pidiff_cli.core.identity.context import IdentityContext, attend_with_mass, localisation_map

BATCH, WORDS, WIDTH = 2, 8, 24


@pytest.fixture
def net() -> Iterator[tuple[UNet2DConditionModel, IdentityContext]]:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(16, 16),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        norm_num_groups=4,
    ).eval()
    yield unet, attach(unet, WIDTH)


def _inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    latents = torch.randn(BATCH, 4, 8, 8, generator=g)
    return latents, torch.tensor([3, 500]), torch.randn(BATCH, WORDS, WIDTH, generator=g)


def _on(context: IdentityContext) -> None:
    context.tokens = torch.randn(BATCH, 3, WIDTH, generator=torch.Generator().manual_seed(2))
    context.subject = torch.zeros(BATCH, WORDS)
    context.subject[:, 2] = 1
    context.scale = 1.0


@torch.no_grad()
def test_no_tokens_or_scale_zero_is_the_stock_unet_bit_for_bit(net) -> None:
    unet, context = net
    ours = unet(*_inputs()).sample
    _on(context)
    context.scale = 0.0
    zero = unet(*_inputs()).sample
    unet.set_attn_processor(AttnProcessor2_0())
    stock = unet(*_inputs()).sample
    assert torch.equal(ours, stock) and torch.equal(zero, stock)


@torch.no_grad()
def test_weights_outlive_set_attn_processor(net) -> None:
    unet, _ = net
    before = {k: v.clone() for k, v in branch_state(unet).items()}
    unet.set_attn_processor(AttnProcessor2_0())
    attach(unet, WIDTH)
    after = branch_state(unet)
    assert before.keys() == after.keys() and before
    assert all(torch.equal(before[k], after[k]) for k in before)


@torch.no_grad()
def test_identity_changes_only_what_is_on(net) -> None:
    unet, context = net
    base = unet(*_inputs()).sample
    _on(context)
    context.on = torch.tensor([1.0, 0.0])
    out = unet(*_inputs()).sample
    assert (out[0] - base[0]).abs().max() > 1e-3
    assert torch.allclose(out[1], base[1], atol=1e-5)


@torch.no_grad()
def test_a_prompt_without_subject_stays_the_base(net) -> None:
    unet, context = net
    base = unet(*_inputs()).sample
    _on(context)
    context.subject[1] = 0
    out = unet(*_inputs()).sample
    assert torch.allclose(out[1], base[1], atol=1e-5)


@torch.no_grad()
def test_levels_scale_each_token(net) -> None:
    unet, context = net
    base = unet(*_inputs()).sample
    _on(context)
    context.levels = (0.0, 0.0, 0.0)
    assert torch.allclose(unet(*_inputs()).sample, base, atol=1e-5)
    context.levels = (1.0, 1.0, 1.0)
    full = unet(*_inputs()).sample
    context.levels = None
    assert torch.equal(unet(*_inputs()).sample, full)


def test_maps_are_recorded_with_gradient_but_the_main_path_is_detached(net) -> None:
    unet, context = net
    _on(context)
    context.record = True
    unet(*_inputs())
    assert len(context.maps) == len(cross_attentions(unet))
    first = context.maps[0]
    assert first.shape[:2] == (BATCH, 1) and first.requires_grad
    assert 0 <= float(first.detach().min()) and float(first.detach().max()) <= 1 + 1e-5
    first.sum().backward()
    layer = cross_attentions(unet)[0][1]
    assert layer.to_k.weight.grad is not None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mass_is_the_attention_on_the_subject(dtype: torch.dtype) -> None:
    g = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 8, generator=g).to(dtype) for n in (16, 5, 5))
    subject = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 0, 0, 1.0]])
    out, mass = attend_with_mass(q, k, v, subject)
    p = ((q.float() @ k.float().transpose(-1, -2)) * 8**-0.5).softmax(-1)
    wanted = torch.einsum("bhts,bs->bt", p, subject) / 3
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    assert torch.allclose(mass.float(), wanted, atol=tolerance)
    assert torch.allclose(out.float(), p @ v.float(), atol=10 * tolerance)


def test_map_is_scaled_to_its_peak_and_follows_the_shape() -> None:
    mass = torch.rand(2, 32)
    mass[1] = 0
    maps = localisation_map(mass, (64, 32))
    assert maps.shape == (2, 1, 8, 4)
    assert maps[0].max() == pytest.approx(1.0) and maps[1].max() == 0


def test_a_branch_that_does_not_fit_is_refused(net) -> None:
    unet, _ = net
    state = {k: v.clone() for k, v in branch_state(unet).items()}
    first = next(iter(state))
    with pytest.raises(ValueError, match="do not fit"):
        load_branch(unet, {k: v for k, v in state.items() if k != first})
    with pytest.raises(ValueError, match=first.split(".")[0]):
        load_branch(unet, {**state, first: torch.zeros(1, 1)})
