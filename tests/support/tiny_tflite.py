"""Tiny TFLite files written by hand: a FlatBuffers writer of a few lines and a small network."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

#: The schema's numbers.
ADD, CONV, DEPTHWISE, DEQUANTIZE, SIGMOID, POOL, RESHAPE, PAD, PRELU = (
    0,
    3,
    4,
    6,
    14,
    17,
    22,
    34,
    54,
)
SAME, VALID, RELU = 0, 1, 1
_TYPES = {"float32": 0, "float16": 1, "int32": 2}
Fields = dict[int, Any]


def flatbuffer(root: Fields, mark: bytes = b"TFL3") -> bytes:
    """Tables as dicts: int (4 bytes), bool-sized `np.int8`, bytes, list of ints, dict, dicts."""
    out = bytearray(8)
    out[4:8] = mark
    struct.pack_into("<I", out, 0, _table(out, root))
    return bytes(out)


def network(steps: list[tuple], tensors: list[Any], inputs: list[int], outputs: list[int]) -> bytes:
    """A model: tensors are shapes or arrays; steps (kind, inputs, output, options, fields)."""
    buffers: list[Fields] = [{}]
    told = []
    for tensor in tensors:
        fields: Fields = {0: list(tensor.shape if isinstance(tensor, np.ndarray) else tensor)}
        if isinstance(tensor, np.ndarray):
            fields |= {1: np.int8(_TYPES[tensor.dtype.name]), 2: len(buffers)}
            buffers.append({0: tensor.tobytes()})
        told.append(fields)
    kinds = sorted({step[0] for step in steps})
    operators = [
        {0: kinds.index(kind), 1: given, 2: [made], 3: np.int8(1), 4: options}
        for kind, given, made, options in steps
    ]
    graph = {0: told, 1: inputs, 2: outputs, 3: operators}
    codes = [{0: np.int8(kind)} for kind in kinds]
    return flatbuffer({0: 3, 1: codes, 2: [graph], 4: buffers})


def conv(stride: int, padding: int, fused: int = 0) -> Fields:
    """Options of CONV_2D."""
    return {0: np.int8(padding), 1: stride, 2: stride, 3: np.int8(fused)}


def depthwise(stride: int, padding: int) -> Fields:
    """Options of DEPTHWISE_CONV_2D."""
    return {0: np.int8(padding), 1: stride, 2: stride, 3: 1}


def pool(stride: int, size: int, padding: int) -> Fields:
    """Options of MAX_POOL_2D."""
    return {0: np.int8(padding), 1: stride, 2: stride, 3: size, 4: size}


def tiny_mesh(points: int = 468, side: int = 4) -> bytes:
    """A network that makes 3 * points values and a score of a picture, with random weights."""
    rng = np.random.default_rng(0)
    wide = rng.normal(0, 1, (3 * points, side, side, 3)).astype(np.float32)
    one = rng.normal(0, 1, (1, side, side, 3)).astype(np.float32)
    tensors = [
        (1, side, side, 3),
        wide, np.arange(3 * points, dtype=np.float32), (1, 1, 1, 3 * points),
        one, np.zeros(1, np.float32), (1, 1, 1, 1),
    ]  # fmt: skip
    steps = [(CONV, [0, 4, 5], 6, conv(1, VALID)), (CONV, [0, 1, 2], 3, conv(1, VALID))]
    return network(steps, tensors, [0], [6, 3])


def _table(out: bytearray, fields: Fields) -> int:
    numbers = max(fields, default=-1) + 1
    sizes = {n: 1 if isinstance(v, np.int8) else 4 for n, v in fields.items()}
    places, at = [0] * numbers, 4
    for number, size in sizes.items():
        places[number], at = at, at + size
    start = len(out) + 4 + 2 * numbers
    out += struct.pack(f"<HH{numbers}H", 4 + 2 * numbers, at, *places)
    out += struct.pack("<i", 4 + 2 * numbers) + bytes(at - 4)
    for number, value in fields.items():
        place = start + places[number]
        if isinstance(value, np.int8):
            struct.pack_into("<b", out, place, int(value))
        elif isinstance(value, int):
            struct.pack_into("<i", out, place, value)
        else:
            struct.pack_into("<I", out, place, _child(out, value) - place)
    return start


def _child(out: bytearray, value: Any) -> int:
    if isinstance(value, dict):
        return _table(out, value)
    start = len(out)
    out += struct.pack("<I", len(value))
    if isinstance(value, bytes):
        out += value
    elif value and isinstance(value[0], dict):
        out += bytes(4 * len(value))
        for i, fields in enumerate(value):
            place = start + 4 + 4 * i
            struct.pack_into("<I", out, place, _table(out, fields) - place)
    else:
        out += struct.pack(f"<{len(value)}i", *value)
    return start
