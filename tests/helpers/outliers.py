"""Random GPT-2s with what makes real ones hard to quantize: a few channels far louder than others."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from engine.lm.config import GPTConfig
from engine.lm.gpt import GPT, Block
from engine.lm.quantize import Quantizer


def random_gpt(config: GPTConfig, seed: int = 0) -> GPT:
    """GPT-2's initialisation, with biases, and a head that is not tied to the embeddings."""
    generator = torch.Generator().manual_seed(seed)
    model = GPT(config).requires_grad_(requires_grad=False).eval()
    model.init_weights(generator)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.normal_(0.0, 0.02, generator=generator)
    return model


def make_outliers(model: GPT, factor: float, *, undone: bool, n: int = 4, seed: int = 1) -> GPT:
    """Make ``n`` channels before every linear ``factor`` times louder: gains, values, inner states.

    Where that is ``undone`` by the linear behind them, what the model computes is the same as before
    (but for the curve of an activation that is not ReLU).
    """
    generator = torch.Generator().manual_seed(seed)

    def louder(columns: Tensor, *sources: Tensor) -> None:
        which = torch.randperm(columns.shape[1], generator=generator)[:n]
        for source in sources:
            source[which] *= factor
        if undone:
            columns[:, which] /= factor

    for block in cast("Iterable[Block]", model.h):
        attn, mlp, C = block.attn, block.mlp, model.config.n_embd
        louder(attn.c_attn.weight, block.ln_1.weight, block.ln_1.bias)
        louder(attn.c_proj.weight, attn.c_attn.weight[2 * C :], attn.c_attn.bias[2 * C :])
        louder(mlp.c_fc.weight, block.ln_2.weight, block.ln_2.bias)
        louder(mlp.c_proj.weight, mlp.c_fc.weight, mlp.c_fc.bias)
    louder(model.lm_head.weight, model.ln_f.weight, model.ln_f.bias)
    return model


@torch.no_grad()
def make_sure(model: GPT, ids: Tensor, lead: float = 3.0) -> GPT:
    """Let the head know a next token for every place of ``ids`` [B, T], as training would.

    Logits of random weights lie so close together that any rounding changes which is highest. Here
    the known one gets ``lead`` standard deviations on top of the highest other (on average).
    """
    states = model.hidden(ids).flatten(0, 1)
    logits = model.lm_head(states)
    height = float((logits.amax(-1) - logits.mean(-1)).mean() + lead * logits.std(-1).mean())
    tokens = torch.randperm(model.config.n_vocab, generator=torch.Generator().manual_seed(2))
    head = model.lm_head.weight.clone()
    common = states.mean(0)
    for state, token in zip(states, tokens.tolist(), strict=False):
        own = state - common  # what tells this place from the others
        head[token] += own * (height / own.square().sum())
    model.lm_head.weight = nn.Parameter(head, requires_grad=False)
    return model


def to_int8(model: GPT, top: int = 255) -> GPT:
    """A copy of a network in int8, made as a checkpoint's is while it is loaded."""
    model = copy.deepcopy(model)
    convert = Quantizer(top)
    for name in ("wte", "wpe", *(f"h.{i}" for i in range(len(model.h))), "ln_f", "lm_head"):
        convert(model, name)
    return model


def weight_only(model: GPT) -> GPT:
    """A copy whose linears have plain int8 weights, a scale for every output; the rest is exact."""
    model = copy.deepcopy(model)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            scale = module.weight.abs().amax(1, keepdim=True) / 127
            module.weight = nn.Parameter(
                (module.weight / scale).round() * scale, requires_grad=False
            )
    return model


@torch.inference_mode()
def distance(right: GPT, other: GPT, ids: Tensor) -> tuple[float, float]:
    """Mean KL(right || other), nats, and how often both find the same token likeliest."""
    p, q = (model(ids).float().log_softmax(-1) for model in (right, other))
    divergence = (p.exp() * (p - q)).sum(-1).mean()
    return float(divergence), float((p.argmax(-1) == q.argmax(-1)).float().mean())
