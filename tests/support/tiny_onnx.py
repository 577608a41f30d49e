"""A small ONNX file written by hand: what OpenCV's SFace reader opens, without the onnx package."""

from __future__ import annotations

from pathlib import Path


def write_means(path: Path, side: int = 112, cell: int = 28) -> Path:
    """Input (1, 3, side, side); output: the mean of each channel in each cell, flattened."""
    count = side // cell
    pool = _node("AveragePool", "data", "pooled", kernel_shape=[cell] * 2, strides=[cell] * 2)
    flat = _node("Flatten", "pooled", "fc1")
    graph = _field(1, pool) + _field(1, flat) + _field(2, b"means")
    graph += _field(11, _value("data", (1, 3, side, side)))
    graph += _field(12, _value("fc1", (1, 3 * count * count)))
    opset = _field(1, b"") + _number(2, 13)
    path.write_bytes(_number(1, 8) + _field(7, graph) + _field(8, opset))
    return path


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _node(kind: str, given: str, made: str, **lists: list[int]) -> bytes:
    out = _field(1, given.encode()) + _field(2, made.encode()) + _field(4, kind.encode())
    for name, values in lists.items():
        ints = b"".join(_number(8, value) for value in values)
        out += _field(5, _field(1, name.encode()) + ints + _number(20, 7))
    return out


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_field(1, _number(1, size)) for size in shape)
    kind = _field(1, _number(1, 1) + _field(2, dims))
    return _field(1, name.encode()) + _field(2, kind)
