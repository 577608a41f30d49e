"""Drawings of the world and mini's own pictures of the same captions, and what the judge sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import linalg

from benchmarks.drawings import CACHE, draw_set, identities
from benchmarks.quality.banks import never_combined
from benchmarks.quality.networks import READABLE, encode, redraw
from mini.world import render
from mini.world.captions import caption, describe
from mini.world.combinations import held_out_pairs
from mini.world.context import Context, sample_context
from mini.world.people import Person, sample_person
from mini.world.registry import BROAD, World
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import draw
from pidiff_cli.core.metrics.judge import Judge

HEADS = ("role", "scene", "style", "expression")


@dataclass(frozen=True)
class Wishes:
    """N captions with the facts they ask for: each list has N entries."""

    caption: list[str]
    noun: list[str]
    facts: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.caption)


def sampled(count: int, seed: int, world: World = BROAD) -> tuple[Wishes, np.ndarray]:
    """Contexts as the world draws them, of people held out: captions, and drawings (N, S, S, 3) u8.

    The caption is the canonical one, so it tells role, scene, style, expression and noun.
    """
    rng = np.random.default_rng([seed, count])
    return drawn(lambda i: sample_context(rng, world), count, first=10_000 * (seed + 1))


def drawn(
    context_of: Callable[[int], Context], count: int, first: int
) -> tuple[Wishes, np.ndarray]:
    """Canonical captions and drawings of the i-th context, of people held out from ``first`` on."""
    facts: dict[str, list[str]] = {head: [] for head in HEADS}
    captions, nouns, pictures = [], [], []
    for i, person_id in enumerate(identities(count, first=first)):
        person, context = sample_person(person_id), context_of(i)
        for head in HEADS:
            facts[head].append(str(getattr(context, head)))
        told = {head: values[-1] for head, values in facts.items()}
        captions.append(describe(**told, noun=person.noun, glasses=context.glasses))
        nouns.append(person.noun)
        pictures.append(render.draw(person, context, 128).rgb)
    return Wishes(captions, nouns, facts), np.stack(pictures)


def held_out(count: int) -> tuple[Wishes, np.ndarray]:
    """Photos of the pairs of role and scene that training never sees, each as often, as
    `drawn`."""
    pairs, rng = held_out_pairs(BROAD), np.random.default_rng([6, count])

    def context_of(i: int) -> Context:
        role, scene = pairs[i % len(pairs)]
        return sample_context(rng, BROAD, role=role, scene=scene, style="photo")

    return drawn(context_of, count, first=500_000)


def kept(name: str, make: Any) -> np.ndarray:
    """What ``make()`` gives, kept in the cache under this name."""
    path = CACHE / f"{name}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, make())
    made: np.ndarray = np.load(path)
    return made


def pictured(base: Any, wishes: Wishes, settings: Any, seed: int, say: Any = None) -> np.ndarray:
    """mini's pictures of these captions without identity, (N, S, S, 3) u8, a seed each."""
    made = []
    for i, (text, noun) in enumerate(zip(wishes.caption, wishes.noun, strict=True)):
        prompt = encode_prompt(base, text, noun)
        made.append(draw(base, prompt, None, [seed + i], settings).images[0])
        if say and (i + 1) % 100 == 0:
            say(i + 1)
    return np.stack(made)


def hits(judge: Judge, pictures: np.ndarray, wishes: Wishes) -> dict[str, np.ndarray]:
    """Whether the judge names each picture's own fact, of each kind: (N,) bool."""
    found = judge.classes(pictures)
    return {
        head: np.asarray(judge.class_names[head])[found[head].argmax(1).numpy()]
        == np.asarray(wishes.facts[head])
        for head in HEADS
    }


