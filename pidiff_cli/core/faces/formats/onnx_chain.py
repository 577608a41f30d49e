"""ONNX networks that are one chain of steps, as graphs that torch runs.

Batch norms become part of the convolution before them where there is one. Weights in blocks of
int8 (`DequantizeLinear` with a block size) are widened to float32.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from pidiff_cli.core.faces.formats.damage import Damaged, as_weight, read_whole
from pidiff_cli.core.faces.formats.onnx import Node, OnnxGraph, parse_onnx
from pidiff_cli.core.faces.graph import Graph, Step, check
from pidiff_cli.core.faces.operations import Options

#: Values of all widened constants together; SFace has 9.7 million weights.
LARGEST = 1 << 24


def read_chain(
    path: Path, shape: tuple[int, int, int], what: str = "an ONNX network"
) -> tuple[Graph, dict[str, Tensor]]:
    """A file's steps, checked to fit together, and their weights.

    Args:
        shape: (C, H, W) of what goes in.

    Raises:
        MissingWeightError: no such file.
        InputError: damaged, too large, no chain, or with operations that are not known here.
    """
    return read_whole(path, lambda data: parse_chain(data, shape), what)


def parse_chain(data: bytes, shape: tuple[int, int, int]) -> tuple[Graph, dict[str, Tensor]]:
    """The same from bytes; raises Damaged."""
    told = parse_onnx(data)
    if len(told.inputs) != 1:
        raise Damaged(f"it takes {len(told.inputs)} things, not one picture")
    chain = _Chain(told)
    with np.errstate(all="ignore"):  # what is no number is refused with the weights
        for node in told.nodes:
            chain.follow(node)
    if told.outputs != (chain.at,):
        raise Damaged("its steps are no chain")
    steps, weights = chain.made()
    graph = Graph("x", shape, tuple(steps), (steps[-1].output if steps else "x",))
    try:
        check(graph, weights)
    except ValueError as error:
        raise Damaged(str(error)) from error
    return graph, weights


class _Chain:
    """Follows the nodes from the input on; `at` is the name of the latest result."""

    def __init__(self, told: OnnxGraph) -> None:
        self.at = told.inputs[0]
        self.constants = dict(told.constants)
        self.steps: list[tuple[str, list[np.ndarray], Options]] = []
        self.widened = 0

    def follow(self, node: Node) -> None:
        """Take one node in: a constant made of constants, or the chain's next step."""
        if not node.outputs:
            raise Damaged(f"{node.kind} makes nothing")
        if node.kind == "Constant":
            return  # only the flags of a dropout are kept in these
        if node.kind in ("DequantizeLinear", "Reshape"):
            make = _dequantised if node.kind == "DequantizeLinear" else _reshaped
            made = make(node, [self._constant(name) for name in node.inputs])
            self.widened += made.size
            if self.widened > 2 * LARGEST:
                raise Damaged("it has too many weights")
            self.constants[node.outputs[0]] = made
            return
        if node.kind not in _KINDS or node.inputs[:1] != (self.at,):
            raise Damaged(f"{node.kind} is not known here, or not the next of the chain")
        names = node.inputs[1:] if node.kind != "Dropout" else ()
        _KINDS[node.kind](self, node, [self._constant(name) for name in names])
        self.at = node.outputs[0]

    def made(self) -> tuple[list[Step], dict[str, Tensor]]:
        """The steps with names, and their weights, float32."""
        steps, weights, before = [], {}, "x"
        for i, (kind, values, options) in enumerate(self.steps):
            names = tuple(f"s{i}_{k}" for k in range(len(values)))
            for name, value in zip(names, values):
                weights[name] = as_weight(value)
            steps.append(Step(kind, (before,), f"s{i}", names, options))
            before = f"s{i}"
        return steps, weights

    def conv(self, node: Node, given: list[np.ndarray]) -> None:
        """ONNX pads top, left, bottom, right; torch left, right, top, bottom."""
        pads = node.ints("pads", (0, 0, 0, 0))
        odd = "auto_pad" in node.attributes or set(node.ints("dilations", (1, 1))) != {1}
        if odd or len(pads) != 4 or given[0].ndim != 4:
            raise Damaged("a convolution of an unknown kind")
        kernel = given[0]
        bias = given[1] if len(given) > 1 else np.zeros(len(kernel), np.float32)
        top, left, bottom, right = pads
        options = {
            "stride": node.ints("strides", (1, 1)),
            "pad": (left, right, top, bottom),
            "groups": (int(node.number("group", 1)),),
        }
        self.steps.append(("conv", [kernel, bias], options))

    def gemm(self, node: Node, given: list[np.ndarray]) -> None:
        """x @ w.T + b."""
        plain = node.number("alpha", 1) == node.number("beta", 1) == 1
        if not plain or node.number("transA", 0) or not node.number("transB", 0) or len(given) != 2:
            raise Damaged("a product of an unknown kind")
        self.steps.append(("linear", given, {}))

    def norm(self, node: Node, given: list[np.ndarray]) -> None:
        """Batch norm with the means and variances in the file."""
        if len(given) != 4 or len({value.shape for value in given}) != 1 or given[0].ndim != 1:
            raise Damaged("a batch norm without its four lists")
        gamma, beta, mean, var = (value.astype(np.float64) for value in given)
        if not (var >= 0).all():
            raise Damaged("a batch norm with negative variances")
        scale = gamma / np.sqrt(var + node.number("epsilon", 1e-5))
        self._scale(scale, beta - mean * scale)

    def arithmetic(self, node: Node, given: list[np.ndarray]) -> None:
        """Minus or times one number."""
        if len(given) != 1 or given[0].size != 1:
            raise Damaged(f"{node.kind} with more than one number")
        value = given[0].astype(np.float64).reshape(1)
        one, none = np.ones(1), np.zeros(1)
        self._scale(*((one, -value) if node.kind == "Sub" else (value, none)))

    def prelu(self, node: Node, given: list[np.ndarray]) -> None:
        """One slope a channel, (C, 1, 1) in the file."""
        if len(given) != 1 or given[0].ndim == 0 or given[0].size != len(given[0]):
            raise Damaged("a PReLU without one slope a channel")
        self.steps.append(("prelu", [given[0].reshape(-1)], {}))

    def flatten(self, node: Node, given: list[np.ndarray]) -> None:
        """(1, C, H, W) to (1, C * H * W)."""
        if node.number("axis", 1) != 1:
            raise Damaged("a flattening of an unknown kind")
        self.steps.append(("flatten", [], {}))

    def dropout(self, node: Node, given: list[np.ndarray]) -> None:
        """Nothing, when a network is used."""

    def _scale(self, scale: np.ndarray, shift: np.ndarray) -> None:
        """x * scale + shift, taken into the step before where that is a sum of products."""
        kind, values, options = self.steps[-1] if self.steps else ("", [], {})
        if kind in ("conv", "linear") and len(scale) == len(values[0]) == values[1].size:
            rows = scale.reshape(-1, *[1] * (values[0].ndim - 1))
            self.steps[-1] = (kind, [values[0] * rows, values[1] * scale + shift], options)
        elif kind == "affine" and values[0].shape == scale.shape:
            self.steps[-1] = (kind, [values[0] * scale, values[1] * scale + shift], options)
        else:
            self.steps.append(("affine", [scale, shift], {}))

    def _constant(self, name: str) -> np.ndarray:
        if name not in self.constants:
            raise Damaged(f"{name[:60]} is no constant")
        return self.constants[name]


