"""Low-rank adapters (Hu et al., 2021): fine-tune a large model by small matrices beside its own."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.lm.gpt import GPT

TARGETS = ("c_attn", "c_proj", "c_fc")


class LoRALinear(nn.Module):
    """A frozen linear plus ``scale * b @ a``; it starts as the linear alone, for b is zero."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base.requires_grad_(requires_grad=False)
        kind, place = base.weight.dtype, base.weight.device
        self.a = nn.Parameter(torch.empty(rank, base.in_features, dtype=kind, device=place))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, dtype=kind, device=place))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] -> [..., out]."""
        return self.base(x) + F.linear(F.linear(x, self.a), self.b) * self.scale

    def merged(self) -> nn.Linear:
        """The one linear that does the same."""
        with torch.no_grad():
            self.base.weight += (self.b @ self.a) * self.scale
        return self.base


def add_lora(model: GPT, *, rank: int = 16, alpha: float = 32.0) -> int:
    """Freeze ``model`` and put adapters beside its blocks' linears; the number of trained weights."""
    model.requires_grad_(requires_grad=False)
    for name, child in list(model.h.named_modules()):
        owner, _, own = name.rpartition(".")
        if own in TARGETS and isinstance(child, nn.Linear):
            setattr(model.h.get_submodule(owner), own, LoRALinear(child, rank, alpha))
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def merge_lora(model: GPT) -> None:
    """Fold every adapter into its linear; the model is a plain GPT again."""
    for name, child in list(model.h.named_modules()):
        owner, _, own = name.rpartition(".")
        if isinstance(child, LoRALinear):
            setattr(model.h.get_submodule(owner), own, child.merged())
