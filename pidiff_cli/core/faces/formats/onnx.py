"""ONNX files: nodes, attributes and constants, as far as convolutional networks need them.

Source: the message definitions of `onnx.proto3`, versions 3 to 10, opsets 7 to 21.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

import numpy as np

from pidiff_cli.core.faces.formats.damage import Damaged
from pidiff_cli.core.faces.formats.protobuf import Message

Attribute = int | float | tuple[int, ...]
#: ONNX's number of an element type -> how its bytes are read.
TYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 10: "<f2", 11: "<f8"}
_FLOAT, _INT, _INTS = 1, 2, 7


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        kind: ONNX's name of it ("Conv").
        attributes: integers, floats and lists of integers; those of other kinds are None.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute | None] = field(default_factory=dict)

    def ints(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list of integers; raises Damaged when the attribute is something else."""
        value = self.attributes.get(name, default)
        if not isinstance(value, tuple):
            raise Damaged(f"{self.kind} has an odd {name}")
        return value

    def number(self, name: str, default: float) -> float:
        """An integer or a float; raises Damaged when the attribute is something else."""
        value = self.attributes.get(name, default)
        if not isinstance(value, (int, float)):
            raise Damaged(f"{self.kind} has an odd {name}")
        return value


@dataclass(frozen=True)
class OnnxGraph:
    """What a file says: nodes in order, constants by name, what goes in and comes out."""

    nodes: tuple[Node, ...]
    constants: dict[str, np.ndarray]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def parse_onnx(data: bytes) -> OnnxGraph:
    """A file's bytes; its constants are views into them, nothing is copied. Raises Damaged."""
    model = Message(data)
    if not model.has(7):
        raise Damaged("it has no graph")
    graph = Message(model.content(7))
    constants = {tensor.text(8): _tensor(tensor) for tensor in graph.messages(5)}
    nodes = tuple(_node(node) for node in graph.messages(1))
    used = {name for node in nodes for name in node.inputs}  # constants may be listed, too
    names = tuple(value.text(1) for value in graph.messages(11))
    return OnnxGraph(
        nodes,
        constants,
        tuple(name for name in names if name in used and name not in constants),
        tuple(value.text(1) for value in graph.messages(12)),
    )


def _node(message: Message) -> Node:
    attributes = {part.text(1): _attribute(part) for part in message.messages(5)}
    return Node(message.text(4), message.texts(1), message.texts(2), attributes)


def _attribute(part: Message) -> Attribute | None:
    kind = part.integer(20)
    if kind == _INT:
        return part.integer(3)
    if kind == _INTS:
        return part.integers(8)
    if kind != _FLOAT:
        return None
    content = part.content(2)
    if len(content) not in (0, 4):
        raise Damaged("a float of another size")
    return float(struct.unpack("<f", content)[0]) if len(content) else 0.0


def _tensor(message: Message) -> np.ndarray:
    """TensorProto -> array; its size must be that of its bytes."""
    name, shape, code = message.text(8), message.integers(1), message.integer(2)
    if message.integer(14) or code not in TYPES:
        raise Damaged(f"{name} has elements that are not read here (type {code})")
    if len(shape) > 8 or any(size < 0 for size in shape):
        raise Damaged(f"{name} has no possible shape")
    dtype = np.dtype(TYPES[code])
    if message.has(9):
        content: bytes | memoryview = message.content(9)
    elif code == 1:
        content = message.content(4)
    elif code in (2, 3, 6, 7):
        numbers = message.integers(7 if code == 7 else 5)
        _expect(name, shape, len(numbers))
        content = np.array(numbers, "<i8").astype(dtype).tobytes()
    else:
        raise Damaged(f"{name} has no values")
    _expect(name, shape, len(content) / dtype.itemsize)
    return np.frombuffer(content, dtype).reshape(shape)


def _expect(name: str, shape: tuple[int, ...], count: float) -> None:
    if math.prod(shape) != count:
        raise Damaged(f"{name} says {shape} and has {count:g} values")
