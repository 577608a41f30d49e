"""What each step of a converted network makes of the shapes that go in, without running it."""

from __future__ import annotations

import math
from collections.abc import Callable

from pidiff_cli.core.faces.operations import Options, same_padding

Shape = tuple[int, ...]
Rule = Callable[[Options, Shape, list[Shape]], tuple[Shape, int]]


def shape_after(
    kind: str, options: Options, inputs: list[Shape], weights: list[Shape]
) -> tuple[Shape, int]:
    """The shape that a step makes, and its multiplications.

    Args:
        inputs: shapes of what goes in, (1, C, H, W) or (1, F).
        weights: shapes of its weights, in the order of `operations`.

    Raises:
        ValueError: they do not fit together, or the step is not known.
    """
    first = inputs[0] if inputs else ()
    rule, wanted = _RULES.get(kind, (_unknown, 1))
    need(len(inputs) == wanted and all(shape == first for shape in inputs), f"{kind} of {inputs}")
    try:
        shape, work = rule(options, first, weights)
    except (KeyError, IndexError) as error:
        raise ValueError(f"{kind} lacks {error}") from error
    need(min(shape, default=0) > 0, f"{kind} leaves nothing of {first}")
    return shape, work


def need(holds: bool, told: str) -> None:
    """Raise ValueError where it does not hold."""
    if not holds:
        raise ValueError(told)


def _conv(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    kernel, (groups,) = weights[0], options["groups"]
    need(len(x) == len(kernel) == 4 and groups > 0, f"conv of {x} with {kernel}")
    need(x[1] == kernel[1] * groups and kernel[0] % groups == 0, f"conv of {x} with {kernel}")
    need(weights[1:] in ([], [kernel[:1]]), f"conv adds {weights[1:]}")
    places = _windows(options, x, kernel[2:])
    return (x[0], kernel[0], *places), math.prod(places) * math.prod(kernel)


def _maxpool(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    need(len(x) == 4 and not weights, f"maxpool of {x}")
    size = options["size"]
    need(len(size) == 2, f"maxpool with {size}")
    places = _windows(options, x, size)
    return (*x[:2], *places), x[1] * math.prod(places) * math.prod(size)


def _windows(options: Options, x: Shape, size: Shape) -> Shape:
    """How many windows of `size` fit, down and across."""
    stride, pad = options["stride"], options["pad"]
    need(len(stride) == 2 and min(*stride, *size) > 0, f"windows {size} in steps {stride}")
    left, right, top, bottom = pad or same_padding(x, size, stride)
    need(min(left, right, top, bottom) >= 0, f"a padding of {pad}")
    high, wide = x[2] + top + bottom - size[0], x[3] + left + right - size[1]
    return high // stride[0] + 1, wide // stride[1] + 1


def _channels(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    """PReLU and affine: one number a channel, or one for all."""
    need(len(x) > 1 and bool(weights), f"channels of {x}")
    need(weights[0] in (x[1:2], (1,)), f"{weights[0]} for the channels of {x}")
    need(all(shape == weights[0] for shape in weights), f"channels with {weights}")
    return x, math.prod(x)


def _linear(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    (w, b) = weights
    need(len(x) == len(w) == 2 and x[1] == w[1] and b == w[:1], f"linear of {x} with {w}")
    return (x[0], w[0]), math.prod(w)


def _pad(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    sides = options["pad"]
    need(len(x) == 4 and len(sides) == 6 and min(sides) >= 0, f"pad of {x} with {sides}")
    left, right, top, bottom, before, after = sides
    made = (x[0], x[1] + before + after, x[2] + top + bottom, x[3] + left + right)
    return made, math.prod(made)


def _kept(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    return x, math.prod(x)


def _flatten(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    return (*x[:1], math.prod(x[1:])), 0


def _unknown(options: Options, x: Shape, weights: list[Shape]) -> tuple[Shape, int]:
    raise ValueError("no such step")


#: The rule of each step, and how many maps it takes.
_RULES: dict[str, tuple[Rule, int]] = {
    "conv": (_conv, 1), "maxpool": (_maxpool, 1), "prelu": (_channels, 1),
    "affine": (_channels, 1), "linear": (_linear, 1), "pad": (_pad, 1), "add": (_kept, 2),
    "relu": (_kept, 1), "relu6": (_kept, 1), "sigmoid": (_kept, 1), "flatten": (_flatten, 1),
}  # fmt: skip
