"""A tiny network in SFace's file layout: one chain, weights as float32 or in blocks of int8."""

from __future__ import annotations

import struct

import numpy as np

from tests.support.tiny_onnx import _field, _number, _value

SIDE, SIZE = 112, 128


def tiny_sface(quantised: bool = False) -> bytes:
    """112 px faces to 128 values: scaling, conv 16 px, norm, PReLU, dropout, product, norm."""
    rng = np.random.default_rng(0)
    kernel = rng.integers(-9, 9, (4, 768)).astype(np.float32) / 64
    constants = {
        "half": np.array([127.5], np.float32),
        "small": np.array([1 / 128], np.float32),
        "slope": np.full((4, 1, 1), 0.25, np.float32),
        "w2": rng.normal(0, 0.1, (SIZE, 4 * 49)).astype(np.float32),
        "b2": rng.normal(0, 0.1, SIZE).astype(np.float32),
        **_norm("n1", 4, rng),
        **_norm("n2", SIZE, rng),
    }
    nodes = []
    if quantised:
        scale = np.full((4, 12), 1 / 64, np.float32)
        zero = rng.integers(-2, 3, (4, 12)).astype(np.int8)
        levels = (kernel * 64 + np.repeat(zero, 64, 1)).astype(np.int8)
        constants |= {"q": levels, "s": scale, "z": zero, "shape": np.array([4, 3, 16, 16])}
        nodes += [node("DequantizeLinear", "q s z", "flat", axis=1, block_size=64)]
        nodes += [node("Reshape", "flat shape", "w1")]
    else:
        constants["w1"] = kernel.reshape(4, 3, 16, 16)
    nodes += [
        node("Sub", "data half", "a"),
        node("Mul", "a small", "b"),
        node("Conv", "b w1", "c", strides=[16, 16], pads=[0, 0, 0, 0], group=1),
        node("BatchNormalization", "c n1g n1b n1m n1v", "d", epsilon=1e-3),
        node("PRelu", "d slope", "e"),
        node("Dropout", "e", "f"),
        node("Flatten", "f", "g"),
        node("Gemm", "g w2 b2", "h", transB=1, alpha=1.0, beta=1.0),
        node("BatchNormalization", "h n2g n2b n2m n2v", "fc1", epsilon=2e-5),
    ]
    return model(nodes, constants)


def model(nodes: list[bytes], constants: dict[str, np.ndarray]) -> bytes:
    """A whole file; `data` (1, 3, 112, 112) goes in and `fc1` comes out."""
    graph = b"".join(_field(1, one) for one in nodes)
    graph += b"".join(_field(5, tensor(name, value)) for name, value in constants.items())
    graph += _field(11, _value("data", (1, 3, SIDE, SIDE)))
    graph += _field(11, _value("half", (1,)))  # published files list constants here, too
    graph += _field(12, _value("fc1", (1, SIZE)))
    return _number(1, 8) + _field(7, graph)


def node(kind: str, given: str, made: str, **values: int | float | list[int]) -> bytes:
    """One operation; names parted by spaces."""
    out = b"".join(_field(1, name.encode()) for name in given.split())
    out += _field(2, made.encode()) + _field(4, kind.encode())
    for name, value in values.items():
        if isinstance(value, list):
            told = b"".join(_number(8, one) for one in value) + _number(20, 7)
        elif isinstance(value, int):
            told = _number(3, value) + _number(20, 2)
        else:
            told = bytes([2 << 3 | 5]) + struct.pack("<f", value) + _number(20, 1)
        out += _field(5, _field(1, name.encode()) + told)
    return out


def tensor(name: str, value: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    """A constant with raw bytes; `shape` in place of its own."""
    dims = b"".join(_number(1, size) for size in (value.shape if shape is None else shape))
    code = {"float32": 1, "int8": 3, "int64": 7}[value.dtype.name]
    return dims + _number(2, code) + _field(8, name.encode()) + _field(9, value.tobytes())


def _norm(name: str, size: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    values = rng.uniform(0.5, 1.5, (4, size)).astype(np.float32)
    return {f"{name}{letter}": row for letter, row in zip("gbmv", values)}
