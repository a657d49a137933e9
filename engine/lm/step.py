"""One token for every row of a cache: the network of ``gpt.py`` as a plain list of operations.

A token's operations are so small that a module around each of them takes a tenth of its time, and
more in small models. What is calculated is the same, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.lm.cache import KVCache
from engine.lm.gpt import GPT, Block, Linear, activate

Unary = Callable[[Tensor], Tensor]


class TokenStep:
    """Reads one token a row; made once for a network, whose parts it keeps."""

    def __init__(self, model: GPT) -> None:
        config = model.config
        self._config = config
        self._embedding: Unary = model.wte
        self._positions = model.wpe.weight
        self._blocks = [_operations(cast(Block, block)) for block in model.h]
        self._end = _norm(model.ln_f)
        self._head: Unary = model.lm_head

    @torch.inference_mode()
    def __call__(self, tokens: Sequence[int], cache: KVCache) -> Tensor:
        """Continue every row of ``cache`` by its token; the logits [B, V] after it.

        Raises:
            ValueError: the position would be at or past n_ctx (GPT-2 has no such embedding).
        """
        n_ctx, place, positions = self._config.n_ctx, cache.length, self._positions
        if place >= n_ctx:
            raise ValueError(f"{place} + 1 tokens do not fit into n_ctx {n_ctx}")
        ids = torch.tensor(tokens, device=positions.device).unsqueeze(1)
        x = self._through(self._embedding(ids) + positions[place], cache)
        cache.length = place + 1
        return self._head(x)[:, 0]

    def _through(self, x: Tensor, cache: KVCache) -> Tensor:
        """Embedded tokens x [B, 1, C] -> final states [B, 1, C]; the cache has their keys and values."""
        config, B = self._config, len(x)
        C, H, D = config.n_embd, config.n_head, config.d_head
        upcast, name = config.reorder_and_upcast_attn, config.activation_function
        for layer, (ln_1, c_attn, scale, c_proj, ln_2, c_fc, mlp_proj) in enumerate(self._blocks):
            qkv = c_attn(ln_1(x)).view(B, 3, H, 1, D).transpose(0, 1)  # (3, B, H, 1, D)
            if upcast:
                qkv = qkv.float()
            y = cache.attend(layer, qkv[0], qkv[1:], None, scale)
            if upcast:
                y = y.to(x.dtype)
            x = x + c_proj(y.reshape(B, 1, C))
            x = x + mlp_proj(activate(c_fc(ln_2(x)), name))
        return self._end(x)


def _operations(block: Block) -> tuple[Unary, Unary, float, Unary, Unary, Unary, Unary]:
    attn, mlp = block.attn, block.mlp
    return (
        _norm(block.ln_1),
        _linear(attn.c_attn),
        attn.scale,
        _linear(attn.c_proj),
        _norm(block.ln_2),
        _linear(mlp.c_fc),
        _linear(mlp.c_proj),
    )


def _norm(norm: nn.LayerNorm) -> Unary:
    shape, weight, bias, eps = norm.normalized_shape, norm.weight, norm.bias, norm.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)


def _linear(linear: nn.Module) -> Unary:
    if type(linear) is Linear:
        return partial(F.linear, weight=linear.weight, bias=linear.bias)
    return linear  # in int8, or with an adapter
