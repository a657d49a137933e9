"""Stages that cut tokens off; none of them ever cuts the last one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.lm.samplers.history import Moment
from engine.lm.samplers.row import Floats, Row

_SMALL = 512  # entries: below this a sort costs less than avoiding it
_BINS = 1024
_WIDEST, _NARROWEST = 64.0, 1e-30  # nats: what lies further off, or closer, is not told apart


def highest(z: Floats, n: int) -> NDArray[np.intp]:
    """Places of the ``n`` highest logits, best first; of equals the first."""
    near = leaders(z, n)
    return near[(-z[near]).argsort(kind="stable")[:n]]


def leaders(z: Floats, n: int) -> NDArray[np.intp]:
    """Ascending places among which are the ``n`` highest logits and all that equal the last of them.

    Of groups of entries ``n`` have a highest that is at least the n-th best of these: so many are
    that high, and few more. To find them takes microseconds, to sort a row milliseconds.
    """
    width = len(z) // max(_BINS, 4 * n)
    if width < 2:
        return np.arange(len(z))
    groups = len(z) // width
    tops = z[: width * groups].reshape(width, groups).max(axis=0)
    tops.partition(groups - n)
    near = (z >= tops[groups - n]).nonzero()[0]
    return near if len(near) >= n else np.arange(len(z))  # fewer: not all are numbers


def nearest(keys: Floats, weights: Floats, mass: float) -> NDArray[np.intp]:
    """Ascending places of the smallest ``keys`` (in nats) whose weights first reach ``mass``.

    The one that crosses is kept, and never none; of equal keys the first places come first.
    Sorts only what lies around the border, which sums over narrow bins find.
    """
    places, mass = _crossing(keys, weights, mass)
    while len(places) > _SMALL:
        bins = keys[places]
        bins -= bins.min()
        width = min(float(bins.max()), _WIDEST)
        if width < _NARROWEST:
            break
        bins *= (_BINS - 1) / width
        bins = np.minimum(bins, _BINS - 1, out=bins).astype(np.intp)
        reached = np.cumsum(np.bincount(bins, weights[places], _BINS))
        border = int(np.searchsorted(reached, mass, side="left"))
        if border == _BINS:  # not quite reached, as sums are rounded
            return (keys <= keys[places].max()).nonzero()[0]
        places = places[(bins == border).nonzero()[0]]
        mass -= float(reached[border - 1]) if border else 0.0
    if not len(places):
        return np.arange(len(keys))
    places = places[np.argsort(keys[places], kind="stable")]
    reached = np.cumsum(weights[places], dtype=np.float64)
    last = places[min(int(np.searchsorted(reached, mass, side="left")), len(places) - 1)]
    near = keys <= keys[last]
    near[last + 1 :] &= keys[last + 1 :] != keys[last]
    return near.nonzero()[0]


def _crossing(keys: Floats, weights: Floats, mass: float) -> tuple[NDArray[np.intp], float]:
    """Places of the keys between two bounds where the sum of weights crosses ``mass``.

    And what is missing at the first bound. No places where all weights do not reach it.
    """
    if len(keys) <= _SMALL:
        return np.arange(len(keys)), mass
    low, bound = keys.min(), 3.0
    within = np.zeros(len(keys), np.bool_)
    while not within.all():
        if bound > _WIDEST:
            bound = math.inf
        near = keys <= low + bound
        places = (near ^ within).nonzero()[0]
        held = float(weights[places].sum(dtype=np.float64))
        if held >= mass:
            return places, mass
        mass -= held
        within, bound = near, bound * 1.5
    return np.arange(0), mass


@dataclass(frozen=True, slots=True)
class TopK:
    """Keeps the k highest logits, and whatever ties with the last of them."""

    k: int
    name: str = "top_k"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """By selection, not by sorting."""
        if self.k < len(row):
            near = leaders(row.z, self.k)
            z = row.z[near]
            kth = len(z) - self.k
            row.keep(near[z >= np.partition(z, kth)[kth]])


@dataclass(frozen=True, slots=True)
class TopP:
    """Nucleus: the likeliest tokens until they reach p together; the crossing one is kept.

    Where ``floor`` (nats below the highest logit) is given, a later stage drops all that is deeper,
    and this one may do so already.
    """

    p: float
    name: str = "top_p"
    floor: float = -math.inf

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """Equal probabilities enter in order of id."""
        z, weights, mass = row.z, row.weights(), self.p * row.total()
        if math.isinf(self.floor):
            row.keep(nearest(-z, weights, mass))
        else:
            near = (z >= row.top() + self.floor).nonzero()[0]
            share = weights[near]
            if float(share.sum(dtype=np.float64)) > mass:
                near = near[nearest(-z[near], share, mass)]
            row.keep(near)


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
        depths, weights = row.depths(), row.weights()
        # With d = z - max: surprise - entropy = sum(p d) - d, whatever the normaliser.
        mean = float((weights * depths).sum()) / row.total()
        depths -= depths.dtype.type(mean)
        row.keep(nearest(np.abs(depths, out=depths), weights, self.p * row.total()))
