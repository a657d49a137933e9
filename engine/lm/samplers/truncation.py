"""Stages that cut tokens off; none of them ever cuts the last one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.lm.samplers.row import Floats, Moment, Row

_GAPS = (2.0, 4.0, 8.0, 16.0)  # nats


def nearest(keys: Floats, weights: Floats, share: float) -> NDArray[np.intp]:
    """Ascending places of the smallest ``keys`` (in nats) whose weights first reach ``share``.

    The one that crosses is kept, and never none. Only keys within a gap of the smallest are sorted,
    if those suffice: the answer is that of a full sort.
    """
    mass = share * float(weights.sum())
    near: NDArray[np.intp] | None = None
    if len(keys) > 512:
        low = keys.min()
        for gap in _GAPS:
            some = np.flatnonzero(keys <= low + gap)
            if len(some) > len(keys) // 2:
                break
            if float(weights[some].sum()) > mass * (1 + 1e-6):
                near = some
                break
    if near is None:
        near = np.arange(len(keys))
    near = near[np.argsort(keys[near], kind="stable")]
    reached = np.cumsum(weights[near], dtype=np.float64)
    return np.sort(near[: int(np.searchsorted(reached, mass, side="left")) + 1])


@dataclass(frozen=True, slots=True)
class TopK:
    """Keeps the k highest logits, and whatever ties with the last of them."""

    k: int
    name: str = "top_k"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """By selection, not by sorting."""
        if self.k < len(row):
            kth = len(row) - self.k
            row.keep(row.z >= np.partition(row.z, kth)[kth])


@dataclass(frozen=True, slots=True)
class TopP:
    """Nucleus: the likeliest tokens until they reach p together; the crossing one is kept."""

    p: float
    name: str = "top_p"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """Equal probabilities enter in order of id."""
        row.keep(nearest(-row.z, row.weights(), self.p))


@dataclass(frozen=True, slots=True)
class MinP:
    """Drops tokens below ``p`` times the likeliest one's probability."""

    p: float
    name: str = "min_p"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """A bound on logits: no softmax is needed."""
        row.keep(row.z >= row.top() + math.log(self.p))


@dataclass(frozen=True, slots=True)
class Typical:
    """Locally typical sampling: tokens whose surprise is nearest the entropy, up to ``p``."""

    p: float
    name: str = "typical"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """May well drop the likeliest token."""
        probs = row.probs()
        logprobs = row.z - row.z.dtype.type(row.lse())
        inside = probs > 0
        entropy = -np.sum(np.multiply(probs, logprobs, where=inside, out=np.zeros_like(probs)))
        row.keep(nearest(np.abs(logprobs + entropy), probs, self.p))
