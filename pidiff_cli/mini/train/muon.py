"""Muon: momentum whose matrices are orthogonalised, for short trainings on few pictures.

Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). Matrices
and convolution kernels (as out × in·k·k matrices) take orthogonalised steps; everything else
(biases, norms, embeddings, first and last layers) is left to AdamW, as the authors advise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

QUINTIC = (3.4445, -4.7750, 2.0315)  # Newton–Schulz coefficients of the source


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return the nearest semi-orthogonal matrix, roughly. matrix (O, I) float32 -> (O, I)."""
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix  # (S, L), S <= L
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T  # (S, S)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Orthogonalised Nesterov momentum for weights of two or more dimensions.

    Args:
        params: weights (O, ...); each is treated as an (O, prod(...)) matrix.
        lr: step; the update has unit root-mean-square times `lr`, whatever the shape.
        momentum: decay of the running gradient.
        weight_decay: decoupled decay, times `lr`.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 1e-2,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step; `closure` is not used."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, float]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        running = state["momentum"]
        running.lerp_(gradient, 1 - group["momentum"])
        ahead = gradient.lerp(running, group["momentum"])
        step = orthogonalise(ahead.flatten(1).bfloat16())  # (O, I); half precision is enough
        scale = 0.2 * max(step.shape) ** 0.5  # brings the step to AdamW's usual size
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(step.view_as(weight).to(weight.dtype), alpha=-group["lr"] * scale)


def split_parameters(
    module: nn.Module, adam_names: tuple[str, ...] = ()
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Divide a module's trainable weights into (for Muon, for AdamW).

    Args:
        adam_names: parts of names whose matrices AdamW keeps (first and last layers).
    """
    muon: list[nn.Parameter] = []
    adam: list[nn.Parameter] = []
    for name, weight in module.named_parameters():
        if weight.requires_grad:
            hidden = weight.ndim >= 2 and not any(part in name for part in adam_names)
            (muon if hidden else adam).append(weight)
    return muon, adam
