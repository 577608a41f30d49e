"""mini's losses keep to their device.

No GPU is needed: on the meta device a step with a tensor of the CPU in it, or one that waits for
a value, fails.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mini.train import perceptual
from mini.train.autoencoder import autoencoder
from mini.train.data.layout import masks, to_z
from mini.train.diffusion import unet as diffusion
from mini.train.diffusion.data import Batch
from mini.train.faces import networks as face_nets
from mini.train.judge import embedder as judge_embedder
from mini.train.judge import judge
from mini.train.judge.data import tinted
from mini.train.machine import Machine, Store, bf16
from mini.train.wplus import e4e, parts
from mini.world.factors import NAMES

META = torch.device("meta")
WHERE = Machine(META, 4)
B = 4


def _bytes(*shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.uint8, device=META)


def _whole(*shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.int64, device=META)


def _floats(*shape: int) -> Tensor:
    return torch.empty(shape, device=META)


def _autoencoder() -> Tensor:
    net = autoencoder.build().to(META)
    x = _floats(B, 3, 64, 64)
    loss, _, made = autoencoder.loss_terms(net, x, _floats(B, 1, 64, 64), bf16(META))
    args = argparse.Namespace(adversarial=0.3, perceptual=0.0, features=None)
    extra = perceptual.Crisp(args, WHERE)
    total = extra.loss(loss, made, x, 0.5)
    extra.learn(made, x, 0, 0.5)
    return total


def _stylegan() -> Tensor:
    net = parts.new_generator().to(META)
    z = to_z(_floats(B, len(NAMES)))
    own = masks().to(META)
    w = parts.codes(net, z, own, parts.strangers(z, None))  # type: ignore[arg-type]
    weight = parts.attention_map(_floats(B, 68, 2), parts.SIZE)
    loss = parts.picture_loss(net.synthesise(w), _floats(B, 3, 128, 128), weight)
    optimizer = parts.Optimiser(net)
    optimizer.step(loss, 1.0)
    return loss


def _e4e() -> Tensor:
    net = e4e.new_encoder().to(META)
    teacher = object.__new__(e4e.Teacher)
    teacher.net = parts.new_generator().to(META).requires_grad_(False)
    teacher.masks = masks().to(META)
    teacher.mean, teacher.spread = _floats(12, 80), _floats(12, 1)
    draw: Any = None
    x = e4e.degraded_heads(_bytes(B, 128, 128, 3), _bytes(B, 128, 128), draw)
    loss = teacher.loss(net(x), _floats(B, len(NAMES)), _floats(B, 68, 2))
    loss.backward()
    for optimizer in e4e.optimizers(net):
        optimizer.step()
    return loss


def _landmarks() -> Tensor:
    none: Any = None
    task = face_nets.build_landmarks(none, none)
    task.net.to(META)
    aims = (_floats(B, 68, 2), _whole(B, 64, 64), _floats(B))
    return task.loss(_floats(B, 3, 128, 128), *aims)[0]


def _finder() -> Tensor:
    none: Any = None
    task = face_nets.build_finder(none, none)
    task.net.to(META)
    return task.loss(_floats(B, 3, 160, 160), _floats(B, 20, 20), _floats(B, 4, 20, 20))[0]


def _contrasts() -> Tensor:
    vectors = nn.Parameter(_floats(B, 8))
    same = face_nets.supervised_contrast(vectors, _whole(B), 0.1)
    return same + judge_embedder.contrast_loss(vectors, _whole(B), _floats(6, 8))


def _judge() -> Tensor:
    facts = judge.known_facts()
    net = judge.Clip(judge.settings_for(facts)).to(META)
    x = tinted(
        _bytes(B, 128, 128, 3), _floats(B, 3, 1, 1), _floats(B, 1, 1, 1), _floats(B, 1, 1, 1)
    )
    same = torch.empty(B, 2 * B, dtype=torch.bool, device=META)
    shares = [_floats(len(values)) for values in facts.values.values()]
    classes = _whole(B, len(facts.values))
    loss, _, _ = judge.clip_loss(net, x, _whole(2 * B, 12), same, classes, shares)
    loss.backward()
    return loss


def _diffusion() -> Tensor:
    model = diffusion.Model().to(META)
    batch = Batch(
        _floats(B, 12, 16, 16), _floats(B, 1, 16, 16), _whole(B, 77), _floats(B, 77),
        _floats(B, 12, 80), _floats(B), _whole(3),
    )  # fmt: skip
    text, noise = _floats(B, 77, 192), _floats(B, 12, 16, 16)
    loss, found = diffusion.losses(model, batch, text, _floats(1000), _whole(B), noise)
    assert all(value.device == META for value in found.values())
    loss.backward()
    for optimizer in diffusion.make_optimizers(model):
        optimizer.step()
    return loss


LOSSES = (
    _autoencoder, _stylegan, _e4e, _landmarks, _finder, _contrasts, _judge, _diffusion,
)  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__.strip("_"))
def test_a_loss_stays_on_its_device(loss: Callable[[], Tensor]) -> None:
    made = loss()
    assert made.device == META and made.shape == ()


def test_a_tensor_of_the_cpu_among_them_is_noticed() -> None:
    with pytest.raises(RuntimeError):
        parts.picture_loss(_floats(1, 3, 32, 32), torch.zeros(1, 3, 32, 32), _floats(1, 1, 32, 32))


def test_a_store_gives_rows_in_their_order() -> None:
    import numpy as np

    array = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    for whole in (False, True):
        store = Store(array, torch.device("cpu"), whole)
        rows = store.take(np.array([4, 0, 4]))
        assert rows.dtype == torch.uint8 and rows.tolist() == array[[4, 0, 4]].tolist()


def test_fused_self_attention_predicts_the_same() -> None:
    """What is trained by one kernel on a GPU is drawn by the other on a CPU."""
    torch.manual_seed(0)
    model, text = diffusion.Model().eval(), torch.randn(2, 32, diffusion.TOKEN_DIM)
    z, t = torch.randn(2, diffusion.LATENTS, 16, 16), torch.tensor([100, 900])
    with torch.no_grad():
        written = model.unet(z, t, encoder_hidden_states=text).sample
        fused = model.for_gpu().unet(z, t, encoder_hidden_states=text).sample
    kinds = {
        type(m.processor).__name__ for n, m in model.unet.named_modules() if n.endswith("attn1")
    }
    assert kinds == {"AttnProcessor2_0"}
    torch.testing.assert_close(fused, written, rtol=1e-4, atol=1e-5)
