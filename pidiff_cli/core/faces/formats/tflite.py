"""TensorFlow Lite files as graphs that torch runs: convolutions, PReLU and what goes with them.

Source: the schema of TFLite, version 3. Maps are turned from channels-last to channels-first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from pidiff_cli.core.faces.formats.damage import Damaged, as_weight, read_whole
from pidiff_cli.core.faces.formats.flatbuffer import Table, root
from pidiff_cli.core.faces.graph import Graph, Step, check
from pidiff_cli.core.faces.operations import Options

#: Values of all constants together; the largest mesh has 1.3 million.
LARGEST = 8 << 20
#: The schema's number of an element type -> how its bytes are read.
TYPES = {0: "<f4", 1: "<f2", 2: "<i4"}
_FUSED = {0: "", 1: "relu", 3: "relu6"}
_DEQUANTIZE = 6


def read_tflite(path: Path, what: str = "a TFLite network") -> tuple[Graph, dict[str, Tensor]]:
    """A file's steps, checked to fit together, and their weights.

    Raises:
        MissingWeightError: no such file.
        InputError: damaged, too large, or with operations that are not known here.
    """
    return read_whole(path, parse_tflite, what)


def parse_tflite(data: bytes) -> tuple[Graph, dict[str, Tensor]]:
    """The same from bytes; raises Damaged."""
    reader = _Reader(root(data, b"TFL3"))
    graph = reader.graph()
    try:
        check(graph, reader.weights)
    except ValueError as error:
        raise Damaged(str(error)) from error
    return graph, reader.weights


class _Reader:
    """The first subgraph of a model: its tensors by number, its steps, their weights."""

    def __init__(self, model: Table) -> None:
        self.buffers = model.tables(4)
        self.codes = [max(code.byte(0), code.integer(3)) for code in model.tables(1)]
        subgraphs = model.tables(2)
        if len(subgraphs) != 1:
            raise Damaged(f"it has {len(subgraphs)} graphs, not one")
        (self.told,) = subgraphs
        self.tensors = self.told.tables(0)
        self.shapes = [tensor.integers(0) for tensor in self.tensors]
        self.halves: dict[int, int] = {}  # the constant behind one that is widened from float16
        self.steps: list[Step] = []
        self.weights: dict[str, Tensor] = {}
        self.values = 0

    def graph(self) -> Graph:
        """All steps; the input is channels-last in the file, (1, H, W, C)."""
        inputs, outputs = self.told.integers(1), self.told.integers(2)
        if len(inputs) != 1 or len(shape := self._shape(inputs[0])) != 4 or shape[0] != 1:
            raise Damaged("it does not take one picture")
        for told in self.told.tables(3):
            self._step(told)
        chw = (shape[3], shape[1], shape[2])
        return Graph(f"t{inputs[0]}", chw, tuple(self.steps), tuple(f"t{i}" for i in outputs))

    def _step(self, told: Table) -> None:
        number, inputs, outputs = told.integer(0), told.integers(1), told.integers(2)
        kind = self.codes[number] if 0 <= number < len(self.codes) else -1
        if not inputs or len(outputs) != 1:
            raise Damaged(f"an operation {kind} with {len(inputs)} inputs")
        if kind == _DEQUANTIZE:
            self.halves[outputs[0]] = inputs[0]
        elif kind in _KINDS:
            _KINDS[kind](self, told.table(4), inputs, outputs[0])
        else:
            raise Damaged(f"it has the operation {kind}, which is not known here")

    def conv(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """Weights (O, h, w, I) to (O, I, h, w)."""
        self._conv(options, inputs, output, (0, 3, 1, 2), 0)

    def depthwise(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """Weights (1, h, w, C * multiplier) to (C * multiplier, 1, h, w)."""
        self._conv(options, inputs, output, (3, 0, 1, 2), 1)

    def _conv(
        self,
        options: Table | None,
        inputs: tuple[int, ...],
        output: int,
        order: tuple[int, ...],
        shift: int,
    ) -> None:
        if options is None or len(inputs) != 3:
            raise Damaged("a convolution without its options")
        dilation = options.integer(4 + shift, 1), options.integer(5 + shift, 1)
        kernel = self._constant(inputs[1])
        if dilation != (1, 1) or kernel.ndim != 4:
            raise Damaged("a convolution of an unknown kind")
        stride = (options.integer(2), options.integer(1))
        groups = (self._shape(inputs[0])[-1],) if shift else (1,)
        given = {"stride": stride, "groups": groups, "pad": self._same(options)}
        weights = (kernel.transpose(order), self._constant(inputs[2]))
        fused = options.byte(3 + shift)
        self._add("conv", (inputs[0],), output, weights, given, fused)

    def pool(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """The largest of each window."""
        if options is None:
            raise Damaged("a pool without its options")
        given = {
            "stride": (options.integer(2), options.integer(1)),
            "size": (options.integer(4), options.integer(3)),
            "pad": self._same(options),
        }
        self._add("maxpool", inputs[:1], output, (), given, options.byte(5))

    def add(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """Two maps of one shape."""
        if len(inputs) != 2 or self._shape(inputs[0]) != self._shape(inputs[1]):
            raise Damaged("a sum of two different shapes")
        self._add("add", inputs, output, (), {}, options.byte(0) if options else 0)

    def prelu(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """One slope a channel."""
        slope = self._constant(inputs[1]) if len(inputs) == 2 else np.zeros(0)
        if slope.size == 0 or slope.size != slope.shape[-1]:
            raise Damaged("a PReLU without one slope a channel")
        self._add("prelu", inputs[:1], output, (slope.reshape(-1),))

    def pad(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """Zeros around (batch, H, W, C); never around the batch."""
        sides = self._constant(inputs[1], "<i4") if len(inputs) == 2 else np.zeros(0, np.int32)
        if sides.shape != (4, 2) or sides.min() < 0 or sides[0].any():
            raise Damaged("a padding of an unknown kind")
        high, wide, deep = (tuple(int(v) for v in sides[axis]) for axis in (1, 2, 3))
        self._add("pad", inputs[:1], output, (), {"pad": (*wide, *high, *deep)})

    def flatten(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """A reshape, known only where one value a channel is left and order cannot matter."""
        before, after = self._shape(inputs[0]), self._shape(output)
        if math.prod(before) != before[-1] or math.prod(after) != after[-1]:
            raise Damaged("a reshape of an unknown kind")
        self._add("flatten", inputs[:1], output)

    def relu(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """No less than zero."""
        self._add("relu", inputs[:1], output)

    def sigmoid(self, options: Table | None, inputs: tuple[int, ...], output: int) -> None:
        """Scores to 0..1."""
        self._add("sigmoid", inputs[:1], output)

    def _add(
        self,
        kind: str,
        inputs: tuple[int, ...],
        output: int,
        weights: tuple[np.ndarray, ...] = (),
        options: Options | None = None,
        fused: int = 0,
    ) -> None:
        if fused not in _FUSED:
            raise Damaged(f"a step ends in the function {fused}, which is not known here")
        names = tuple(f"t{output}_{i}" for i in range(len(weights)))
        for name, value in zip(names, weights):
            self.weights[name] = as_weight(value)
        made = f"t{output}" + ("_" if _FUSED[fused] else "")
        given = tuple(f"t{i}" for i in inputs)
        self.steps.append(Step(kind, given, made, names, options or {}))
        if _FUSED[fused]:
            self.steps.append(Step(_FUSED[fused], (made,), f"t{output}"))

    def _shape(self, number: int) -> tuple[int, ...]:
        if not 0 <= number < len(self.shapes) or not self.shapes[number]:
            raise Damaged(f"there is no tensor {number}")
        return self.shapes[number]

    def _constant(self, number: int, dtype: str = "") -> np.ndarray:
        """A tensor with values in the file; float16 widened where the file says so."""
        number = self.halves.get(number, number)
        shape = self._shape(number)
        told = self.tensors[number]
        form, place = TYPES.get(told.byte(1), ""), told.integer(2)
        if not form or (dtype or "f") not in form or not 0 < place < len(self.buffers):
            raise Damaged(f"tensor {number} is not what its step needs")
        content = self.buffers[place].content(0)
        size = math.prod(shape)
        self.values += size
        if told.has(6) or min(shape) < 1 or len(content) != size * np.dtype(form).itemsize:
            raise Damaged(f"tensor {number} says {shape} and has {len(content)} bytes")
        if self.values > LARGEST:
            raise Damaged("it has too many weights")
        return np.frombuffer(content, form).reshape(shape)

    @staticmethod
    def _same(options: Table) -> tuple[int, ...]:
        return (0, 0, 0, 0) if options.byte(0) == 1 else ()


_Kind = Callable[[_Reader, "Table | None", tuple[int, ...], int], None]
#: The schema's number of an operation -> how it is read.
_KINDS: dict[int, _Kind] = {
    0: _Reader.add, 3: _Reader.conv, 4: _Reader.depthwise, 14: _Reader.sigmoid,
    17: _Reader.pool, 19: _Reader.relu, 22: _Reader.flatten, 34: _Reader.pad, 54: _Reader.prelu,
}  # fmt: skip
