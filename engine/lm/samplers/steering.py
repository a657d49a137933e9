"""Last stages that learn from each choice; what they know is kept per generation and row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.lm.samplers.history import Moment
from engine.lm.samplers.row import Row
from engine.lm.samplers.truncation import highest

_ESTIMATE = 100  # how many of the likeliest tokens mirostat 1 measures the curve by


class Steering(Protocol):
    """A stage with a memory."""

    @property
    def name(self) -> str:
        """For reports."""
        ...

    @property
    def first(self) -> float:
        """What is remembered before the first token."""
        ...

    def __call__(self, row: Row, moment: Moment) -> None:
        """Reweigh or cut by what is remembered."""
        ...

    def learn(self, memory: float, chosen: float, offered: Callable[[], float]) -> float:
        """The memory after a token: its probability in the final distribution and before the stage.

        The latter takes a while to find, so it is found where it is asked for.
        """
        ...


def _recall(moment: Moment, first: float) -> float:
    return first if moment.state is None else moment.state.recall(len(moment.history))


@dataclass(frozen=True, slots=True)
class _Mirostat:
    """What both versions share: the target ``tau`` (bits), and how the bound mu learns."""

    tau: float
    eta: float
    name: str = "mirostat"

    @property
    def first(self) -> float:
        """Twice the target."""
        return 2 * self.tau

    def learn(self, memory: float, chosen: float, offered: Callable[[], float]) -> float:  # noqa: ARG002
        """mu - eta * (surprise - tau), surprise in bits."""
        return memory - self.eta * (-math.log2(chosen) - self.tau)


@dataclass(frozen=True, slots=True)
class Mirostat1(_Mirostat):
    """Holds the surprise near ``tau`` bits by a top-k that follows the measured Zipf exponent.

    Basu et al. 2021, https://arxiv.org/abs/2007.14966, algorithm 1.
    """

    def __call__(self, row: Row, moment: Moment) -> None:
        """k = ((e 2^mu) / (1 - N^-e))^(1/s) with e = s - 1."""
        n = len(row)
        order = highest(row.z, _ESTIMATE)
        z = row.z[order].astype(np.float64)
        z = z[np.isfinite(z)]
        if len(z) < 2:
            return
        i = np.arange(len(z) - 1)
        t = np.log((i + 2) / (i + 1))
        s = float((t * (z[:-1] - z[1:])).sum() / (t * t).sum())
        if s <= 1e-6:  # all alike: nothing to tell them apart by
            return
        e = s - 1
        part = 1 / math.log(n) if abs(e) < 1e-9 else e / (1 - n ** (-e))
        log_k = (math.log(part) + _recall(moment, self.first) * math.log(2)) / s
        k = n if log_k > math.log(n) else max(1, int(math.exp(log_k)))
        if k < n:
            best = order if k <= len(order) else highest(row.z, k)
            row.keep(np.sort(best[:k]))


@dataclass(frozen=True, slots=True)
class Mirostat2(_Mirostat):
    """Holds the surprise near ``tau`` bits by dropping what surprises more than a moving bound."""

    def __call__(self, row: Row, moment: Moment) -> None:
        """-log2 p <= mu, and always the likeliest."""
        bound = row.lse() - _recall(moment, self.first) * math.log(2)
        row.keep(row.z >= min(row.top(), bound))


@dataclass(frozen=True, slots=True)
class AdaptiveP:
    """Prefers tokens whose probability is near a target that makes up for earlier choices."""

    target: float
    decay: float
    name: str = "adaptive_p"

    @property
    def first(self) -> float:
        """The target itself."""
        return self.target

    def __call__(self, row: Row, moment: Moment) -> None:
        """5 - 10 d^2 / (1 + d) with d = |p - clamp(2 target - average)| / 0.3."""
        aim = min(1.0, max(0.0, 2 * self.target - _recall(moment, self.first)))
        d = np.abs(row.probs().astype(np.float64) - aim) / 0.3
        row.replace(np.where(np.isfinite(row.z), 5 - 10 * d * d / (1 + d), -np.inf))

    def learn(self, memory: float, chosen: float, offered: Callable[[], float]) -> float:  # noqa: ARG002
        """A moving average of the probabilities that the chosen tokens had before this stage."""
        return self.decay * memory + (1 - self.decay) * offered()
