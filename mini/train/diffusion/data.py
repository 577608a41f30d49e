"""Batches for the diffusion training: latents, captions with the subject's place, W+ codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import NOUNS
from mini.train import common
from mini.train.wplus.codes import FOLDER as CODES
from mini.train.autoencoder.latents import FOLDER as LATENTS
from mini.train.machine import Store, bf16
from mini.train.wplus.more_codes import MORE
from pidiff_cli.mini.train.remember import known_rows
from mini.train.text.tokenizer import SUFFIX
from mini.world.bank import Bank
from mini.world.context import Context, context_from
from mini.world.headgear.catalogue import HEADGEAR
from mini.world.worlds import World

NO_TEXT = 0.08  # captions dropped, for guidance
ON = 0.65  # share of pictures with an identity
PLAIN = 0.4  # share of captions in their canonical wording
HATTED = frozenset(HEADGEAR) - {"casual"}  # roles that have something of their own on the head
BARE = 0.85  # share of codes of bare heads, where there are some: users' photos mostly are such
HATLESS = 0.2  # of the weight of others: roles without their hat, which captions do not tell apart
UNTOLD = 0.05  # of the weight of others: glasses that the caption leaves out, else half-drawn ones
MOST_PHOTOS = 6  # whose mean code stands for a person; users give four or so
HELD_OUT = 256  # last pictures of the bank, for looking only
#: What no caption tells, of blur the range up to where captions tell it: pictures of cameras beyond
#: this are left to the networks that read photographs.
MOST_NOISE, LEAST_JPEG, MOST_DEFOCUS = 0.015, 60, 0.5
TOGETHER = "people"  # a caption's word for both persons at once, which is no one's place


@dataclass(frozen=True)
class Batch:
    """One batch.

    Attributes:
        latents: (B, C, 16, 16). head: (B, 1, 16, 16) in [0, 1], the share of head.
        ids: (B, S) caption tokens. subject: (B, S), 1 at the subject's word.
        codes: (B, L, D) W+ codes of other pictures of the person. on: (B,) in {0, 1}.
        named: rows (K,) whose caption names the subject; None: to be found.
        known: (B,) in {0, 1}, nothing in the picture is new; None: not told.
    """

    latents: Tensor
    head: Tensor
    ids: Tensor
    subject: Tensor
    codes: Tensor
    on: Tensor
    named: Tensor | None = None
    known: Tensor | None = None

    def take(self, rows: Tensor) -> Batch:
        """Some of the rows (K,)."""
        return Batch(
            self.latents[rows], self.head[rows], self.ids[rows], self.subject[rows],
            self.codes[rows], self.on[rows],
        )  # fmt: skip

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
        self.known = torch.from_numpy(known_rows(bank.meta[: self.count]))
        self._others = _others(self.persons, self.usable > 0, more)
        self.bare = _others(self.persons, self.usable > 1, more)
        self._stores = [Store(a, self.device) for a in (self.latents, self.heads, self.codes)]
        self._load_text(bank, weights / "diffusers")

    def _load_text(self, bank: Bank, folder: Path) -> None:
        from transformers.models.clip.modeling_clip import CLIPTextModel
        from transformers.models.clip.tokenization_clip import CLIPTokenizer

        from mini.world.captions import canonical
        from mini.world.captions_wide import fault_phrases

        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        self.encoder: Any = CLIPTextModel.from_pretrained(
            folder / "text_encoder", local_files_only=True
        )
        _check_words(tokenizer, bank.world)
        self.encoder.float().eval().requires_grad_(False).to(self.device)
        metas = bank.meta[: self.count]
        self._shares, contexts = shares_of(metas), [context_from(meta) for meta in metas]
        plain = [canonical(c, m["noun"]) for c, m in zip(contexts, metas, strict=True)]
        drawn = []
        for context, meta, canon in zip(contexts, metas, plain, strict=True):
            faults, caption = fault_phrases(context), meta["caption"]
            untold = faults and not set(faults) & set(caption.split(", "))
            drawn.append(canon if untold else caption)
        settings: dict[str, Any] = {"padding": "max_length", "truncation": True}
        self.ids = np.stack(
            [np.asarray(tokenizer(texts, **settings).input_ids) for texts in (drawn, plain)], 1
        ).astype(np.int32)  # (N, 2, S)
        self.empty = np.asarray(tokenizer([""], **settings).input_ids, np.int32)[0]
        nouns = [tokenizer(n, add_special_tokens=False).input_ids[0] for n in NOUNS]
        self.nouns, self.person = np.asarray(nouns), nouns[NOUNS.index("person")]
        both = tokenizer(TOGETHER, add_special_tokens=False).input_ids
        self.both = both[0] if len(both) == 1 else -1  # no word of the narrow world

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

    def wishes(self, index: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """What pictures of these rows' people are drawn by: mean codes (B, L, D) of some of their
        other bare-headed photos, the rows' caption tokens and the subject (B, S)."""
        ids, subject = self._captions(index, rng, drop=0.0)
        most = MOST_PHOTOS + 1
        codes = [self.codes[rng.permutation(self.bare[i])[: rng.integers(1, most)]] for i in index]
        mean = np.stack([part.astype(np.float32).mean(0) for part in codes])
        made = (torch.from_numpy(part) for part in (mean, ids.astype(np.int64), subject))
        codes_, ids_, subject_ = (part.to(self.device) for part in made)
        return codes_, ids_, subject_

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
            self.known[plan[0]].to(self.device),
        )  # fmt: skip

    def _captions(
        self, index: np.ndarray, rng: np.random.Generator, drop: float = NO_TEXT
    ) -> tuple[np.ndarray, np.ndarray]:
        plain = (rng.random(len(index)) < PLAIN).astype(int)
        ids = self.ids[index, plain].copy()
        noun = np.isin(ids, self.nouns)
        noun &= noun.cumsum(axis=1) == 1  # the first mention
        noun &= ~(ids == self.both).any(axis=1, keepdims=True)  # it is the second person's
        vague = rng.random(len(ids)) < 0.1
        ids[noun & vague[:, None]] = self.person
        dropped = rng.random(len(ids)) < drop
        ids[dropped], noun[dropped] = self.empty, False
        return ids, noun.astype(np.float32)


