"""One person's identity branch by itself: small, exact, and attachable to a stock pipeline.

For one W+ code the identity tokens c never change, so of Attn(Q† f', K† c, V† c) only two things
are needed a layer: the question each token asks, A = Q†ᵀ (K† c) / √e a head, and its answer, V† c.
The logits are then f' A, the same numbers by another order of multiplication. Nothing of the
W+ code, of Δw or of the general branch is in the file; M is found in the stock text attention.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from diffusers.models.attention_processor import Attention
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.identity.attention import IdentityAttnProcessor, cross_attentions
from pidiff_cli.core.identity.context import IdentityContext
from pidiff_cli.errors import InputError
from pidiff_cli.files import write_file
from pidiff_cli.reading.bytes_of import MB, Refused
from pidiff_cli.reading.tensors import check_values, read_header
from pidiff_cli.reading.text import parse_json

BYTES, VALUE = 512 * MB, 1e6  # XL's 70 layers take 90 MB; what was learnt stays within some tens
PERSON = "person.safetensors"
FORMAT = "pidiff person 1"


@dataclass(frozen=True)
class PersonBranch:
    """A person's branch as it lies in the file.

    Attributes:
        tensors: ``{layer}.ask`` (H, N, d) and ``{layer}.answer`` (N, d), float32, where layer is
            the module path of an ``attn2`` of the UNet.
        noun: what the person is called in prompts. name: of the profile.
        base, family: which base it was tuned on, and its kind.
    """

    tensors: dict[str, Tensor]
    noun: str
    name: str
    base: str
    family: str


class PersonProcessor(IdentityAttnProcessor):
    """The identity block of one layer for one person; the text branch stays as it is."""

    def __init__(self, context: IdentityContext, name: str, ask: Tensor, answer: Tensor) -> None:
        super().__init__(context, name)
        self.ask, self.answer = ask, answer

    @property
    def known(self) -> tuple[Tensor, Tensor]:
        """The person's own, whatever branch the layer has."""
        return self.ask[None], self.answer[None]

    def __call__(self, attn: Attention, hidden_states: Tensor, *args: Any, **kw: Any) -> Tensor:
        """Features (B, T, d) with text (B, S, C) to features (B, T, d)."""
        subject = self.context.subject
        if subject is not None and subject.device != hidden_states.device:
            self.context.subject = subject.to(hidden_states.device)
        return super().__call__(attn, hidden_states, *args, **kw)

    def _identity(self, attn: Attention, f: Tensor) -> Tensor:
        """The identity branch's output (B, T, d) for the text branch's output f."""
        self.ask, self.answer = self.ask.to(f), self.answer.to(f)
        heads, count, _ = self.ask.shape
        logits = f @ self.ask.flatten(0, 1).T  # (B, T, H·N)
        share = logits.unflatten(-1, (heads, count)).softmax(dim=-1)  # (B, T, H, N)
        answer = self._levelled(self.answer).unflatten(-1, (heads, -1))  # (N, H, e)
        return torch.einsum("bthn,nhe->bthe", share, answer).flatten(2)


@torch.no_grad()
def person_branch(unet: nn.Module, w: Tensor) -> dict[str, Tensor]:
    """The tensors of `PersonBranch` for a W+ code (L, D) before Δw, adapter and all.

    Args:
        unet: float32, with branch and projector, and the person's adapter where there is one.
    """
    tokens = identity_tokens(unet, w[None])  # (1, N, C)
    tensors: dict[str, Tensor] = {}
    for name, attn in cross_attentions(unet):
        layer, heads = cast(Any, attn), attn.heads
        width = attn.to_q.weight.shape[0]
        one = torch.eye(width, dtype=tokens.dtype, device=tokens.device)
        query = layer.to_q_id(one).double().unflatten(1, (heads, -1))  # (d, H, e)
        key = layer.to_k_id(tokens)[0].double().unflatten(1, (heads, -1))  # (N, H, e)
        ask = torch.einsum("dhe,nhe->hnd", query, key) * query.shape[-1] ** -0.5
        tensors[f"{name}.ask"] = ask.float().cpu().contiguous()
        tensors[f"{name}.answer"] = layer.to_v_id(tokens)[0].float().cpu().contiguous()
    return tensors


def save_person(person: PersonBranch, path: Path) -> None:
    """Write a branch as one safetensors file, whole; the same person gives the same bytes."""
    told = {"format": FORMAT, "noun": person.noun, "name": person.name}
    told |= {"base": person.base, "family": person.family}
    metadata = {"pidiff": json.dumps(told)}  # one key: safetensors keeps no order among several
    write_file(path, save(person.tensors, metadata=metadata))


