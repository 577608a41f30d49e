"""What is kept while pictures are drawn gives the block's own numbers, in fewer operations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from pidiff_cli.core.diffusion.shared_prefix import SharedPrefix
from pidiff_cli.core.identity import cached as cached_module
from pidiff_cli.core.identity import context
from pidiff_cli.core.identity.attention import attach, cross_attentions
from pidiff_cli.core.identity.cached import CachedAttention
from pidiff_cli.core.identity.context import IdentityContext
from pidiff_cli.core.identity.folded import FoldedLayer, foldable

PICTURES, WORDS, WIDTH, TOKENS = 2, 8, 24, 3
Net = tuple[UNet2DConditionModel, IdentityContext]


@pytest.fixture
def net() -> Iterator[Net]:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), block_out_channels=(16, 32),
        cross_attention_dim=WIDTH, attention_head_dim=2, norm_num_groups=4,
    ).eval()  # fmt: skip
    yield unet, attach(unet, WIDTH)


def _drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X, T, TEXT = _drawn(1, PICTURES, 4, 8, 8), torch.tensor(300), _drawn(2, 6, WORDS, WIDTH)
TOKEN = _drawn(3, 1, TOKENS, WIDTH)


def _subject(rows: int) -> Tensor:
    subject = torch.zeros(rows, WORDS)
    subject[:, 2:4] = 1
    return subject


def _plainly(net: Net, use_map: bool, levels: tuple[float, ...] | None) -> Tensor:
    """Rows without prompt, with identity, and the base's own, by the block as it is trained."""
    unet, context = net
    context.tokens, context.scale, context.use_map = TOKEN.expand(6, -1, -1), 0.8, use_map
    context.levels, context.subject = levels, _subject(6)
    context.on = torch.tensor([0.0, 0, 1, 1, 0, 0])
    out = unet(torch.cat([X] * 3), T, encoder_hidden_states=TEXT).sample
    context.clear()
    return out


def _kept(net: Net, use_map: bool, levels: tuple[float, ...] | None = None) -> CachedAttention:
    context = net[1]
    context.tokens, context.scale = TOKEN, 0.8
    context.cached = CachedAttention(
        TEXT, TOKEN, slice(2, 4), _subject(2) if use_map else None, levels, PICTURES
    )
    context.cached.rows = 6
    return context.cached


@torch.no_grad()
@pytest.mark.parametrize("way", ["folded", "written out", "fused"])
@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("levels", [None, (0.5, 0.0, 2.0)])
def test_what_is_kept_changes_no_number(
    net: Net, use_map: bool, levels: tuple[float, ...] | None, way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Also by the call that CUDA uses, which a CPU can compute."""
    wanted = _plainly(net, use_map, levels)
    for module in (context, cached_module):
        monkeypatch.setattr(module, "fused", lambda q: way == "fused")
    monkeypatch.setattr(cached_module, "foldable", lambda *_: way == "folded")
    cached = _kept(net, use_map, levels)
    for _ in range(2):
        found = net[0](torch.cat([X] * 3), T, encoder_hidden_states=TEXT).sample
        assert torch.allclose(found, wanted, atol=1e-5)
    assert {isinstance(layer, FoldedLayer) for layer in cached.layers.values()} == {way == "folded"}
    assert len(cached.layers) == len(cross_attentions(net[0]))
    assert (wanted[2:4] - wanted[4:]).abs().max() > 1e-3  # the identity shows


@torch.no_grad()
@pytest.mark.parametrize(("first", "rows"), [(0, 6), (0, 4), (2, 4)])
def test_a_step_may_ask_for_a_part_of_the_rows_and_share_their_start(
    net: Net, first: int, rows: int
) -> None:
    wanted = _plainly(net, True, None)[first : first + rows]
    cached = _kept(net, True)
    cached.first, cached.rows = first, rows
    text = TEXT[first : first + rows]
    whole = net[0](torch.cat([X] * (rows // 2)), T, encoder_hidden_states=text).sample
    shared = SharedPrefix(net[0], cached)
    seen: list[int] = []
    hook = net[0].conv_in.register_forward_hook(lambda _, args, __: seen.append(len(args[0])))
    with shared.on():
        found = net[0](X, T, encoder_hidden_states=text).sample
    hook.remove()
    assert shared.possible and seen == [PICTURES]
    assert torch.allclose(whole, wanted, atol=1e-5) and torch.allclose(found, wanted, atol=1e-5)
    net[1].clear()
    assert torch.isfinite(net[0](torch.cat([X] * 3), T, encoder_hidden_states=TEXT).sample).all()
    assert not net[0].time_embedding._forward_hooks  # none stays


@torch.no_grad()
def test_rows_that_differ_by_more_than_text_share_nothing(net: Net) -> None:
    """SDXL adds each row's pooled text to the time before the first layer."""
    cached = _kept(net, True)
    net[0].add_embedding = torch.nn.Linear(1, 1)
    assert not SharedPrefix(net[0], cached).possible


def test_long_text_in_a_narrow_layer_is_not_folded(net: Net) -> None:
    """Two heads: the width is 32, so 2·S of it is more from S = 38 on."""
    layer = cross_attentions(net[0])[0][1]
    assert [foldable(layer, words, TOKENS) for words in (WORDS, 38, 39)] == [True, True, False]
    layer.rescale_output_factor = 2.0
    assert not foldable(layer, WORDS, TOKENS)
