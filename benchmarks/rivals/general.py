"""General training of the rivals that read a face embedding: one branch for all people.

    python -m benchmarks.rivals.disentangle --general ip --minutes 20
    python -m benchmarks.rivals.disentangle --general vector --minutes 20

``ip`` is an IP-Adapter (Ye 2023) of diffusers' own classes, ``vector`` PIDiff's branch with the
embedder's vector where the W+ code was.  Both learn on the bank as mini's own branch did: the
vector is the mean of other pictures of the person, the UNet is frozen.  Neither starts at
nothing: keys and values are those of mini's branch, and the projection is first fitted to the
tokens that mini's branch has for the same pictures.  Needs the bank, its latents, its codes and
the aligned bank (``python -m mini.train`` lists the commands).  A stopped run goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmarks.rivals.cases import HOME, Case
from benchmarks.rivals.shop import Made, Shop, all_seeds, full_prompts
from benchmarks.rivals.train import ddpm
from mini.train import common
from mini.train.data.aligned import open_aligned
from mini.train.diffusion.data import Batch, Pictures
from mini.train.diffusion.unet import GAMMA, HEAD
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.identity.adapter import place_projector
from pidiff_cli.core.identity.attention import branch_state, cross_attentions
from pidiff_cli.core.identity.tokens import WPlusProjector
from pidiff_cli.core.training.losses import min_snr_weight
from pidiff_cli.stages.faces import aligned_faces

KINDS = ("ip", "vector")
BATCH, RATE, DROP = 32, 5e-4, 0.05
FIT_STEPS, FIT_BATCH, FIT_RATE = 800, 256, 2e-3  # of the projection alone, no UNet in it


def folder_of(kind: str, shop: Shop) -> Path:
    """Where a branch for these weights lies."""
    return HOME / "general" / f"{kind}-{shop.digest}"


def training_of(kind: str, shop: Shop) -> dict[str, Any]:
    """Steps, batch and CPU seconds of a branch's general training, for the table."""
    return dict(json.loads((folder_of(kind, shop) / "training.json").read_text()))


def embed_bank(shop: Shop, pictures: int) -> np.ndarray:
    """The likeness embedder's vectors of the aligned bank's first pictures, (N, E) f16."""
    path = HOME / f"embeddings-{shop.digest}-{pictures}.npy"
    if not path.is_file():
        plain = open_aligned().plain[:pictures]  # (N, S, S, 3)
        parts = [shop.reader.embed(list(plain[i : i + 64])) for i in range(0, len(plain), 64)]
        np.save(path, torch.cat(parts).half().numpy())
    return np.load(path)