def read_person(path: Path) -> PersonBranch:
    """Read a person's file, or the one in the folder ``path``.

    Raises:
        InputError: it is not there, damaged, another kind of file, or of a newer pidiff.
    """
    path = path / PERSON if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"{path} is not there.", "Write it: pidiff profile export NAME --format …")
    try:
        header = read_header(path, BYTES)
        check_values(path, header, VALUE)
        with safe_open(path, framework="pt") as file:
            told = parse_json(header.words.get("pidiff", "{}"), dict[str, str], path.name)
            found = told.get("format", "")
            if found != FORMAT:
                newer = found.startswith("pidiff person ")
                what = "was written by a newer pidiff" if newer else "is no person pidiff exported"
                raise InputError(f"{path.name} {what}.")
            tensors = {key: file.get_tensor(key) for key in file.keys()}
        return PersonBranch(tensors, told["noun"], told["name"], told["base"], told["family"])
    except (Refused, SafetensorError, OSError, KeyError) as error:
        raise InputError(f"{path.name} is damaged; export it again.") from error


class AttachedPerson:
    """A person on a stock pipeline's UNet; draws nothing until `aim` has said where.

    Attributes:
        context: ``scale`` is the identity scale λ, 0 gives the stock picture bit for bit.
        noun: the word to write in prompts for the person.
    """

    def __init__(self, unet: nn.Module, person: PersonBranch) -> None:
        self.context, self.noun = IdentityContext(), person.noun
        self._unet = unet
        self._before = dict(cast(Any, unet).attn_processors)
        for name, attn in cross_attentions(unet):
            ask, answer = person.tensors[f"{name}.ask"], person.tensors[f"{name}.answer"]
            attn.set_processor(cast(Any, PersonProcessor(self.context, name, ask, answer)))

    def aim(
        self,
        prompt: str,
        tokenizer: Any,
        tokenizer_2: Any = None,
        images: int = 1,
        guided: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Say where the person is in the prompt of the next pictures.

        Args:
            prompt: as the pipeline gets it; it has to name the person by the noun.
            tokenizer, tokenizer_2: the pipeline's.
            images: pictures a call. guided: whether guidance doubles the batch (scale above 1).
            size: height and width where the pictures are not square.

        Raises:
            InputError: the prompt names no person.
        """
        told = SimpleNamespace(
            tokenizer=tokenizer, second_tokenizer=tokenizer_2, closed_vocabulary=False
        )
        subject = encode_prompt(cast(Any, told), prompt, self.noun).subject  # (S,)
        if not subject.any():
            raise InputError(f"The prompt names no {self.noun}: {prompt!r}.")
        rows = subject.expand(images, -1)
        context = self.context
        context.subject = torch.cat([torch.zeros_like(rows), rows]) if guided else rows
        context.tokens, context.size = subject, size  # tokens only say that the branch is on

    def detach(self) -> None:
        """Give the UNet its own processors back."""
        cast(Any, self._unet).set_attn_processor(self._before)


def attach_person(unet: nn.Module, path: Path | str) -> AttachedPerson:
    """Put an exported person on the UNet of a stock diffusers pipeline.

    Args:
        unet: UNet2DConditionModel of the family the person was tuned on, any precision.
        path: the exported folder, or its ``person.safetensors``.

    Raises:
        InputError: the file is unsound, or not every weight has its layer in this UNet.
    """
    person = read_person(Path(path))
    wanted: dict[str, tuple[int, ...]] = {}
    for name, attn in cross_attentions(unet):
        width = attn.to_q.weight.shape[0]
        wanted |= {f"{name}.ask": (attn.heads, width), f"{name}.answer": (width,)}
    counts = {value.shape[-2] for value in person.tensors.values() if value.ndim > 1}
    fits = {
        key
        for key, value in person.tensors.items()
        if key in wanted and (*value.shape[:-2], value.shape[-1]) == wanted[key]
    }
    if fits != wanted.keys() or fits != person.tensors.keys() or len(counts) != 1:
        raise InputError(
            f"{person.name} does not fit this UNet: {len(fits)} of {len(person.tensors)} weights "
            f"find one of its {len(wanted)} places.",
            f"It was tuned on {person.base} ({person.family}); load that base, or one made of it.",
        )
    return AttachedPerson(unet, person)
