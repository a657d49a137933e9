"""GPT-2 in torch, all of it in this file.

Names are those of the paper and of the checkpoints: wte, wpe, h, ln_1, attn, c_attn, c_proj,
mlp, c_fc, ln_f. In shape comments B is rows, T new tokens, S tokens seen so far (the cache plus T),
C n_embd, H heads, D C / H, V n_vocab.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from engine.lm.cache import KVCache, attention
from engine.lm.config import GPTConfig


class _Undrawn:
    """Weights on torch's meta device are not drawn: that would import a compiler, for a second."""

    weight: Tensor

    def reset_parameters(self) -> None:
        if not self.weight.is_meta:
            super().reset_parameters()  # type: ignore[misc]


class Linear(_Undrawn, nn.Linear):
    """torch's linear."""


class Embedding(_Undrawn, nn.Embedding):
    """torch's embedding."""


class Attention(nn.Module):
    """Causal self-attention over the new tokens and the cache."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.n_head = config.n_head
        self.upcast = config.reorder_and_upcast_attn
        self.scale = 1.0 / math.sqrt(config.d_head) if config.scale_attn_weights else 1.0
        if config.scale_attn_by_inverse_layer_idx:
            self.scale /= layer + 1
        self.c_attn = Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = Linear(config.n_embd, config.n_embd)

    def forward(self, x: Tensor, cache: KVCache | None, mask: Tensor | None) -> Tensor:
        """x [B, T, C] -> [B, T, C]; ``mask`` [T, S] is True where a token may look."""
        B, T, C = x.shape
        qkv = self.c_attn(x).view(B, T, 3, self.n_head, C // self.n_head)
        qkv = qkv.permute(2, 0, 3, 1, 4)  # (3, B, H, T, D)
        if self.upcast:
            qkv = qkv.float()
        if cache is not None:
            y = cache.attend(self.layer, qkv[0], qkv[1:], mask, self.scale)
        else:
            y = attention(qkv[0], qkv[1], qkv[2], mask, self.scale)
        if self.upcast:
            y = y.to(x.dtype)
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    """The feed-forward half of a block."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.c_fc = Linear(config.n_embd, config.d_inner)
        self.c_proj = Linear(config.d_inner, config.n_embd)
        self.activation = config.activation_function

    def forward(self, x: Tensor) -> Tensor:
        """x [B, T, C] -> [B, T, C]."""
        return self.c_proj(activate(self.c_fc(x), self.activation))


# GELU has many names in configs; ``gelu_new`` is GPT-2's. The values are torch's ``approximate``.
GELU = {"gelu": "none", "gelu_python": "none"} | dict.fromkeys(
    ("gelu_new", "gelu_fast", "gelu_accurate", "gelu_python_tanh", "gelu_pytorch_tanh"), "tanh"
)


def activate(x: Tensor, name: str) -> Tensor:
    """The activation that a config names."""
    if name in GELU:
        return F.gelu(x, approximate=GELU[name])
    match name:
        case "relu":
            return F.relu(x)
        case "relu6":
            return F.relu6(x)
        case "relu2":
            return F.relu(x).square()
        case "leaky_relu":
            return F.leaky_relu(x)
        case "silu" | "swish":
            return F.silu(x)
        case "mish":
            return F.mish(x)
        case "sigmoid":
            return torch.sigmoid(x)
        case "quick_gelu":
            return x * torch.sigmoid(1.702 * x)
        case "tanh":
            return torch.tanh(x)
    raise ValueError(f"there is no activation {name!r}")


class Block(nn.Module):
    """One transformer layer, normalised before each half."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.attn = Attention(config, layer)
        self.ln_2 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cache: KVCache | None, mask: Tensor | None) -> Tensor:
        """x [B, T, C] -> [B, T, C]."""
        x = x + self.attn(self.ln_1(x), cache, mask)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """The network: token ids in, logits out."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = Embedding(config.n_vocab, config.n_embd)
        self.wpe = Embedding(config.n_ctx, config.n_embd)
        self.h = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.lm_head = Linear(config.n_embd, config.n_vocab, bias=False)
        if config.tie_word_embeddings:
            self.lm_head.weight = self.wte.weight
        self.kv_dtype: torch.dtype | None = None  # of caches; None: that of the activations

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.wpe.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The number type activations have."""
        return self.wpe.weight.dtype

    def cache(self, rows: int = 1, room: int | None = None) -> KVCache:
        """An empty cache for ``rows`` rows of ``room`` tokens (n_ctx unless told)."""
        kind = self.kv_dtype or self.dtype
        return KVCache(self.config, rows, room, dtype=kind, device=self.device)

    def layers(
        self, ids: Tensor, cache: KVCache | None = None, *, recompute: bool = False
    ) -> Iterator[Tensor]:
        """The states [B, T, C] after each block; stopping between two leaves the cache as it was.

        With a cache, ids [B, T] continue it. ``recompute`` saves memory in training: a block's
        inner values are computed again when its gradient is needed.

        Raises:
            ValueError: the last position would be at or past n_ctx (GPT-2 has no such embedding).
        """
        T = ids.shape[1]
        past = cache.length if cache is not None else 0
        if past + T > self.config.n_ctx:
            raise ValueError(f"{past} + {T} tokens do not fit into n_ctx {self.config.n_ctx}")
        positions = torch.arange(past, past + T, device=ids.device)
        mask = None
        if past and T > 1:  # token past + i may look at 0 .. past + i
            mask = torch.ones(T, past + T, dtype=torch.bool, device=ids.device).tril(past)
        x = self.wte(ids) + self.wpe(positions)  # (B, T, C)
        for block in self.h:
            if recompute:
                x = checkpoint(block, x, cache, mask, use_reentrant=False)
            else:
                x = block(x, cache, mask)
            yield x
        if cache is not None:
            cache.length = past + T

    def hidden(
        self, ids: Tensor, cache: KVCache | None = None, *, recompute: bool = False
    ) -> Tensor:
        """Ids [B, T] -> the final states [B, T, C]; with a cache, ids continue it."""
        return self.ln_f(deque(self.layers(ids, cache, recompute=recompute), maxlen=1).pop())

    def forward(self, ids: Tensor, cache: KVCache | None = None) -> Tensor:
        """ids [B, T] -> logits [B, T, V]."""
        return self.lm_head(self.hidden(ids, cache))

    def init_weights(self, generator: torch.Generator | None = None) -> None:
        """GPT-2's initialisation: N(0, 0.02), residual projections smaller by sqrt(2 n_layer)."""
        small = 0.02 / math.sqrt(2 * self.config.n_layer)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif ".ln_" in name or name.startswith("ln_f"):
                nn.init.ones_(parameter)
            else:
                std = small if name.endswith("c_proj.weight") else 0.02
                nn.init.normal_(parameter, 0.0, std, generator=generator)