class Faces(Pictures):
    """The bank's first pictures with the embedder's vectors beside the W+ codes."""

    def __init__(self, shop: Shop, pictures: int) -> None:
        super().__init__(common.BANK, seed=7)
        self.count = min(self.count, pictures)
        self._others = [own[own < self.count] for own in self._others[: self.count]]
        self.vectors = embed_bank(shop, self.count)

    def vectors_of(
        self, index: np.ndarray, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors (B, E), codes (B, L, D) of the same other pictures; 1 where there are any."""
        vectors, codes, known = [], [], []
        for i in index:
            others = self._others[i]
            chosen = rng.permutation(others)[: rng.integers(1, 4)]
            known.append(float(len(chosen) > 0))
            chosen = chosen if len(chosen) else np.asarray([i])
            vectors.append(self.vectors[chosen].astype(np.float32).mean(0))
            codes.append(self.codes[chosen].astype(np.float32).mean(0))
        arrays = (np.stack(vectors), np.stack(codes), np.asarray(known, np.float32))
        v, w, k = (torch.from_numpy(a) for a in arrays)
        return v, w, k

    def faces_batch(self, step: int, size: int) -> tuple[Batch, Tensor]:
        """The step's batch and the vectors (B, E)."""
        rng = np.random.default_rng((self.seed, step, 1))
        index = rng.integers(0, self.count, size)
        ids, subject = self._captions(index, rng)
        vectors, codes, known = self.vectors_of(index, rng)
        keep = torch.from_numpy((rng.random(size) >= DROP).astype(np.float32)) * known
        columns = (self.latents[index], self.heads[index][:, None], ids, subject)
        z, head, tokens, names = (torch.from_numpy(np.asarray(c)) for c in columns)
        return Batch(z.float(), head.float(), tokens.long(), names, codes, keep), vectors


def fresh_projector(shop: Shop, dim: int) -> WPlusProjector:
    """From one vector to as many tokens as mini's branch has: a linear map each, one LayerNorm.

    (IP-Adapter's projection is the same with a bias.)
    """
    general = shop.base.projector
    count = len(general.groups)
    groups = tuple((i, i + 1) for i in range(count))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = WPlusProjector(count, dim, groups, general.out_dim)
    made.norm.load_state_dict(general.norm.state_dict())
    return made


def fit_projector(projector: WPlusProjector, shop: Shop, data: Faces) -> float:
    """Fit the tokens of the vectors to those of the codes; the error's share of the variance."""
    optimizer = torch.optim.Adam(projector.parameters(), FIT_RATE)
    error = variance = 1.0
    for step in range(FIT_STEPS):
        rng = np.random.default_rng((8, step))
        vectors, codes, _ = data.vectors_of(rng.integers(0, data.count, FIT_BATCH), rng)
        with torch.no_grad():
            target = shop.base.projector(codes)
        loss = F.mse_loss(projector(rows_of(vectors, projector.rows)), target)
        loss.backward()
        optimizer.param_groups[0]["lr"] = FIT_RATE * (1 - step / FIT_STEPS)
        optimizer.step()
        optimizer.zero_grad()
        error, variance = float(loss.detach()), float((target - target.mean(0)).square().mean())
    return error / variance


def rows_of(vectors: Tensor, rows: int) -> Tensor:
    """Vectors (B, E) as codes (B, rows, E), every row the same."""
    return vectors[:, None].expand(-1, rows, -1)


def add_ip(unet: Any, projector: WPlusProjector, branch: dict[str, Tensor]) -> list[nn.Parameter]:
    """Make a stock UNet an IP-Adapter's; what is to be trained.

    Args:
        projector: the first values of the projection. branch: keys and values to start with.
    """
    from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0
    from diffusers.models.embeddings import ImageProjection, MultiIPAdapterImageProjection

    count, width = projector.rows, projector.out_dim
    project = ImageProjection(projector.dim, width, count)
    with torch.no_grad():
        weights = [getattr(projector, f"proj_{i}").weight for i in range(count)]
        project.image_embeds.weight.copy_(torch.cat(weights))
        project.image_embeds.bias.zero_()
        project.norm.load_state_dict(projector.norm.state_dict())
    processors = {}
    for name, old in unet.attn_processors.items():
        path = name.removesuffix(".processor")
        processors[name] = old
        if not name.endswith("attn2.processor"):
            continue
        made = IPAdapterAttnProcessor2_0(
            unet.get_submodule(path).to_q.weight.shape[0], width, num_tokens=(count,)
        )
        with torch.no_grad():
            made.to_k_ip[0].weight.copy_(branch[f"{path}.to_k_id.weight"])
            made.to_v_ip[0].weight.copy_(branch[f"{path}.to_v_id.weight"])
        processors[name] = made
    found = [m for m in processors.values() if isinstance(m, nn.Module)]
    unet.set_attn_processor(processors)  # empties the dict
    unet.encoder_hid_proj = MultiIPAdapterImageProjection([project])
    unet.config.encoder_hid_dim_type = "ip_image_proj"
    return [p for m in (project, *found) for p in m.parameters()]


def ip_unet(shop: Shop) -> tuple[Any, list[nn.Parameter]]:
    """A stock UNet with the trained IP-Adapter in it."""
    state = load_file(folder_of("ip", shop) / "state.safetensors")
    unet = shop.own_unet()
    dim = state["projection.image_embeds.weight"].shape[1]
    parameters = add_ip(unet, fresh_projector(shop, dim), branch_state(shop.base.unet))
    _ip_module(unet).load_state_dict(state)
    return unet, parameters


def vector_base(shop: Shop) -> Base:
    """PIDiff's base with the branch that reads the embedder's vector."""

    state = load_file(folder_of("vector", shop) / "state.safetensors")
    dim = state["projector.proj_0.weight"].shape[1]
    projector = fresh_projector(shop, dim)
    base = shop.own_base()
    _vector_module(base, projector).load_state_dict(state)
    place_projector(base.unet, projector)
    return replace(base, rows=projector.rows, dim=dim)


def _ip_module(unet: Any) -> nn.Module:
    """What an IP-Adapter trains, as one module."""
    made = nn.ModuleDict({"projection": unet.encoder_hid_proj.image_projection_layers[0]})
    layers = [p for n, p in unet.attn_processors.items() if n.endswith("attn2.processor")]
    made["layers"] = nn.ModuleList(layers)
    return made


def _vector_module(base: Base, projector: WPlusProjector) -> nn.Module:
    """What PIDiff's general branch trains, as one module."""
    parts = [
        nn.ModuleList([getattr(layer, f"to_{x}_id") for x in "qkv"])
        for _, layer in cross_attentions(base.unet)
    ]
    return nn.ModuleDict({"projector": projector, "layers": nn.ModuleList(parts)})


def train_general(kind: str, shop: Shop, minutes: float, pictures: int) -> None:
    """Train one kind for so many CPU minutes in all; goes on where a stopped run was."""
    folder = folder_of(kind, shop)
    folder.mkdir(parents=True, exist_ok=True)
    data = Faces(shop, pictures)
    projector = fresh_projector(shop, data.vectors.shape[1])
    said: dict[str, Any] = {"steps": 0, "batch": BATCH, "pictures": data.count, "cpu_seconds": 0.0}
    kept = folder / "training.json"
    if kept.is_file():
        said = json.loads(kept.read_text())
    else:
        said["fit_error"] = fit_projector(projector, shop, data)
        print(f"{kind}: projection fitted, {said['fit_error']:.3f} unexplained", flush=True)
    unet, base = shop.own_unet(), shop.own_base()
    if kind == "ip":
        add_ip(unet, projector, branch_state(base.unet))
        module = _ip_module(unet)
    else:
        module = _vector_module(base, projector)
    if kept.is_file():
        module.load_state_dict(load_file(folder / "state.safetensors"))
    module.requires_grad_(True)
    optimizer = torch.optim.AdamW(module.parameters(), lr=RATE, weight_decay=0.01)
    scheduler, began, before = ddpm(shop.pipe), time.process_time(), said["cpu_seconds"]
    while before + time.process_time() - began < 60 * minutes:
        spent = before + time.process_time() - began
        rate = RATE * max(0.1, 1 - spent / (60 * minutes))
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (said["steps"] + 1) / 20)
        loss = _loss(kind, unet, base, projector, data, scheduler, said["steps"])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        said["steps"] += 1
        if said["steps"] % 20 == 0:
            said["cpu_seconds"] = before + time.process_time() - began
            _save(module, folder, said)
            print(f"{kind} {said['steps']}: {float(loss.detach()):.4f}", flush=True)
    said["cpu_seconds"] = before + time.process_time() - began
    _save(module, folder, said)


