"""Decoding at fixed shapes and addresses, so that a GPU replays a token's kernels as one graph.

At batch 1 a GPU is done with a layer sooner than Python can ask for the next. Asked for all layers at
once it is bound by its memory instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.lm.cache import KVCache
from engine.lm.gpt import GPT

LOG = logging.getLogger(__name__)
WARM_UPS = 3  # runs before a capture, in which libraries choose kernels and take their memory
Step = Callable[[], None]
Capture = Callable[[Step], Step]


class FixedCache(KVCache):
    """The memory of another cache: one token is written at ``position`` [1], all room is looked at."""

    def __init__(self, cache: KVCache) -> None:
        self.kv = cache.kv
        self.length = 0
        self.position = torch.zeros(1, dtype=torch.long, device=cache.kv.device)

    def append(self, layer: int, kv: Tensor) -> tuple[Tensor, Tensor]:
        """Store kv [2, B, H, 1, D] of one layer; all keys and values of it."""
        whole = self.kv[layer]
        whole.index_copy_(3, self.position, kv.to(whole.dtype))
        k, v = whole.to(kv.dtype)
        return k, v


class Replay:
    """A step that is captured at its first use and replayed from then on; else run as it is."""

    def __init__(self, step: Step, capture: Capture | None) -> None:
        self._step, self._capture = step, capture

    def __call__(self) -> None:
        """Do the step."""
        if self._capture is not None:
            capture, self._capture = self._capture, None
            try:
                self._step = capture(self._step)
            except RuntimeError as error:  # out of memory, a kernel that cannot be captured
                LOG.warning("no CUDA graph: %s", str(error).split("\n", 1)[0])
        self._step()


class StaticStep:
    """One more token in every row of a cache, which it keeps; every row must be of one length."""

    def __init__(self, model: GPT, cache: KVCache, capture: Capture | None = None) -> None:
        self.cache = cache
        self._model = model
        self._fixed = FixedCache(cache)
        device = model.device
        # What is masked still enters a product, where 0 times a leftover NaN would be NaN.
        cache.kv[..., cache.length :, :] = 0
        self._ids = torch.zeros((cache.rows, 1), dtype=torch.long, device=device)
        self._places = torch.arange(cache.room, device=device)
        self._logits = torch.zeros((cache.rows, model.config.n_vocab), device=device)
        self._replay = Replay(self._step, capture)

    def __call__(self, tokens: Sequence[int]) -> Tensor:
        """Read one token a row; logits [B, V] after them, float32.

        Raises:
            ValueError: there is no room for another token.
        """
        length = self.cache.length
        if length >= self.cache.room:
            raise ValueError(f"{length} + 1 tokens do not fit into {self.cache.room}")
        self._ids.copy_(torch.tensor(tokens).unsqueeze(1))
        self._fixed.position.fill_(length)
        self._replay()
        self.cache.length = length + 1
        return self._logits.clone()  # the next token comes to the same place

    def _step(self) -> None:
        """From ids and position to logits, every tensor in its place; no value goes to the host."""
        model, position = self._model, self._fixed.position
        mask = (self._places <= position).unsqueeze(0)  # (1, S)
        x = model.wte(self._ids) + model.wpe(position)  # (B, 1, C)
        for block in model.h:
            x = block(x, self._fixed, mask)
        self._logits.copy_(model.lm_head(model.ln_f(x[:, -1])))


class StaticSteps:
    """The steps of one reader: for its own row, and for the last number of candidates it had."""

    def __init__(self, model: GPT, cache: KVCache, capture: Capture | None) -> None:
        self._model, self._capture = model, capture
        self.alone = StaticStep(model, cache, capture)
        self._branches: StaticStep | None = None

    def branches(self, rows: int) -> StaticStep:
        """A step for ``rows`` copies of what the reader has read; captured once for a number."""
        cache = self.alone.cache
        step = self._branches
        if step is None or step.cache.rows != rows:
            self._branches = None  # the old one's memory is needed
            new = KVCache(self._model.config, rows, dtype=cache.kv.dtype, device=cache.kv.device)
            step = self._branches = StaticStep(self._model, new, self._capture)
        step.cache.kv[..., : cache.length, :] = cache.kv[..., : cache.length, :]
        step.cache.length = cache.length
        return step


def capture_graph(step: Step) -> Step:
    """Record ``step`` on the current CUDA device; what replays it.

    Raises:
        RuntimeError: it cannot be recorded; ``step`` itself can still be run.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):  # doing it again changes nothing
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # Other threads may look at logits meanwhile; they have nothing to do with this recording.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        step()
    return graph.replay


def capture_on(device: torch.device) -> Capture:
    """``capture_graph`` on a device of its own."""

    def capture(step: Step) -> Step:
        with torch.cuda.device(device):
            return capture_graph(step)

    return capture
