"""Batches for the diffusion training: latents, captions with the subject's place, W+ codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mini.train import common
from mini.train.autoencoder.latents import FOLDER as LATENTS
from mini.train.machine import Store, bf16
from mini.train.text.tokenizer import SUFFIX
from mini.train.wplus.codes import FOLDER as CODES
from mini.train.wplus.more_codes import MORE
from mini.world.bank import Bank
from mini.world.captions import canonical, vocabulary
from mini.world.context import context_from
from mini.world.headgear.catalogue import HEADGEAR
from mini.world.registry import World
from pidiff_cli.core.diffusion.subject import NOUNS

NO_TEXT = 0.08  # captions dropped, for guidance
ON = 0.65  # share of pictures with an identity
PLAIN = 0.4  # share of captions in their canonical wording
HATTED = frozenset(HEADGEAR) - {"casual"}  # roles that have something of their own on the head
BARE = 0.85  # share of codes of bare heads, where there are some: users' photos mostly are such
HATLESS = 0.2  # of the weight of others: roles without their hat, which captions do not tell apart
UNTOLD = 0.05  # of the weight of others: glasses that the caption leaves out, else half-drawn ones
MOST_PHOTOS = 6  # whose mean code stands for a person; users give four or so
HELD_OUT = 256  # last pictures of the bank, for looking only


@dataclass(frozen=True)
class Batch:
    """One batch.

    Attributes:
        latents: (B, C, 16, 16). head: (B, 1, 16, 16) in [0, 1], the share of head.
        ids: (B, S) caption tokens. subject: (B, S), 1 at the subject's word.
        codes: (B, L, D) W+ codes of other pictures of the person. on: (B,) in {0, 1}.
        named: rows (K,) whose caption names the subject; None: to be found.
    """

    latents: Tensor
    head: Tensor
    ids: Tensor
    subject: Tensor
    codes: Tensor
    on: Tensor
    named: Tensor | None = None

    def rows_named(self) -> Tensor:
        """``named``, found where it is not known (on a GPU that waits for it)."""
        if self.named is not None:
            return self.named
        return torch.nonzero(self.subject.sum(dim=1) > 0)[:, 0]


class Pictures:
    """The bank as the diffusion training sees it; ``batch(step, n)`` is a function of the step.

    Args:
        weights: the folder with tokenizer and text encoder.
        device: where batches are made; on a GPU latents, heads and codes stay there.
    """

    def __init__(
        self,
        bank_folder: Path,
        seed: int,
        weights: Path = common.WEIGHTS,
        device: torch.device | None = None,
    ) -> None:
        bank = Bank.open(bank_folder)
        self.seed, self.device = seed, device or torch.device("cpu")
        self.latents = np.load(LATENTS / "latents.npy", mmap_mode="r")
        self.heads = np.load(LATENTS / "heads.npy", mmap_mode="r")
        self.count = len(self.latents) - min(HELD_OUT, len(self.latents) // 4)
        self.codes, more = with_more(np.load(CODES / "codes.npy", mmap_mode="r"), MORE)
        self.usable = np.load(CODES / "usable.npy")
        self.world, self.roles = bank.world, [m["role"] for m in bank.meta[: self.count]]
        self.persons = np.asarray(bank.persons[: self.count])
        self._others = _others(self.persons, self.usable > 0, more)
        self.bare = _others(self.persons, self.usable > 1, more)
        self._stores = [Store(a, self.device) for a in (self.latents, self.heads, self.codes)]
        self._load_text(bank, weights / "diffusers")

    def _load_text(self, bank: Bank, folder: Path) -> None:
        from transformers.models.clip.modeling_clip import CLIPTextModel
        from transformers.models.clip.tokenization_clip import CLIPTokenizer

        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        self.encoder: Any = CLIPTextModel.from_pretrained(
            folder / "text_encoder", local_files_only=True
        )
        _check_words(tokenizer, bank.world)
        self.encoder.float().eval().requires_grad_(False).to(self.device)
        metas = bank.meta[: self.count]
        self._shares = shares_of(metas)
        plain = [canonical(context_from(meta), meta["noun"]) for meta in metas]
        drawn = [meta["caption"] for meta in metas]
        settings: dict[str, Any] = {"padding": "max_length", "truncation": True}
        self.ids = np.stack(
            [np.asarray(tokenizer(texts, **settings).input_ids) for texts in (drawn, plain)], 1
        ).astype(np.int32)  # (N, 2, S)
        self.empty = np.asarray(tokenizer([""], **settings).input_ids, np.int32)[0]
        nouns = [tokenizer(n, add_special_tokens=False).input_ids[0] for n in NOUNS]
        self.nouns, self.person = np.asarray(nouns), nouns[NOUNS.index("person")]

    def text(self, ids: Tensor) -> Tensor:
        """Caption tokens (B, S) to text states (B, S, C)."""
        with torch.no_grad(), bf16(ids.device):
            states: Tensor = self.encoder(ids)[0]
        return states.float()

    def plan(self, step: int, size: int) -> tuple[Tensor, ...]:
        """What a step's batch is made of, drawn from (seed, step): rows (B,), caption tokens and
        subject (B, S), others (B, M) and which of them count, on (B,), named rows (K,)."""
        rng = np.random.default_rng((self.seed, step))
        index = rng.choice(self.count, size, p=self._shares)
        ids, subject = self._captions(index, rng)
        shape = (size, MOST_PHOTOS)
        picks, counted = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        for row, i in enumerate(index):
            bare = len(self.bare[i]) > 0 and rng.random() < BARE
            others = (self.bare if bare else self._others)[i]
            if len(others):
                chosen = rng.permutation(others)[: rng.integers(1, MOST_PHOTOS + 1)]
                picks[row, : len(chosen)], counted[row, : len(chosen)] = chosen, 1
        on = (rng.random(size) < ON) & (counted.sum(axis=1) > 0)
        named = np.flatnonzero(subject.sum(axis=1) > 0)
        parts = (index, ids.astype(np.int64), subject, picks, counted, on.astype(np.float32), named)
        return tuple(torch.from_numpy(part) for part in parts)

    def batch(self, step: int, size: int) -> Batch:
        """The batch of one step."""
        return self.realise(self.plan(step, size))

    def realise(self, plan: tuple[Tensor, ...]) -> Batch:
        """The batch of a plan, on the device."""
        index, picks = plan[0].numpy(), plan[3].numpy()
        moved = [part.to(self.device, non_blocking=True) for part in plan]
        _, ids, subject, _, counted, on, named = moved
        latents, heads, codes = self._stores
        mixed = codes.take(picks.reshape(-1)).float().view(*picks.shape, *self.codes.shape[1:])
        mixed = mixed * counted[..., None, None]
        return Batch(
            latents.take(index).float(), heads.take(index).float()[:, None], ids, subject,
            mixed.sum(dim=1) / counted.sum(dim=1).clamp(min=1)[:, None, None], on, named,
        )  # fmt: skip

    def _captions(
        self, index: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        plain = (rng.random(len(index)) < PLAIN).astype(int)
        ids = self.ids[index, plain].copy()
        noun = np.isin(ids, self.nouns)
        noun &= noun.cumsum(axis=1) == 1  # the first mention
        vague = rng.random(len(ids)) < 0.1
        ids[noun & vague[:, None]] = self.person
        dropped = rng.random(len(ids)) < NO_TEXT
        ids[dropped], noun[dropped] = self.empty, False
        return ids, noun.astype(np.float32)


def _check_words(tokenizer: Any, world: World) -> None:
    """SystemExit where words of the world's captions are no words of the tokenizer."""
    known = tokenizer.get_vocab()
    if lacking := [word for word in vocabulary(world) if f"{word}{SUFFIX}" not in known]:
        raise SystemExit(
            f"The text encoder does not know {', '.join(lacking[:3])} of the {world.name} world. "
            "Train one: python -m mini.train.text.text"
        )


