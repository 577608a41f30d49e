"""Batches for the diffusion training: latents, captions with the subject's place, W+ codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import NOUNS
from pidiff_cli.mini.train import common
from pidiff_cli.mini.train.codes import FOLDER as CODES
from pidiff_cli.mini.train.latents import FOLDER as LATENTS
from pidiff_cli.mini.world.bank import Bank

NO_TEXT = 0.08  # captions dropped, for guidance
ON = 0.65  # share of pictures with an identity
PLAIN = 0.4  # share of captions in their canonical wording
BARE = 0.85  # share of codes that are of bare heads where there are some, as users' photos mostly are
HELD_OUT = 256  # last pictures of the bank, for looking only


@dataclass(frozen=True)
class Batch:
    """One batch.

    Attributes:
        latents: (B, C, 16, 16). head: (B, 1, 16, 16) in [0, 1], the share of head.
        ids: (B, S) caption tokens. subject: (B, S), 1 at the subject's word.
        codes: (B, L, D) W+ codes of other pictures of the person. on: (B,) in {0, 1}.
    """

    latents: Tensor
    head: Tensor
    ids: Tensor
    subject: Tensor
    codes: Tensor
    on: Tensor


class Pictures:
    """The bank as the diffusion training sees it; ``batch(step, n)`` is a function of the step."""

    def __init__(self, bank_folder: Path, seed: int) -> None:
        bank = Bank.open(bank_folder)
        self.seed = seed
        self.latents = np.load(LATENTS / "latents.npy", mmap_mode="r")
        self.heads = np.load(LATENTS / "heads.npy", mmap_mode="r")
        self.count = len(self.latents) - HELD_OUT
        self.codes = np.load(CODES / "codes.npy", mmap_mode="r")
        self.usable = np.load(CODES / "usable.npy")
        persons = np.asarray(bank.persons[: self.count])
        self._others = _others(persons, self.usable > 0)
        self._bare = _others(persons, self.usable > 1)
        self._load_text(bank)

    def _load_text(self, bank: Bank) -> None:
        from transformers.models.clip.modeling_clip import CLIPTextModel
        from transformers.models.clip.tokenization_clip import CLIPTokenizer

        from pidiff_cli.mini.world.captions import describe

        folder = common.WEIGHTS / "diffusers"
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        self.encoder: Any = CLIPTextModel.from_pretrained(
            folder / "text_encoder", local_files_only=True
        )
        self.encoder.float().eval().requires_grad_(False)
        metas = [bank.meta[i] for i in range(self.count)]
        drawn = [m["caption"] for m in metas]
        keys = ("role", "scene", "style", "expression", "noun")
        plain = [describe(**{k: m[k] for k in keys}) for m in metas]
        settings: dict[str, Any] = {"padding": "max_length", "truncation": True}
        self.ids = np.stack(
            [np.asarray(tokenizer(texts, **settings).input_ids) for texts in (drawn, plain)], 1
        ).astype(np.int32)  # (N, 2, S)
        self.empty = np.asarray(tokenizer([""], **settings).input_ids, np.int32)[0]
        nouns = [tokenizer(n, add_special_tokens=False).input_ids[0] for n in NOUNS]
        self.nouns, self.person = np.asarray(nouns), nouns[NOUNS.index("person")]

    def text(self, ids: Tensor) -> Tensor:
        """Caption tokens (B, S) to text states (B, S, C)."""
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            states: Tensor = self.encoder(ids)[0]
        return states.float()

    def batch(self, step: int, size: int) -> Batch:
        """The batch of one step."""
        rng = np.random.default_rng((self.seed, step))
        index = rng.integers(0, self.count, size)
        ids, subject = self._captions(index, rng)
        codes = np.stack([self._code(i, rng) for i in index])
        known = np.abs(codes).sum(axis=(1, 2)) > 0
        on = (rng.random(size) < ON) & known
        return Batch(
            torch.from_numpy(self.latents[index].astype(np.float32)),
            torch.from_numpy(self.heads[index].astype(np.float32))[:, None],
            torch.from_numpy(ids.astype(np.int64)),
            torch.from_numpy(subject),
            torch.from_numpy(codes),
            torch.from_numpy(on.astype(np.float32)),
        )

    def _captions(
        self, index: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        plain = (rng.random(len(index)) < PLAIN).astype(int)
        ids = self.ids[index, plain].copy()
        noun = np.isin(ids, self.nouns)
        noun &= noun.cumsum(axis=1) == 1  # the first mention
        vague = rng.random(len(ids)) < 0.1
        ids[noun & vague[:, None]] = self.person
        drop = rng.random(len(ids)) < NO_TEXT
        ids[drop], noun[drop] = self.empty, False
        return ids, noun.astype(np.float32)

    def _code(self, i: int, rng: np.random.Generator) -> np.ndarray:
        """The mean code of one to three other pictures of the person, or zeros."""
        bare = len(self._bare[i]) > 0 and rng.random() < BARE
        others = (self._bare if bare else self._others)[i]
        if len(others) == 0:
            return np.zeros(self.codes.shape[1:], np.float32)
        chosen = rng.permutation(others)[: rng.integers(1, 4)]
        return self.codes[chosen].astype(np.float32).mean(axis=0)


def _others(persons: np.ndarray, usable: np.ndarray) -> list[np.ndarray]:
    """For each picture, the other pictures of its person that have a code."""
    groups: dict[int, list[int]] = {}
    for i, person in enumerate(persons):
        if usable[i]:
            groups.setdefault(int(person), []).append(i)
    return [
        np.asarray([j for j in groups.get(int(person), []) if j != i], np.int64)
        for i, person in enumerate(persons)
    ]
