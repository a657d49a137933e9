"""What the model has read: one row of tokens, its KV cache, and the logits after the last of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from engine.lm.backend import Prefill
from engine.lm.cache import BranchCache, KVCache
from engine.lm.compiled import token_step
from engine.lm.gpt import GPT
from engine.lm.static import StaticSteps, capture_on
from engine.lm.step import TokenStep
from engine.tokens import common_prefix

# A reader can be stopped between two layers of a chunk: this is the longest wait for it, in seconds.
LAYER_SECONDS = 0.04
Step = Callable[[Sequence[int]], torch.Tensor]  # a token for every row, the logits [B, V] after it
SMALLEST_CHUNK = 32


class Reader:
    """Reads prompts into a KV cache and keeps what two prompts have in common.

    GPT-2's positions are absolute, so only an exact prefix of tokens can be kept.
    """

    def __init__(
        self, model: GPT, *, static: bool | None = None, token: TokenStep | None = None
    ) -> None:
        """``static``: write tokens at fixed shapes, for a GPU to replay; None: on CUDA.

        ``token`` is what else continues a row, if it has been made for this network already.
        """
        self.model = model
        self.cache = model.cache()
        cuda = model.device.type == "cuda"
        self._token = token or token_step(model)
        self._step: Step = partial(self._token, cache=self.cache)
        self._steps: StaticSteps | None = None
        if cuda if static is None else static:
            capture = capture_on(model.device) if cuda else None
            self._steps = StaticSteps(model, self.cache, capture)
            self._step = self._steps.alone
        self.ids: list[int] = []  # what the cache holds
        self.seconds_per_token = 0.0  # of the last prompt that was worth measuring
        self._logits: torch.Tensor | None = None  # [1, V], after ids
        self._chunk = 64
        self._branches: tuple[KVCache, list[list[int]]] | None = None

    def another(self) -> Reader:
        """A reader of the same network that has read nothing yet; shapes are not fixed for it."""
        return Reader(self.model, static=False, token=self._token)

    def kept(self, tokens: Sequence[int]) -> int:
        """How many of ``tokens`` need not be read again."""
        return min(self._best_prefix(tokens)[0], max(len(tokens) - 1, 0))

    @torch.inference_mode()
    def read(self, tokens: Sequence[int]) -> Iterator[Prefill]:
        """Read ``tokens`` (at least one), keeping the prefix that is there; stop at any event."""
        wanted, total = list(tokens), len(tokens)
        self.cache.truncate(len(self.ids))  # work that was interrupted may have read further
        self._adopt(wanted)
        if wanted == self.ids and self._logits is not None:
            yield Prefill(total, total)
            return
        self.truncate(min(common_prefix(self.ids, wanted), total - 1))
        yield Prefill(len(self.ids), total)
        spent, fresh = 0.0, total - len(self.ids)
        while len(self.ids) < total:
            done = len(self.ids)
            chunk = wanted[done : done + self._chunk]
            x = ids = torch.tensor([chunk], device=self.model.device)
            busy, clock = 0.0, time.perf_counter()
            for x in self.model.layers(ids, self.cache):  # noqa: B007
                busy += time.perf_counter() - clock
                yield Prefill(done, total)
                clock = time.perf_counter()
            self._logits = None
            self.ids += chunk
            if len(self.ids) == total:
                self._logits = self.model.lm_head(self.model.ln_f(x[:, -1]))
            spent += busy
            self._resize(len(chunk), busy / self.model.config.n_layer)
            yield Prefill(len(self.ids), total)
        if fresh >= SMALLEST_CHUNK:
            self.seconds_per_token = spent / fresh

    def _resize(self, tokens: int, layer_seconds: float) -> None:
        """Size the next chunk so that one layer of it takes about LAYER_SECONDS."""
        wanted = tokens * LAYER_SECONDS / max(layer_seconds, 1e-6)
        self._chunk = int(min(max(wanted, SMALLEST_CHUNK), tokens * 8, self.model.config.n_ctx))

    @torch.inference_mode()
    def extend(self, tokens: list[int]) -> None:
        """Read a few more tokens at once."""
        if len(tokens) == 1:
            logits = self._step(tokens)
        else:
            ids = torch.tensor([tokens], device=self.model.device)
            logits = self.model.lm_head(self.model.hidden(ids, self.cache)[:, -1])
        self._logits = None
        self.ids += tokens
        self._logits = logits

    def logits(self) -> NDArray[np.float32]:
        """Logits [V] after the last token, on the host."""
        logits = self.peek()
        if logits is None:
            raise ValueError("nothing has been read")
        return logits

    def peek(self) -> NDArray[np.float32] | None:
        """Logits [V] after the last token, if there are any right now; any thread may ask."""
        logits = self._logits
        return None if logits is None else logits[0].float().cpu().numpy()

    def glance(self) -> tuple[tuple[int, ...], NDArray[np.float32]] | None:
        """What was read and the logits [V] after it, if there are any; any thread may ask.

        The two belong together: wherever the ids change, the logits are dropped first.
        """
        logits = self._logits
        ids = tuple(self.ids)
        if logits is None or logits is not self._logits:
            return None
        return ids, logits[0].float().cpu().numpy()

    def truncate(self, length: int) -> None:
        """Forget all but the first ``length`` tokens."""
        if length < len(self.ids):
            self._logits = None
            self.cache.truncate(length)
            del self.ids[length:]

    def branch(self, rows: int, room: int) -> tuple[KVCache, Step]:
        """``rows`` copies of what was read, with ``room``, and what reads a token more in each."""
        self._branches = None  # they may lie where the new ones will
        if self._steps is not None:
            step = self._steps.branches(rows)
            return step.cache, step
        cache = BranchCache(self.model.config, self.cache, rows, room)
        return cache, partial(self._token, cache=cache)

    def keep(self, cache: KVCache, rows: list[list[int]]) -> None:
        """Remember finished candidates: the one that is chosen need not be read again."""
        self._branches = (cache, rows)

    def _best_prefix(self, tokens: Sequence[int]) -> tuple[int, int | None]:
        wanted = list(tokens)
        best, row = common_prefix(self.ids, wanted), None
        if self._branches is not None:
            cache, rows = self._branches
            for index, ids in enumerate(rows):
                length = common_prefix(ids, wanted)
                if length > best and common_prefix(ids, self.ids) >= cache.start:
                    best, row = length, index
        return best, row

    def _adopt(self, tokens: Sequence[int]) -> None:
        """Take over the candidate that ``tokens`` go on from, if there is one."""
        best, row = self._best_prefix(tokens)
        if self._branches is not None and row is not None:
            cache, rows = self._branches
            start = common_prefix(self.ids, rows[row])
            new = slice(start - cache.start, best - cache.start)
            self.cache.kv[:, :, 0, :, start:best] = cache.kv[:, :, row, :, new]
            self.cache.length = best
            self._logits = None
            self.ids = rows[row][:best]
            self._branches = None