def _check_words(tokenizer: Any, world: World) -> None:
    """SystemExit where words of the world's captions are no words of the tokenizer."""
    from mini.world.captions_wide import vocabulary

    known = tokenizer.get_vocab()
    if lacking := [word for word in vocabulary(world) if f"{word}{SUFFIX}" not in known]:
        raise SystemExit(
            f"The text encoder does not know {', '.join(lacking[:3])} of the {world.name} world. "
            f"Teach it: python -m pidiff_cli.mini.train.words --world {world.name}"
        )


def is_told(context: Context) -> bool:
    """Whether a caption can tell what the camera did, or it did hardly anything."""
    from mini.world.captions_wide import fault_phrases

    camera = context.camera
    clean = camera.noise <= MOST_NOISE and (camera.jpeg == 0 or camera.jpeg >= LEAST_JPEG)
    sharp = camera.motion == 0 and camera.defocus <= MOST_DEFOCUS
    return clean and (sharp or bool(fault_phrases(context)))


def shares_of(metas: list[dict[str, Any]]) -> np.ndarray:
    """How likely each picture is drawn for a batch (N,), by what the bank says of it."""
    hatless = [m["role"] in HATTED and not m["headgear"] for m in metas]
    told = [is_told(context_from(m)) for m in metas]
    unnamed = [m.get("glasses", "none") != "none" and "glasses" not in m["caption"] for m in metas]
    shares = np.where(hatless, HATLESS, 1.0) * np.where(unnamed, UNTOLD, 1.0) * told
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
