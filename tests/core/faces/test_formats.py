"""The readers of published network files: the same numbers as torch, and no trust in the bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pidiff_cli.core.faces.formats.damage import Damaged
from pidiff_cli.core.faces.formats.onnx_chain import parse_chain, read_chain
from pidiff_cli.core.faces.formats.tflite import parse_tflite, read_tflite
from pidiff_cli.core.faces.graph import GraphNet, open_graph, save_graph
from pidiff_cli.core.tensors.load import write_tensors
from pidiff_cli.errors import InputError, MissingWeightError
from tests.support import tiny_sface
from tests.support import tiny_tflite as tiny

FACE = (3, tiny_sface.SIDE, tiny_sface.SIDE)


def _mixed() -> tuple[bytes, dict[str, np.ndarray]]:
    """6 px, 3 channels: same conv, PReLU (float16), pool, channel pad, depthwise, sum, sigmoid."""
    rng = np.random.default_rng(1)
    w = {
        "kernel": rng.normal(0, 1, (4, 3, 3, 3)).astype(np.float32),
        "bias": rng.normal(0, 1, 4).astype(np.float32),
        "slope": rng.uniform(0.1, 0.5, (1, 1, 4)).astype(np.float16),
        "deep": rng.normal(0, 1, (1, 3, 3, 6)).astype(np.float32),
        "none": np.zeros(6, np.float32),
    }
    sides = np.array([[0, 0], [0, 0], [0, 0], [0, 2]], np.int32)
    tensors = [
        (1, 6, 6, 3), w["kernel"], w["bias"], (1, 3, 3, 4), w["slope"], (1, 1, 4), (1, 3, 3, 4),
        (1, 2, 2, 4), sides, (1, 2, 2, 6), w["deep"], w["none"], (1, 2, 2, 6), (1, 2, 2, 6),
        (1, 2, 2, 6),
    ]  # fmt: skip
    steps = [
        (tiny.CONV, [0, 1, 2], 3, tiny.conv(2, tiny.SAME, tiny.RELU)),
        (tiny.DEQUANTIZE, [4], 5, {}),
        (tiny.PRELU, [3, 5], 6, {}),
        (tiny.POOL, [6], 7, tiny.pool(2, 2, tiny.SAME)),
        (tiny.PAD, [7, 8], 9, {}),
        (tiny.DEPTHWISE, [9, 10, 11], 12, tiny.depthwise(1, tiny.SAME)),
        (tiny.ADD, [9, 12], 13, {}),
        (tiny.SIGMOID, [13], 14, {}),
    ]
    return tiny.network(steps, tensors, [0], [14]), w


def test_a_tflite_network_runs_as_it_says() -> None:
    data, w = _mixed()
    graph, weights = parse_tflite(data)
    x = torch.rand(2, 3, 6, 6)
    (found,) = GraphNet(graph, weights)(x)
    kernel, deep = (torch.from_numpy(w[name]).permute(0, 3, 1, 2) for name in ("kernel", "deep"))
    # Six pixels in steps of two: the odd padding lies right and below.
    y = F.relu(F.conv2d(F.pad(x, (0, 1, 0, 1)), kernel, torch.from_numpy(w["bias"]), 2))
    y = F.prelu(y, torch.from_numpy(w["slope"]).float().flatten())
    y = F.max_pool2d(F.pad(y, (0, 1, 0, 1), value=-torch.inf), 2, 2)
    y = F.pad(y, (0, 0, 0, 0, 0, 2))
    y = (y + F.conv2d(y, deep.permute(1, 0, 2, 3), padding=1, groups=6)).sigmoid()
    torch.testing.assert_close(found, y)


def test_blocks_of_int8_are_the_float_network() -> None:
    plain, packed = (
        GraphNet(*parse_chain(tiny_sface.tiny_sface(quantised), FACE))
        for quantised in (False, True)
    )
    assert [step.kind for step in plain.graph.steps] == [
        "affine", "conv", "prelu", "flatten", "linear",
    ]  # fmt: skip
    x = 255 * torch.rand(1, *FACE)
    torch.testing.assert_close(plain(x), packed(x))


def test_a_chain_runs_as_it_says() -> None:
    told = {name: torch.from_numpy(value) for name, value in _constants().items()}
    x = (255 * torch.rand(2, *FACE)).requires_grad_()
    y = F.conv2d((x - 127.5) / 128, told["w1"], None, 16)
    y = F.batch_norm(y, told["n1m"], told["n1v"], told["n1g"], told["n1b"], eps=1e-3)
    y = F.linear(F.prelu(y, told["slope"].flatten()).flatten(1), told["w2"], told["b2"])
    y = F.batch_norm(y, told["n2m"], told["n2v"], told["n2g"], told["n2b"], eps=2e-5)
    (found,) = GraphNet(*parse_chain(tiny_sface.tiny_sface(), FACE))(x)
    torch.testing.assert_close(found, y, rtol=1e-4, atol=1e-4)
    (slope,) = torch.autograd.grad(found.sum(), x)
    assert slope.abs().sum() > 0


def _constants() -> dict[str, np.ndarray]:
    from pidiff_cli.core.faces.formats.onnx import parse_onnx

    return {name: np.array(v) for name, v in parse_onnx(tiny_sface.tiny_sface()).constants.items()}


@pytest.mark.parametrize("kind", ["tflite", "onnx"])
def test_damage_is_told_and_nothing_hangs(kind: str) -> None:
    data = _mixed()[0] if kind == "tflite" else _short_onnx()
    rng = np.random.default_rng(0)
    broken = [data[:length] for length in range(0, len(data), max(len(data) // 60, 1))]
    for _ in range(300):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            changed[place] = int(rng.choice([0, 1, 127, 128, 255]))
        broken.append(bytes(changed))
    for one in broken:
        try:
            parse_tflite(one) if kind == "tflite" else parse_chain(one, FACE)
        except Damaged:
            pass  # anything else would reach the user as a traceback


def _short_onnx() -> bytes:
    nodes = [
        tiny_sface.node("Conv", "data w", "c", strides=[16, 16], pads=[1, 1, 1, 1], group=3),
        tiny_sface.node("BatchNormalization", "c g g g g", "d", epsilon=1e-3),
        tiny_sface.node("PRelu", "d s", "fc1"),
    ]
    ones = np.ones(3, np.float32)
    constants = {"w": np.ones((3, 1, 2, 2), np.float32), "g": ones, "s": ones.reshape(3, 1, 1)}
    return tiny_sface.model(nodes, constants)


@pytest.mark.parametrize(
    ("what", "shape"), [("huge", (1 << 40, 1 << 20)), ("negative", (-1, 2)), ("other", (3,))]
)
def test_sizes_are_checked_before_anything_is_made(what: str, shape: tuple[int, ...]) -> None:
    value = np.ones(2, np.float32)
    wrong = tiny_sface.tensor("w", value, tuple(v % (1 << 64) for v in shape))
    graph = tiny_sface._field(5, wrong)
    with pytest.raises(Damaged, match="w "):
        parse_chain(tiny_sface._field(7, graph), FACE)
    tensors = [(1, 4, 4, 3), value.reshape(1, 1, 2), (1, 4, 4, 3)]
    data = tiny.network([(tiny.PRELU, [0, 1], 2, {})], tensors, [0], [2])
    dims = struct.pack("<4i", 3, 1, 1, 2)
    assert data.count(dims) == 1
    clipped = [min(max(v, -(1 << 31)), (1 << 31) - 1) for v in (*shape, 7, 7)][:3]
    with pytest.raises(Damaged):
        parse_tflite(data.replace(dims, struct.pack("<4i", 3, *clipped)))


def test_too_large_a_map_or_too_long_a_work_is_refused() -> None:
    sides = np.array([[0, 0], [4000, 4000], [4000, 4000], [0, 0]], np.int32)
    tensors = [(1, 4, 4, 3), sides, (1, 9, 9, 3)]
    with pytest.raises(Damaged, match="would be"):
        parse_tflite(tiny.network([(tiny.PAD, [0, 1], 2, {})], tensors, [0], [2]))
    big, bias = np.ones((64, 8, 8, 64), np.float32), np.ones(64, np.float32)
    maps = [(1, 400, 400, 64)] * 2
    with pytest.raises(Damaged, match="too long"):
        step = (tiny.CONV, [0, 2, 3], 1, tiny.conv(1, tiny.SAME))
        parse_tflite(tiny.network([step], [*maps, big, bias], [0], [1]))


def test_weights_that_are_no_numbers_are_refused() -> None:
    slope = np.array([[[1, np.nan, 1]]], np.float32)
    step = (tiny.PRELU, [0, 1], 2, {})
    with pytest.raises(Damaged, match="no numbers"):
        parse_tflite(tiny.network([step], [(1, 4, 4, 3), slope, (1, 4, 4, 3)], [0], [2]))


def test_unknown_operations_are_named() -> None:
    with pytest.raises(Damaged, match="operation 99"):
        parse_tflite(tiny.network([(99, [0], 1, {})], [(1, 4, 4, 3)] * 2, [0], [1]))
    with pytest.raises(Damaged, match="Softmax is not known"):
        parse_chain(tiny_sface.model([tiny_sface.node("Softmax", "data", "fc1")], {}), FACE)


def test_files_give_errors_a_user_can_read(tmp_path: Path) -> None:
    page = tmp_path / "page.onnx"
    page.write_bytes(b"<!doctype html><p>Not found")
    for read in (lambda: read_chain(page, FACE, "SFace"), lambda: read_tflite(page, "SFace")):
        with pytest.raises(InputError, match="page.onnx is damaged, or not SFace"):
            read()
    with pytest.raises(MissingWeightError):
        read_tflite(tmp_path / "none.tflite")


def test_a_converted_file_is_checked_when_opened(tmp_path: Path) -> None:
    graph, weights = parse_tflite(_mixed()[0])
    path = tmp_path / "net.safetensors"
    save_graph(path, graph, weights)
    net = open_graph(path)
    assert net.graph == graph and net.shapes == [(1, 6, 2, 2)]
    x = torch.rand(1, 3, 6, 6)
    torch.testing.assert_close(net(x), GraphNet(graph, weights)(x))
    for told in ("", "[", "[]", '{"steps": 1}', "[" * 5000, '{"input":"x","shape":[1e999]}'):
        write_tensors(path, weights, {"graph": told})
        with pytest.raises(InputError, match="is no network"):
            open_graph(path)
    save_graph(path, graph, weights | {"more": torch.ones(1)})
    with pytest.raises(InputError, match="more"):
        open_graph(path)
