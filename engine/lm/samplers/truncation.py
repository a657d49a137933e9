"""Stages that cut tokens off; none of them ever cuts the last one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.lm.samplers.history import Moment
from engine.lm.samplers.row import Floats, Row

_SMALL = 512  # entries: below this a sort costs less than avoiding it
_FEW = 3000  # entries that are sorted without looking for a closer bound


def within(keys: Floats, enough: Callable[[NDArray[np.bool_]], bool]) -> NDArray[np.intp]:
    """Places of all keys up to some bound that are ``enough``, and few if that can be had.

    Finds the bound by halving: comparing a whole row takes microseconds, sorting it milliseconds.
    """
    if len(keys) <= _SMALL:
        return np.arange(len(keys))
    low, short, bound = keys.min(), 0.0, 4.0
    while not enough(near := keys <= low + bound):
        short, bound = bound, 2 * bound
        if bound > 128:
            return np.arange(len(keys))
    for _ in range(8):
        if np.count_nonzero(near) <= _FEW:
            break
        middle = (short + bound) / 2
        if enough(closer := keys <= low + middle):
            near, bound = closer, middle
        else:
            short = middle
    return np.flatnonzero(near)


def highest(z: Floats, n: int) -> NDArray[np.intp]:
    """Places of the ``n`` highest logits, best first; of equals the first."""
    keys = -z
    near = within(keys, lambda near: int(np.count_nonzero(near)) >= n)
    return near[np.argsort(keys[near], kind="stable")][:n]


def nearest(keys: Floats, weights: Floats, share: float) -> NDArray[np.intp]:
    """Ascending places of the smallest ``keys`` (in nats) whose weights first reach ``share``.

    The one that crosses is kept, and never none; of equal keys the first places come first.
    """
    mass = share * float(weights.sum())

    def enough(near: NDArray[np.bool_]) -> bool:
        # A little more than the mass, so that rounding cannot end the sum below before it.
        return float((weights * near).sum()) > mass * (1 + 1e-5)

    near = within(keys, enough)
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
            near = within(-row.z, lambda near: int(np.count_nonzero(near)) >= self.k)
            z = row.z[near]
            kth = len(z) - self.k
            row.keep(near[z >= np.partition(z, kth)[kth]])


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
        depths = row.depths()
        weights = np.exp(depths)
        # With d = z - max: surprise - entropy = sum(p d) - d, whatever the normaliser.
        mean = float((weights * depths).sum()) / float(weights.sum())
        row.keep(nearest(np.abs(depths - depths.dtype.type(mean)), weights, self.p))
