"""Keys and values of what a network has read, so that it is not read again."""

from __future__ import annotations

from copy import copy
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.lm.config import GPTConfig
from engine.lm.pages import prefer_large


class KVCache:
    """Keys and values of the tokens read so far, every row of the same length.

    ``kv`` is [n_layer, 2, B, H, room, D], keys before values; positions from ``length`` on are free.
    They may be kept in fewer bits than attention calculates with; one layer at a time is then
    widened.
    """

    def __init__(
        self,
        config: GPTConfig,
        rows: int = 1,
        room: int | None = None,
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        shape = (config.n_layer, 2, rows, config.n_head, room or config.n_ctx, config.d_head)
        self.kv = torch.empty(shape, dtype=dtype, device=device)
        if self.kv.is_cpu:
            prefer_large(self.kv.data_ptr(), self.kv.nbytes)
        self.start = 0  # tokens that are kept elsewhere: ``kv`` begins after them
        self.length = 0
        self._wide: Tensor | None = None

    @property
    def rows(self) -> int:
        """Number of rows, B."""
        return self.kv.shape[2]

    @property
    def room(self) -> int:
        """How many tokens a row can hold."""
        return self.kv.shape[4]

    def truncate(self, length: int) -> None:
        """Forget all but the first ``length`` tokens."""
        self.length = min(self.length, length)

    def row(self, index: int) -> Self:
        """A view of one row, with a length of its own."""
        view = copy(self)
        view.kv = self.kv[:, :, index : index + 1]
        view._wide = None  # noqa: SLF001 - its own
        return view

    def attend(
        self, layer: int, q: Tensor, kv: Tensor, mask: Tensor | None, scale: float
    ) -> Tensor:
        """Store kv [2, B, H, T, D] of one layer after ``length``, and let q [B, H, T, D] look.

        ``mask`` [T, S] is True where a token may look. Returns [B, H, T, D].
        """
        k, v = self.append(layer, kv)
        return attention(q, k, v, mask, scale)

    def append(self, layer: int, kv: Tensor) -> tuple[Tensor, Tensor]:
        """Store kv [2, B, H, T, D] of one layer after ``length``; all keys and values of it."""
        place, T = self.length - self.start, kv.shape[3]
        self.kv[layer].narrow(3, place, T).copy_(kv)
        return self.seen(layer, place + T, kv.dtype)

    def seen(self, layer: int, n: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The first ``n`` tokens' keys and values of one layer, each [B, H, n, D] in ``dtype``.

        Widened ones always lie in the same place, so that a token takes no memory. Keys and values
        are widened one after the other: threads then share the heads of each as attention does,
        and every processor finds what it looks at in its own cache.
        """
        (k, v), wide = self.kv[layer].narrow(3, 0, n).unbind(), self.wide(dtype)
        if wide is None:
            return k, v
        wide = wide.narrow(3, 0, n)
        return wide[0].copy_(k), wide[1].copy_(v)

    def wide(self, dtype: torch.dtype) -> Tensor | None:
        """Where a layer is widened to ``dtype``, [2, B, H, room, D]; None if it need not be."""
        if self.kv.dtype == dtype:
            return None
        if self._wide is None or self._wide.dtype != dtype:
            self._wide = torch.empty_like(self.kv[0], dtype=dtype)
        return self._wide


class BranchCache(KVCache):
    """Rows that grow from one prefix; what they have in common is kept, and looked at, once.

    The prefix lies in the cache it was read into, which must keep it meanwhile. ``kv`` holds what
    comes after it; ``length`` and ``room`` count the prefix, too.
    """

    def __init__(self, config: GPTConfig, prefix: KVCache, rows: int, room: int) -> None:
        start = prefix.length
        kv = prefix.kv
        super().__init__(config, rows, room - start, dtype=kv.dtype, device=kv.device)
        self.prefix = prefix
        self.start = self.length = start

    @property
    def room(self) -> int:
        """How many tokens a row can hold."""
        return self.start + self.kv.shape[4]

    def attend(
        self, layer: int, q: Tensor, kv: Tensor, mask: Tensor | None, scale: float
    ) -> Tensor:
        """As ``KVCache.attend``: one softmax over the prefix and what every row has of its own."""
        B, H, T, D = q.shape
        P = self.start
        k, v = self.append(layer, kv)  # (B, H, S - P, D)
        pk, pv = self.prefix.seen(layer, P, q.dtype)
        pk, pv = pk[0], pv[0]  # (H, P, D)
        far = (q.transpose(0, 1).reshape(H, B * T, D) @ pk.mT).view(H, B, T, P).transpose(0, 1)
        near = q @ k.mT
        if mask is not None:
            near.masked_fill_(~mask[:, P:], -torch.inf)
        weights = torch.cat((far, near), -1).mul_(scale).softmax(-1)
        far = weights[..., :P].transpose(0, 1).reshape(H, B * T, P) @ pv
        return far.view(H, B, T, D).transpose(0, 1) + weights[..., P:] @ v


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """Attention of q [B, H, T, D] over k, v [B, H, S, D]; without ``mask`` T tokens are causal."""
    causal = mask is None and q.shape[2] > 1
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, scale=scale)