def _dequantised(node: Node, given: list[np.ndarray]) -> np.ndarray:
    """(q - zero) * scale; along `axis` one scale stands for a block of values."""
    if len(given) != 3 or given[1].shape != given[2].shape or given[0].size > LARGEST:
        raise Damaged("quantised weights without scales and zeros")
    levels, scale, zero = given
    axis, block = int(node.number("axis", 1)), int(node.number("block_size", 0))
    if not 0 <= axis < levels.ndim or levels.ndim != scale.ndim or block < 1:
        raise Damaged("quantised weights of an unknown kind")
    wanted = list(levels.shape)
    wanted[axis] = -(-wanted[axis] // block)
    if tuple(wanted) != scale.shape:
        raise Damaged(f"{levels.shape} values in blocks of {block} with {scale.shape} scales")
    which = np.arange(levels.shape[axis]) // block
    steps = scale.astype(np.float32).take(which, axis)
    return (levels.astype(np.float32) - zero.astype(np.float32).take(which, axis)) * steps


def _reshaped(node: Node, given: list[np.ndarray]) -> np.ndarray:
    if len(given) != 2 or given[1].ndim != 1 or not 0 < given[1].size <= 8:
        raise Damaged("a reshape of an unknown kind")
    shape = tuple(int(size) for size in given[1])
    if min(shape) < 1 or np.prod(shape, dtype=np.float64) != given[0].size:
        raise Damaged(f"{given[0].shape} cannot become {shape}")
    return given[0].reshape(shape)


_KINDS: dict[str, Callable[[_Chain, Node, list[np.ndarray]], None]] = {
    "Conv": _Chain.conv, "Gemm": _Chain.gemm, "BatchNormalization": _Chain.norm,
    "Sub": _Chain.arithmetic, "Mul": _Chain.arithmetic, "PRelu": _Chain.prelu,
    "Flatten": _Chain.flatten, "Dropout": _Chain.dropout,
}  # fmt: skip
