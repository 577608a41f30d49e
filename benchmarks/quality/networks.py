"""The parts of the table that need no tuning: judge, autoencoder, inversion, style mixing."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.drawings import Drawings, contexts_of, draw_set, identities, to_tensor
from mini.world.captions import caption
from mini.world.context import Context
from mini.world.factors import GROUPS
from mini.world.people import Person
from mini.world.registry import BROAD, NARROW, World, styles
from pidiff_cli.core.metrics.judge import Judge
from pidiff_cli.core.wplus.editing import mix
from pidiff_cli.core.wplus.weights import load_encoder, load_generator

READABLE = 0.5  # R squared from which the judge's reading of a factor counts
PAIRS = 80


def gallery(judge: Judge, people: list[int]) -> Tensor:
    """(P, E): the mean embedding of four reference drawings of each person, unit length."""
    references = draw_set("gallery", people, 4, style="photo")
    vectors = judge.embed(to_tensor(references.plain)).view(len(people), 4, -1)
    return F.normalize(vectors.mean(1), dim=-1)


def rank1(judge: Judge, reference: Tensor, people: list[int], crops: np.ndarray, who: Any) -> float:
    """Share of the aligned crops u8 (B, 128, 128, 3) whose nearest person is the right one."""
    nearest = (judge.embed(to_tensor(crops)) @ reference.T).argmax(1).tolist()
    return float(np.mean([people[n] == int(w) for n, w in zip(nearest, who, strict=True)]))


def measure_judge(judge: Judge) -> dict[str, Any]:
    """Rank-1 and caption accuracy on true drawings, over all contexts and for each style."""
    people = identities()
    reference = gallery(judge, people)
    probes = draw_set("probe", people, 2, world=BROAD)
    by_style = {}
    for style in styles(BROAD):
        some = draw_set(f"probe-{style}", people[:60], 1, world=BROAD, style=style)
        by_style[style] = rank1(judge, reference, people, some.plain, some.persons)
    return {
        "rank1": rank1(judge, reference, people, probes.plain, probes.persons),
        "rank1_by_style": by_style,
        "rank1_all_styles_alike": float(np.mean(list(by_style.values()))),
        **right_caption(judge, probes, contexts_of("probe", people, 2, world=BROAD)),
        "probes": len(probes),
    }


def right_caption(
    judge: Judge, drawn: Drawings, contexts: list[tuple[Person, Context]]
) -> dict[str, float]:
    """Share of drawings whose own caption wins against those of 31 other drawings, and the share
    of those where a caption wins that is true of them ("a photo of a man" is, of many)."""
    order = np.random.default_rng(3).permutation(len(drawn))
    own, true = [], []
    for start in range(0, len(order) - 31, 32):
        rows = order[start : start + 32]
        captions = [str(text) for text in drawn.caption[rows]]
        best = judge.text_image(drawn.rgb[rows], captions).argmax(1).tolist()
        for i, b in enumerate(best):
            own.append(captions[b] == captions[i])
            true.append(own[-1] or could_say(captions[b], *contexts[rows[i]]))
    return {"right_of_32": float(np.mean(own)), "true_of_32": float(np.mean(true))}


def could_say(text: str, person: Person, context: Context, tries: int = 30_000) -> bool:
    """Whether the world, asked so many times for this drawing's caption, writes this one once."""
    return any(caption(person, context, np.random.default_rng(k)) == text for k in range(tries))


def measure_autoencoder(base: Any) -> dict[str, Any]:
    """PSNR in dB of held-out drawings after encoding and decoding, styles as they come, and of
    drawings of the narrow world, as it was measured before there was a broader one."""
    psnr = {world.name: round_trip(base, world) for world in (BROAD, NARROW)}
    own = psnr[BROAD.name]
    return {
        "psnr_db": float(own.mean()), "worst_db": float(own.min()), "pictures": len(own),
        "psnr_db_narrow": float(psnr[NARROW.name].mean()),
    }  # fmt: skip


@torch.no_grad()
def round_trip(base: Any, world: World) -> Tensor:
    """PSNR in dB (B,) of a world's drawings of the held-out people."""
    drawn = draw_set("probe", identities(), 2, world=world)
    x = to_tensor(drawn.rgb[::2])
    out = torch.cat([base.decode(base.encode(part)) for part in x.split(16)]).clamp(-1, 1)
    error = ((out - x) / 2).square().mean((1, 2, 3))  # (B,) range 1
    return -10 * error.log10()


@torch.no_grad()
def encode(folder: Any, white: np.ndarray) -> Tensor:
    """White-background crops u8 (B, 128, 128, 3) -> W+ codes (B, L, D)."""
    encoder, (_, mean) = load_encoder(folder), load_generator(folder)
    return torch.cat([encoder(part) + mean for part in to_tensor(white).split(32)])


@torch.no_grad()
def redraw(folder: Any, codes: Tensor) -> Tensor:
    """W+ codes (B, L, D) -> pictures (B, 3, 128, 128) in [-1, 1]."""
    generator, _ = load_generator(folder)
    return torch.cat([generator.synthesise(part) for part in codes.split(32)]).clamp(-1, 1)


def measure_inversion(judge: Judge, folder: Any) -> dict[str, Any]:
    """Rank-1 of pictures redrawn from the encoder's codes, and how near the codes draw."""
    people = identities()
    reference = gallery(judge, people)
    probes = draw_set("invert", people, 1, style="photo")
    codes = encode(folder, probes.white)
    made = redraw(folder, codes)
    nearest = (judge.embed(made) @ reference.T).argmax(1).tolist()
    right = [people[n] == int(w) for n, w in zip(nearest, probes.persons, strict=True)]
    error = ((made - to_tensor(probes.white)) / 2).square().mean((1, 2, 3))
    return {
        "rank1": float(np.mean(right)),
        "rank1_of_the_drawings": rank1(judge, reference, people, probes.white, probes.persons),
        "psnr_db": float((-10 * error.log10()).mean()),
        "probes": len(probes),
    }


def measure_stylemix(judge: Judge, folder: Any) -> dict[str, Any]:
    """How much of each factor's change comes with its own group of layers.

    A becomes B in one group at a time.  Group g carries of factor k the slope s_kg of the change
    against the whole difference between A and B, over all pairs; the share of the own group is
    s_own / (|s_coarse| + |s_medium| + |s_fine|).  Factors that the judge cannot read are left out.
    """
    drawn = draw_set("mix", identities(2 * PAIRS, first=100), 1, style="photo", headgear=False)
    codes = encode(folder, drawn.white)
    first, second = codes[:PAIRS], codes[PAIRS:]
    start = judge.factors(redraw(folder, first))
    whole = judge.factors(redraw(folder, second)) - start  # (P, F)
    slopes = {}
    for group in GROUPS:
        mixed = redraw(folder, mix(first, second, [group]))
        change = judge.factors(mixed) - start
        slopes[group] = ((change * whole).sum(0) / whole.square().sum(0).clamp(min=1e-6)).numpy()
    total = sum(np.abs(slope) for slope in slopes.values())
    table: dict[str, Any] = {}
    for group, where in GROUPS.items():
        columns = range(where.start, where.stop)
        read = [k for k in columns if judge.factor_r2[k] >= READABLE]
        shares = {judge.factor_names[k]: float(slopes[group][k] / total[k]) for k in read}
        table[group] = {"share": float(np.mean(list(shares.values()))) if shares else None,
                        "factors_read": len(read), "factors": len(columns), "each": shares,
                        "from": {g: float(np.mean([abs(s[k]) / total[k] for k in read]))
                                 for g, s in slopes.items()} if read else {}}  # fmt: skip
    return table