def _loss(
    kind: str, unet: Any, base: Base, projector: WPlusProjector, data: Faces,
    scheduler: Any, step: int,
) -> Tensor:  # fmt: skip
    """The prediction error of a batch, weighted as in mini's own training."""
    batch, vectors = data.faces_batch(step, BATCH)
    generator = torch.Generator().manual_seed(step)
    t = ((torch.arange(BATCH) + torch.rand(BATCH, generator=generator)) * (1000 / BATCH)).long()
    noise = torch.randn(batch.latents.shape, generator=generator)
    noisy = scheduler.add_noise(batch.latents, noise, t)
    target = scheduler.get_velocity(batch.latents, noise, t)
    text = data.text(batch.ids)
    vectors = vectors * batch.on[:, None]
    with torch.autocast("cpu", torch.bfloat16):
        if kind == "ip":
            more = {"added_cond_kwargs": {"image_embeds": [vectors[:, None]]}}
            predicted = unet(noisy, t, encoder_hidden_states=text, **more).sample
        else:
            context = base.context
            context.tokens = projector(rows_of(vectors, projector.rows))
            context.subject, context.on, context.scale = batch.subject, batch.on, 1.0
            context.use_map, context.record = True, False
            predicted = base.unet(noisy, t, encoder_hidden_states=text).sample
    error = (predicted.float() - target).square() * (1 + HEAD * batch.head)
    weight = min_snr_weight(scheduler.alphas_cumprod[t], GAMMA, "v_prediction")
    return (error.mean((1, 2, 3)) * weight).mean()


def _save(module: nn.Module, folder: Path, said: dict[str, Any]) -> None:
    state = {k: v.detach().contiguous().clone() for k, v in module.state_dict().items()}
    save_file(state, folder / "state.tmp")
    (folder / "state.tmp").replace(folder / "state.safetensors")
    (folder / "training.json").write_text(json.dumps(said) + "\n")


def ip_adapter(shop: Shop, case: Case, settings: dict[str, Any]) -> Iterator[Made]:
    """No tuning: the mean vector of the photos. Settings: scale."""
    unet, _ = ip_unet(shop)
    faces = aligned_faces(shop.profile(case))
    vector = shop.reader.embed(list(faces.values())).mean(0)[None, None]  # (1, 1, E)
    pipe = type(shop.pipe)(**{**shop.pipe.components, "unet": unet}, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    for layer in unet.attn_processors.values():
        if hasattr(layer, "scale"):
            layer.scale = [float(settings.get("scale", 1.0))]
    prompts = full_prompts(case)
    embeds = vector.expand(len(prompts), -1, -1)
    given = [torch.cat([torch.zeros_like(embeds), embeds])]
    images = shop.draw(pipe, prompts, all_seeds(case), ip_adapter_image_embeds=given)
    yield Made(images)
