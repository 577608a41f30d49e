"""The identity cross-attention block: f'' = f' + scale * M * Attn(Q† f', K† c, V† c)
(docs/method.md, section 4).

The weights are plain submodules of each ``attn2`` (``to_q_id``, ``to_k_id``, ``to_v_id``), so a
call of ``set_attn_processor`` cannot lose them; the processor itself holds no weight and reads one
shared ``IdentityContext``.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn

from pidiff_cli.core.identity.context import (
    IdentityContext,
    attend,
    attend_with_mass,
    localisation_map,
    merge,
    split,
)

BRANCH = ("to_q_id", "to_k_id", "to_v_id")
_STOCK = AttnProcessor2_0()


class IdentityAttnProcessor:
    """Stateless processor of one ``attn2``; ``name`` keys what ``cached`` keeps.

    Attributes:
        learns: False lets no gradient through to the tokens: where the branch of no earlier layer
            learns either, the way down to here is computed without gradients.
    """

    def __init__(self, context: IdentityContext, name: str) -> None:
        self.context = context
        self.name = name
        self.learns = True

    @property
    def known(self) -> tuple[Tensor, Tensor] | None:
        """Ask (1, H, N, d) and answer (1, N, d) of ``cached``, where no branch has to be asked."""
        return None

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        **_: Any,
    ) -> Tensor:
        """Features (B, T, d) with text (B, S, C) to features (B, T, d)."""
        context = self.context
        if not context.active or encoder_hidden_states is None:
            return cast(
                Tensor,
                _STOCK(attn, hidden_states, encoder_hidden_states, attention_mask, temb),
            )
        if context.cached is not None:
            return context.cached.block(self.name, attn, hidden_states, context)
        batch, text = hidden_states.shape[0], encoder_hidden_states
        if attention_mask is not None:
            attention_mask = attn.prepare_attention_mask(attention_mask, text.shape[1], batch)
            attention_mask = attention_mask.view(batch, attn.heads, -1, attention_mask.shape[-1])
        q = split(attn.to_q(hidden_states), attn.heads)  # (B, H, T, e)
        k, v = split(attn.to_k(text), attn.heads), split(attn.to_v(text), attn.heads)
        weight: Tensor | float = context.scale
        if context.use_map and context.subject is not None:
            f, mass = attend_with_mass(q, k, v, context.subject, attention_mask)
            weight = self._locate(mass) * context.scale  # (B, T, 1)
        else:
            f = attend(q, k, v, attention_mask)
        f = merge(f)  # (B, T, d), before the output projection
        if context.adds:
            if context.on is not None:
                weight = weight * context.on.to(f.dtype).view(batch, 1, 1)
            f = f + weight * self._identity(attn, f)
        return cast(Tensor, attn.to_out[1](attn.to_out[0](f))) / attn.rescale_output_factor

    def _identity(self, attn: Attention, f: Tensor) -> Tensor:
        """The identity branch's output (B, T, d) for the text branch's output f."""
        tokens = cast(Tensor, self.context.tokens).to(f.dtype)
        tokens = tokens if self.learns else tokens.detach()
        layer = cast(Any, attn)
        k = split(layer.to_k_id(tokens), attn.heads)
        v = split(self._levelled(layer.to_v_id(tokens)), attn.heads)
        q = split(layer.to_q_id(f), attn.heads)
        return merge(attend(q, k, v))

    def _levelled(self, values: Tensor) -> Tensor:
        levels = self.context.levels
        if levels is None:
            return values
        return values * torch.tensor(levels, dtype=values.dtype, device=values.device)[:, None]

    def _locate(self, mass: Tensor) -> Tensor:
        """Attention mass (B, T) to the detached map (B, T, 1); records it with gradient."""
        maps = localisation_map(mass, self.context.size)  # (B, 1, h, w)
        if self.context.record:
            self.context.maps.append(maps)
        return maps.detach().flatten(1).unsqueeze(-1)


def cross_attentions(unet: nn.Module) -> list[tuple[str, Attention]]:
    """Every text cross-attention of a UNet with its module path, in processor order."""
    names = [n.removesuffix(".processor") for n in cast(Any, unet).attn_processors]
    return [(n, cast(Attention, unet.get_submodule(n))) for n in names if n.endswith("attn2")]


def attach(unet: nn.Module, token_dim: int | None, zero_values: bool = False) -> IdentityContext:
    """Give every ``attn2`` of a UNet the identity branch and return the shared context.

    New layers start as copies of the layer's own text projections where the widths agree (as the
    published branch did), with V† at zero if ``zero_values``. Weights that are there already
    stay, so calling it again only puts the processors back.

    Args:
        unet: a diffusers UNet2DConditionModel.
        token_dim: C, width of the identity tokens; None adds no branch: the processors then only
            say where the subject is.
    """
    context = IdentityContext()
    for name, attn in cross_attentions(unet):
        if token_dim is not None and not has_branch(attn):
            _add_branch(attn, token_dim, zero_values)
        attn.set_processor(cast(Any, IdentityAttnProcessor(context, name)))
    return context


def branch_state(unet: nn.Module) -> dict[str, Tensor]:
    """The general branch's weights by module path, for ``branch.safetensors``."""
    state: dict[str, Tensor] = {}
    for name, attn in cross_attentions(unet):
        for part in BRANCH:
            layer = cast(Any, getattr(attn, part))
            state[f"{name}.{part}.weight"] = getattr(layer, "base_layer", layer).weight.detach()
    return state


def load_branch(unet: nn.Module, state: dict[str, Tensor]) -> None:
    """Copy a general branch in; every layer must be there and nothing else.

    Raises:
        ValueError: keys or shapes differ from the UNet's.
    """
    own = branch_state(unet)
    if own.keys() != state.keys():
        odd = sorted(own.keys() ^ state.keys())
        raise ValueError(f"{len(odd)} branch weights do not fit, the first: {odd[0]}")
    for key, target in own.items():
        if target.shape != state[key].shape:
            raise ValueError(f"{key}: {tuple(state[key].shape)} for {tuple(target.shape)}")
        target.copy_(state[key])


def has_branch(attn: Attention) -> bool:
    """Whether a layer has the identity branch."""
    return hasattr(attn, BRANCH[0])


def _add_branch(attn: Attention, token_dim: int, zero_values: bool) -> None:
    inner = attn.to_q.weight.shape[0]
    like = {"dtype": attn.to_q.weight.dtype, "device": attn.to_q.weight.device}
    for part, source, width in zip(
        BRANCH, (attn.to_q, attn.to_k, attn.to_v), (inner, token_dim, token_dim), strict=True
    ):
        layer = nn.Linear(width, inner, bias=False, **like)
        with torch.no_grad():
            if part == "to_v_id" and zero_values:
                layer.weight.zero_()
            elif source.weight.shape == layer.weight.shape:
                layer.weight.copy_(source.weight)
        setattr(attn, part, layer)
