"""The identity cross-attention block: f'' = f' + scale * M * Attn(Q† f', K† c, V† c).

The weights are plain submodules of each ``attn2`` (``to_q_id``, ``to_k_id``, ``to_v_id``), so a
call of ``set_attn_processor`` cannot lose them; the processor itself holds no weight and reads one
shared ``IdentityContext``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn

if TYPE_CHECKING:
    from pidiff_cli.core.identity.still import Still

BRANCH = ("to_q_id", "to_k_id", "to_v_id")
PAD = 8  # columns that carry the mass through a fused kernel: widths stay in eights
_STOCK = AttnProcessor2_0()


@dataclass
class IdentityContext:
    """What every identity block of one UNet reads at a forward pass.

    Attributes:
        tokens: identity tokens (B, N, C); None switches the branch off.
        scale: identity scale λ ≥ 0; 0 switches the branch off (the stock attention call).
        levels: optional factor a token (N,), coarse to fine, on top of ``scale``.
        use_map: weight by the localisation map M; False equals the W+ adapter (M = 1).
        subject: (B, S) in {0, 1}, 1 at the subject's text tokens. A row without any
            (an empty caption) gets M = 0: that sample is the base's own.
        on: optional (B,), 0 switches single samples off (identity dropout).
        size: latent height and width, where pictures are not square.
        record: keep every layer's M, with gradient, in ``maps`` (for L_loc and pictures).
        maps: filled by the blocks when ``record`` is set: (B, 1, h, w) in [0, 1], layer order.
        watch: find M also where ``scale`` is 0 and the branch adds nothing.
        still: what stays the same while pictures are drawn, set by who draws them; it knows
            tokens, levels and subject by itself. None while training.
    """

    tokens: Tensor | None = None
    scale: float = 1.0
    levels: tuple[float, ...] | None = None
    use_map: bool = True
    subject: Tensor | None = None
    on: Tensor | None = None
    size: tuple[int, int] | None = None
    record: bool = False
    maps: list[Tensor] = field(default_factory=list)
    watch: bool = False
    still: Still | None = None

    @property
    def active(self) -> bool:
        """Whether the identity branch takes part at all, or is to say where it would."""
        return self.tokens is not None and (self.scale != 0.0 or self.watch)

    def take_maps(self) -> list[Tensor]:
        """The recorded maps; ends the recording.

        A backward pass with gradient checkpointing runs the blocks again: what they recorded then
        would keep every block's activations, and nothing would be saved.
        """
        maps, self.maps, self.record = self.maps, [], False
        return maps

    def clear(self) -> None:
        """Switch the branch off and forget maps and what was kept."""
        self.tokens, self.on, self.subject, self.still = None, None, None, None
        self.record, self.maps, self.watch = False, [], False


class IdentityAttnProcessor:
    """Stateless processor of one ``attn2``; ``name`` keys what ``still`` keeps.

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
        """Ask (1, H, N, d) and answer (1, N, d) of ``still``, where no branch has to be asked."""
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
        if context.still is not None:
            return context.still.block(self.name, attn, hidden_states, context)
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


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention (B, H, T, e); written out where a CPU needs gradients, else the fused call."""
    if torch.is_grad_enabled() and not fused(q):
        return _softmax(q, k, mask) @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def written_attention(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Attention (B, T, d) of projections (B, T, d) as two products and a softmax."""
    q, k, v = (split(x, heads) for x in (q, k, v))
    return merge(_softmax(q, k, None) @ v)


