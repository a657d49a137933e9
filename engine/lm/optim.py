"""The optimizers and the shape of the learning rate over a run."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

# Keller Jordan's quintic: the slope at 0 is as steep as it can be while singular values
# stay within about [0.7, 1.2] after five steps.
_QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrix: Tensor, steps: int = 5) -> Tensor:
    """The nearest (semi-)orthogonal matrix, roughly: Newton-Schulz in bfloat16."""
    a, b, c = _QUINTIC
    x = matrix.bfloat16()
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.t()
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.t()
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.t()).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalized, for weight matrices (Jordan et al., 2024)."""

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float,
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["velocity"] = torch.zeros_like(p)
                velocity = state["velocity"].lerp_(p.grad, 1.0 - group["momentum"])
                update = orthogonalize(p.grad.lerp(velocity, group["momentum"]))  # Nesterov
                p.mul_(1.0 - group["lr"] * group["weight_decay"])
                scale = math.sqrt(max(1.0, p.shape[0] / p.shape[1]))
                p.add_(update, alpha=-group["lr"] * scale)


def optimizers(
    model: nn.Module,
    *,
    matrix_lr: float,
    other_lr: float,
    weight_decay: float,
    muon: bool,
) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices (when asked), AdamW for all else that is trained."""
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    matrices = [p for n, p in trained if p.ndim == 2 and ".h." in f".{n}"]
    chosen = {id(p) for p in matrices} if muon else set()
    rest = [p for _, p in trained if id(p) not in chosen]
    flat = [p for p in rest if p.ndim < 2]
    deep = [p for p in rest if p.ndim >= 2]
    groups = [
        {"params": deep, "weight_decay": weight_decay},
        {"params": flat, "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(
        [g for g in groups if g["params"]], lr=other_lr, betas=(0.9, 0.95), eps=1e-8
    )
    for group in adam.param_groups:
        group["peak"] = other_lr
    if not muon or not matrices:
        return [adam]
    first = Muon(matrices, matrix_lr, weight_decay=weight_decay)
    for group in first.param_groups:
        group["peak"] = matrix_lr
    return [first, adam]


def rate(progress: float, warmup: float, decay: float) -> float:
    """Warm-up, stable, decay: the factor on the peak rate at ``progress`` in [0, 1].

    The last ``decay`` of the run falls to zero in a straight line.
    """
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    return min(1.0, (1.0 - progress) / decay)