def shares_of(metas: list[dict[str, Any]]) -> np.ndarray:
    """How likely each picture is drawn for a batch (N,), by what the bank says of it."""
    hatless = [m["role"] in HATTED and not m["headgear"] for m in metas]
    unnamed = [m.get("glasses", "none") != "none" and "glasses" not in m["caption"] for m in metas]
    shares = np.where(hatless, HATLESS, 1.0) * np.where(unnamed, UNTOLD, 1.0)
    return np.asarray(shares / shares.sum())


def with_more(codes: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The bank's codes (N, L, D) with those of ``more_codes`` behind them, where there are some,
    and the rows of these: (P, K), a line a person in the bank's order; K is 0 without."""
    if not path.exists():
        return codes, np.zeros((0, 0), np.int64)
    more = np.load(path)  # (P, K, L, D)
    rows = len(codes) + np.arange(more.shape[0] * more.shape[1]).reshape(more.shape[:2])
    return np.concatenate([codes, more.reshape(-1, *codes.shape[1:])]), rows


def _others(persons: np.ndarray, usable: np.ndarray, more: np.ndarray) -> list[np.ndarray]:
    """For each picture, the other pictures of its person that have a code, and ``with_more``'s."""
    groups: dict[int, list[int]] = {}
    for i, person in enumerate(persons):
        if usable[i]:
            groups.setdefault(int(person), []).append(i)
    order = {int(person): place for place, person in enumerate(dict.fromkeys(persons.tolist()))}
    extra = {p: more[place] if more.size else more.reshape(-1) for p, place in order.items()}
    return [
        np.concatenate(
            [np.asarray([j for j in groups.get(int(p), []) if j != i], np.int64), extra[int(p)]]
        )
        for i, p in enumerate(persons)
    ]
