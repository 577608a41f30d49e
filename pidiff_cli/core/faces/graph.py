"""A published network as a list of steps that torch runs, kept in one safetensors file.

The steps are data: what a reader of `formats` found in the file, in channels-first order. The
file holds the weights and, as metadata, the steps as JSON; nothing in it is code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pidiff_cli.core.faces.operations import OPERATIONS, Options
from pidiff_cli.core.faces.shapes import need, shape_after
from pidiff_cli.core.tensors.load import read_metadata, read_tensors, write_tensors
from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import parse_json

KEY = "graph"
#: Values of the largest map between two steps, the largest number in an option, and
#: multiplications for one picture (SFace has 0.6 thousand million).
LARGEST_MAP, LARGEST_OPTION, MOST_WORK = 1 << 24, 4096, 8_000_000_000
_FAULTS = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One operation of `OPERATIONS`.

    Attributes:
        inputs: names of earlier results; `output` is the name of this one.
        weights: names of tensors, in the order that the operation wants.
        options: lists of integers by name.
    """

    kind: str
    inputs: tuple[str, ...]
    output: str
    weights: tuple[str, ...] = ()
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Steps in the order they run; `shape` (C, H, W) is that of the one input, named `input`."""

    input: str
    shape: tuple[int, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]


class GraphNet(nn.Module):
    """Runs a graph; every step has a gradient.

    Args:
        weights: float tensors, those that the steps name and no others.

    Raises:
        ValueError: the graph cannot run: a name, a shape or an option does not fit.
    """

    def __init__(self, graph: Graph, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        named = {name for step in graph.steps for name in step.weights}
        if named != set(weights):
            raise ValueError(f"weights do not fit: {sorted(named ^ set(weights))[:3]}")
        self.graph = graph
        self.shapes = check(graph, weights)  # of the outputs, for one picture
        for name, value in weights.items():
            self.register_parameter(name, nn.Parameter(value.float(), requires_grad=False))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """x (B, C, H, W) float32 -> the outputs in the graph's order."""
        if tuple(x.shape[1:]) != self.graph.shape:
            raise ValueError(f"the network takes {self.graph.shape}, got {tuple(x.shape[1:])}")
        return run(self.graph, dict(self.named_parameters()), x)


def run(graph: Graph, weights: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, ...]:
    """The outputs for x; results are let go of after their last use."""
    last = {name: i for i, step in enumerate(graph.steps) for name in step.inputs}
    last |= {name: len(graph.steps) for name in graph.outputs}
    values = {graph.input: x}
    for i, step in enumerate(graph.steps):
        given = [values[name] for name in step.inputs] + [weights[name] for name in step.weights]
        values[step.output] = OPERATIONS[step.kind](step.options, *given)
        for name in {*step.inputs, step.output}:
            if last.get(name, -1) <= i:
                del values[name]
    return tuple(values[name] for name in graph.outputs)


def check(graph: Graph, weights: Mapping[str, Tensor]) -> list[tuple[int, ...]]:
    """The shapes of the outputs for one input, found without running anything.

    Raises:
        ValueError: the graph cannot run, a map in it would be too large, or it takes too long.
    """
    need(len(graph.shape) == 3 and _small(graph.shape), f"the network cannot take {graph.shape}")
    shapes: dict[str, tuple[int, ...]] = {graph.input: (1, *graph.shape)}
    total = 0
    for step in graph.steps:
        need(all(_small(v) for v in step.options.values()), f"{step.output} has odd options")
        need(step.output not in shapes, f"{step.output} is made twice")
        need(shapes.keys() >= set(step.inputs), f"{step.output} is out of order")
        given = [shapes[name] for name in step.inputs]
        own = [tuple(weights[name].shape) for name in step.weights]
        shape, work = shape_after(step.kind, step.options, given, own)
        total += work
        need(math.prod(shape) <= LARGEST_MAP, f"{step.output} would be {shape}")
        need(total <= MOST_WORK, f"{step.output} would take too long")
        shapes[step.output] = shape
    need(bool(graph.outputs) and shapes.keys() >= set(graph.outputs), "nothing comes out")
    return [shapes[name] for name in graph.outputs]


def _small(values: tuple[int, ...]) -> bool:
    return all(0 <= value <= LARGEST_OPTION for value in values)


def save_graph(path: Path, graph: Graph, weights: Mapping[str, Tensor]) -> None:
    """Write steps and weights as one safetensors file, replaced in one step."""
    steps = [[s.kind, s.inputs, s.output, s.weights, dict(s.options)] for s in graph.steps]
    told = {"input": graph.input, "shape": graph.shape, "steps": steps, "outputs": graph.outputs}
    write_tensors(path, weights, {KEY: json.dumps(told, separators=(",", ":"))})


def open_graph(path: Path) -> GraphNet:
    """What `save_graph` wrote: eval mode, float32, no gradients in the weights.

    Raises:
        MissingWeightError: no such file. InputError: damaged, or not written by `save_graph`.
    """
    weights = read_tensors(path)
    try:
        return GraphNet(_graph(read_metadata(path).get(KEY, "")), weights).eval()
    except (*_FAULTS, Refused) as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise InputError(
            f"{path} is no network that pidiff has converted: {reason}.", "pidiff models pull faces"
        ) from error


def _graph(text: str) -> Graph:
    told = parse_json(text, dict[str, Any], KEY)
    steps = [
        Step(str(kind), _names(inputs), str(output), _names(weights), _options(options))
        for kind, inputs, output, weights, options in told["steps"]
    ]
    shape = _integers(told["shape"])
    return Graph(str(told["input"]), shape, tuple(steps), _names(told["outputs"]))


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _options(options: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    return {str(key): _integers(values) for key, values in options.items()}


def _integers(values: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