def attend_with_mass(
    q: Tensor, k: Tensor, v: Tensor, subject: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One attention call that also returns the mass on the subject's keys.

    On CUDA it stays one fused kernel: an indicator column appended to V comes out as that mass;
    Q and K get zero columns up to the same width, which change no logit, so that flash kernels
    (equal widths) still apply. On the CPU the written-out softmax is faster (2x, 6x in bf16
    with gradients, 256 positions and 32 keys) and gives the mass for nothing.

    Args:
        q: (B, H, T, e). k, v: (B, H, S, e). subject: (B, S) in {0, 1}.
        mask: additive (B, H, 1, S) or None.
    Returns:
        Attention output (B, H, T, e) and mass (B, T) in [0, 1], the mean over heads.
    """
    subject = subject.to(v.dtype)
    if not fused(q):
        p = _softmax(q, k, mask)  # (B, H, T, S)
        return p @ v, (p.mean(dim=1) @ subject[:, :, None])[..., 0]
    width = q.shape[-1]
    out = F.scaled_dot_product_attention(
        F.pad(q, (0, PAD)), F.pad(k, (0, PAD)), with_indicator(v, subject),
        attn_mask=mask, scale=width**-0.5,
    )  # (B, H, T, e + 8)  # fmt: skip
    return out[..., :width], out[..., width].mean(dim=1)


def with_indicator(v: Tensor, subject: Tensor) -> Tensor:
    """V (B, H, S, e) with a column of the subject mask (B, S) and zeros: (B, H, S, e + 8)."""
    indicator = subject[:, None, :, None].expand(-1, v.shape[1], -1, 1)
    return torch.cat([v, indicator, v.new_zeros(*v.shape[:-1], PAD - 1)], dim=-1)


def localisation_map(mass: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """Attention mass (B, T) to M (B, 1, h, w) in [0, 1]: smoothed, scaled to 1 at its peak.

    Args:
        mass: mean attention on the subject's tokens. A row that is all zero stays zero.
        size: height and width of the latents; None means square.
    """
    count = mass.shape[1]
    rows = count**0.5 if size is None else (count * size[0] / size[1]) ** 0.5
    height = round(rows)
    grid = mass.view(-1, 1, height, count // height)
    smooth = F.avg_pool2d(F.pad(grid, (1, 1, 1, 1), mode="replicate"), 2, stride=1)
    smooth = F.avg_pool2d(smooth, 2, stride=1)  # twice 2x2 = binomial 3x3 [1 2 1]
    peak = smooth.detach().amax(dim=(2, 3), keepdim=True)
    return smooth / peak.clamp_min(1e-6)


def cross_attentions(unet: nn.Module) -> list[tuple[str, Attention]]:
    """Every text cross-attention of a UNet with its module path, in processor order."""
    names = [n.removesuffix(".processor") for n in cast(Any, unet).attn_processors]
    return [(n, cast(Attention, unet.get_submodule(n))) for n in names if n.endswith("attn2")]


def attach(unet: nn.Module, token_dim: int, zero_values: bool = False) -> IdentityContext:
    """Give every ``attn2`` of a UNet the identity branch and return the shared context.

    New layers start as copies of the layer's own text projections where the widths agree (as the
    published branch did), with V† at zero if ``zero_values``. Weights that are there already
    stay, so calling it again only puts the processors back.

    Args:
        unet: a diffusers UNet2DConditionModel.
        token_dim: C, width of the identity tokens.
    """
    context = IdentityContext()
    for name, attn in cross_attentions(unet):
        if not hasattr(attn, "to_q_id"):
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


def public_to_branch(unet: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Published keys (``1.to_k_wplus.weight``, index in attn_processors) to module paths."""
    order = list(cast(Any, unet).attn_processors)
    out: dict[str, Tensor] = {}
    for key, value in state.items():
        index, part, last = key.split(".")
        layer = order[int(index)].removesuffix(".processor")
        out[f"{layer}.{part.removesuffix('_wplus')}_id.{last}"] = value
    return out


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


def fused(q: Tensor) -> bool:
    """Whether one fused kernel is best; on meta tensors a CUDA run is being planned."""
    return q.device.type in ("cuda", "meta")


def _softmax(q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    """Attention probabilities (B, H, T, S)."""
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    return (logits if mask is None else logits + mask).softmax(dim=-1)


def split(x: Tensor, heads: int) -> Tensor:
    """(B, S, d) to (B, H, S, e)."""
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def merge(x: Tensor) -> Tensor:
    """(B, H, T, e) to (B, T, d)."""
    return x.transpose(1, 2).flatten(2)