def recognised(judge: Judge, pictures: np.ndarray, wishes: Wishes) -> dict[str, Any]:
    """Share of pictures whose own fact the judge names, the mean over the facts' values."""
    table: dict[str, Any] = {}
    for head, right in hits(judge, pictures, wishes).items():
        asked = np.asarray(wishes.facts[head])
        each = {value: float(right[asked == value].mean()) for value in sorted(set(asked.tolist()))}
        table[head] = {"mean": float(np.mean(list(each.values()))), "each": each}
    return table


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance of two sets of features (N, F), each as a Gaussian (Heusel 2017)."""
    mean, other = first.mean(0), second.mean(0)
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = linalg.sqrtm(one @ two)
    return float(np.square(mean - other).sum() + np.trace(one + two - 2 * np.real(root)))


def spread(features: np.ndarray) -> float:
    """Mean distance between the rows of features (N, F)."""
    x = torch.from_numpy(features)
    return float(torch.pdist(x).mean())


def repeated(
    facts: dict[str, str], count: int, seed: int, told: bool = True
) -> tuple[Wishes, np.ndarray]:
    """One prompt ``count`` times, and as many drawings of it (`drawn_for`)."""
    pictures = [render.draw(*pair, 128).rgb for pair in drawn_for(facts, count, seed, told)]
    return Wishes([describe(**facts)] * count, [facts["noun"]] * count, {}), np.stack(pictures)


def drawn_for(
    facts: dict[str, str], count: int, seed: int, told: bool = True
) -> list[tuple[Person, Context]]:
    """Other people, poses and layouts for one prompt.

    Args:
        facts: what the prompt names, the noun among it.
        told: those for which the world writes the prompt as their caption, word for word. Else all
            that share the facts it names, whatever it says of others: of "a photo" one in five is
            then an oil painting or a sketch, and two of three faces smile or cry unasked.
    """
    rng, prompt = np.random.default_rng([seed, count]), describe(**facts)
    wanted = {name: value for name, value in facts.items() if name != "noun"}
    found: list[tuple[Person, Context]] = []
    for person in map(sample_person, identities(40 * count, first=400_000)):
        if len(found) == count:
            break
        if person.noun != facts["noun"]:
            continue
        context = sample_context(rng, glasses="none", **wanted)
        while told and caption(person, context, rng) != prompt:
            context = sample_context(rng, glasses="none", **wanted)
        found.append((person, context))
    return found


def unseen(count: int) -> tuple[Wishes, int]:
    """Captions of role, scene, style and expression in combinations that no training picture
    holds, and how many of these there are."""
    found = never_combined()
    rng = np.random.default_rng(5)
    chosen = [found[i] for i in rng.permutation(len(found))[:count]]
    nouns = rng.choice(["woman", "man", "girl", "boy"], len(chosen)).tolist()
    told = [dict(zip(HEADS, facts, strict=True)) for facts in chosen]
    captions = [describe(**facts, noun=noun) for facts, noun in zip(told, nouns, strict=True)]
    columns = [list(column) for column in zip(*chosen, strict=True)]
    return Wishes(captions, nouns, dict(zip(HEADS, columns, strict=True))), len(found)


def all_right(judge: Judge, pictures: np.ndarray, wishes: Wishes) -> dict[str, float]:
    """Share of pictures whose own fact the judge names, of each kind, of role and scene together
    and of all of them."""
    right = hits(judge, pictures, wishes)
    shares = {head: float(each.mean()) for head, each in right.items()}
    shares["role_and_scene"] = float((right["role"] & right["scene"]).mean())
    return shares | {"all": float(np.all(list(right.values()), axis=0).mean())}


def monotone(read: np.ndarray, least: float, slack: float) -> float:
    """Share of factors that go one way from the first row to the last.

    Args:
        read: (T, K) what the judge reads along the way. least: change from end to end (K may
            differ by less: left out). slack: steps back of up to this share of it are noise.
    """
    whole = read[-1] - read[0]
    moved = np.abs(whole) >= least
    if not moved.any():
        return float("nan")
    steps = np.diff(read[:, moved], axis=0) / whole[moved]
    return float((steps.min(0) >= -slack).mean())


def along_the_way(
    judge: Judge, folder: Path, pairs: int, least: float = 0.5, slack: float = 0.1
) -> dict[str, Any]:
    """W+ codes of two drawn people, mixed from one to the other in eight steps, redrawn, read."""
    drawn = draw_set("mix", identities(2 * pairs, first=100), 1, style="photo", headgear=False)
    codes = encode(folder, drawn.white)
    amounts = torch.linspace(0, 1, 9).view(-1, 1, 1)
    names = np.flatnonzero(np.asarray(judge.factor_r2) >= READABLE)
    shares = []
    for one, two in zip(codes[:pairs], codes[pairs:], strict=True):
        read = judge.factors(redraw(folder, one + amounts * (two - one))).numpy()
        shares.append(monotone(read[:, names], least, slack))
    return {"share": float(np.nanmean(shares)), "pairs": pairs, "factors_read": len(names)}


def features_of(judge: Judge, pictures: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """(N, F) float64 features of the judge's trunk."""
    return judge.features(pictures).double().numpy()
