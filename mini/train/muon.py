"""Muon: momentum whose matrices are orthogonalised, for short trainings on few pictures.

Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). Matrices
and convolution kernels (as out × in·k·k matrices) take orthogonalised steps; everything else
(biases, norms, embeddings, first and last layers) is left to AdamW, as the authors advise.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import cast

import torch
from torch import Tensor, nn

QUINTIC = (3.4445, -4.7750, 2.0315)  # Newton–Schulz coefficients of the source


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrix, roughly; (O, I), or many of one shape (G, O, I)."""
    a, b, c = QUINTIC
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = matrix.mT if tall else matrix  # (..., S, L), S <= L
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT  # (..., S, S)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


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
            weights = [weight for weight in group["params"] if weight.grad is not None]
            for alike in _alike(weights):
                ahead = [self._ahead(weight, group["momentum"]) for weight in alike]  # (O, I) each
                if len(ahead) == 1:
                    steps = [orthogonalise(ahead[0])]
                else:
                    steps = list(orthogonalise(torch.stack(ahead)))
                for weight, step in zip(alike, steps, strict=True):
                    self._move(weight, step, group)

    def _ahead(self, weight: Tensor, momentum: float) -> Tensor:
        """Nesterov's look ahead as a matrix (O, I); half precision is enough."""
        state, gradient = self.state[weight], cast(Tensor, weight.grad)
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        running = state["momentum"]
        running.lerp_(gradient, 1 - momentum)
        return gradient.lerp(running, momentum).flatten(1).bfloat16()

    def _move(self, weight: Tensor, step: Tensor, group: dict[str, float]) -> None:
        scale = 0.2 * max(step.shape) ** 0.5  # brings the step to AdamW's usual size
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(step.view_as(weight).to(weight.dtype), alpha=-group["lr"] * scale)


def _alike(weights: list[Tensor]) -> list[list[Tensor]]:
    """On a GPU the weights of one matrix shape together: hundreds of small products are slow.

    On the CPU each alone.
    """
    groups: dict[Hashable, list[Tensor]] = {}
    for number, weight in enumerate(weights):
        shape = (weight.shape[0], weight.numel() // weight.shape[0])
        groups.setdefault(number if weight.device.type == "cpu" else shape, []).append(weight)
    return list(groups.values())


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
