"""One row of logits on its way through the chain."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import KnownError

Floats = NDArray[np.floating[Any]]
Ids = NDArray[np.int64]
_BLOCK = 512  # a whole vocabulary is summed in blocks: a running sum over all of it is slow
_DEEP = -80.0  # nats
_NEAR = 4.0  # nats: so far float32 loses nothing


class Candidates(NamedTuple):
    """What may come next: ``ids`` ascending, ``probs`` float64 that sum to 1."""

    ids: Ids
    probs: NDArray[np.float64]

    @property
    def entropy(self) -> float:
        """In nats."""
        return entropy(self.probs)


def pick(weights: Floats, u: float) -> int:
    """The place whose share of [0, 1), in order of places, holds ``u``."""
    first = 0
    if len(weights) <= _BLOCK:
        reached = weights.cumsum(dtype=np.float64)
        goal = u * float(reached[-1])
    else:
        starts = np.arange(0, len(weights), _BLOCK)
        blocks = np.cumsum(np.add.reduceat(weights, starts, dtype=np.float64))
        goal = u * float(blocks[-1])
        block = min(int(blocks.searchsorted(goal, side="right")), len(blocks) - 1)
        goal -= float(blocks[block - 1]) if block else 0.0
        first = block * _BLOCK
        reached = weights[first : first + _BLOCK].cumsum(dtype=np.float64)
    place = min(int(reached.searchsorted(goal, side="right")), len(reached) - 1) + first
    while weights[place] == 0:  # only where rounding led past the last one that has a share
        place -= 1
    return place


def entropy(probs: Floats) -> float:
    """Entropy in nats; a probability of 0 adds nothing."""
    some = probs[probs > 0]
    return float(-(some * np.log(some)).sum())  # not np.dot: its threads cost more than they save


class Row:
    """Logits of the tokens still in; ``ids`` is None while that is every token of the vocabulary.

    After a cut the row is compact: ``ids`` ascending and ``z`` in float64. The caller's logits are
    never written to. What was worked out from the logits is remembered until they change; where a
    few of them are written, the weights of these alone are worked out again.
    """

    __slots__ = ("_one", "_own", "_top", "_total", "_weights", "ids", "z")

    def __init__(self, logits: Floats) -> None:
        self.ids: Ids | None = None
        self.z: Floats = logits
        self._own = False
        self._one: float | None = None
        self._top: float | None = None
        self._total: float | None = None
        self._weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.z)

    def top(self) -> float:
        """The highest logit.

        Raises:
            KnownError: the model's numbers are not finite.
        """
        if self._top is None:
            top = float(self.z.max())
            if not math.isfinite(top):
                raise KnownError(
                    "The model's output is not a number; its file may be damaged, or its precision "
                    "too low. Try float32, or verify the model."
                )
            self._top = top
        return self._top

    def one(self) -> float:
        """The logit whose weight is 1: the highest, or the highest before a change if still near."""
        top = self.top()
        return top if self._one is None or abs(self._one - top) > _NEAR else self._one

    def weights(self) -> Floats:
        """exp(z - one): probabilities up to a factor. Not to be written to."""
        if self._weights is None:
            weights = self.z - self.z.dtype.type(self.one())
            self._weights = np.exp(weights, out=weights)
        return self._weights

    def total(self) -> float:
        """The sum of the weights."""
        if self._total is None:
            self._total = float(self.weights().sum())
        return self._total

    def depths(self) -> Floats:
        """z - max; what is forbidden lies 80 nats down: next to nothing, but finite."""
        depths = self.z - self.z.dtype.type(self.top())
        # To look costs a quarter of what it costs to clip.
        return depths if depths.min() >= _DEEP else np.maximum(depths, _DEEP, out=depths)

    def entropy(self) -> float:
        """Entropy of softmax(z) in nats."""
        mean = float((self.weights() * self.depths()).sum()) / self.total()
        return self.lse() - self.top() - mean

    def lse(self) -> float:
        """log(sum(exp(z)))."""
        return self.one() + math.log(self.total())

    def probs(self) -> Floats:
        """softmax(z)."""
        return self.weights() / self.z.dtype.type(self.total())

    def prob(self, token: int) -> float:
        """The probability of ``token``, which is still in."""
        place = token if self.ids is None else int(np.searchsorted(self.ids, token))
        return float(self.weights()[place]) / self.total()

    def pick(self, u: float) -> int:
        """The id whose share of [0, 1), in id order, holds ``u``."""
        place = pick(self.weights(), u) if len(self) > 1 else 0
        return place if self.ids is None else int(self.ids[place])

    def candidates(self) -> Candidates:
        """The distribution as it stands."""
        probs = self.weights().astype(np.float64)
        probs /= probs.sum()
        return Candidates(np.arange(len(probs)) if self.ids is None else self.ids, probs)

    def keep(self, chosen: NDArray[Any]) -> None:
        """Drop all but ``chosen``: a mask, or positions in ascending order."""
        if chosen.dtype == np.bool_:
            chosen = chosen.nonzero()[0]
        if len(chosen) == len(self.z):
            return
        self.ids = chosen if self.ids is None else self.ids[chosen]
        self.z = self.z[chosen].astype(np.float64, copy=False)
        self._changed()

    def replace(self, z: Floats) -> None:
        """Other logits for the same tokens; the array becomes the row's own."""
        self.z = z
        self._changed()

    def before(self) -> Row:
        """The row as it stands, which stays as it is when a later stage changes this one."""
        self._own = False
        row = Row(self.z)
        row.ids = self.ids
        return row

    def places(self, ids: Ids) -> NDArray[np.intp]:
        """Where those of ``ids`` that are still in stand, in the order given, repeats and all."""
        if self.ids is None:
            if not len(ids) or int(ids.view(np.uint64).max()) < len(self.z):  # none below 0 either
                return ids
            return ids[(ids >= 0) & (ids < len(self.z))]
        places = np.searchsorted(self.ids, ids)
        places[places == len(self.ids)] = 0
        return places[self.ids[places] == ids]

    def put(self, places: NDArray[np.intp], values: Floats | float) -> None:
        """Write logits; where a place is named twice the last value stays."""
        if self._one is None:
            self._one = self.top()
        weights = self._weights
        one = 0.0 if weights is None else self.one()
        self.own()[places] = values
        self._top = self._total = self._weights = None
        if weights is None:
            return
        top = float(self.z.max())
        if math.isfinite(top):
            self._top = top
            if self.one() == one:
                weights[places] = np.exp(self.z[places] - weights.dtype.type(one))
                self._weights = weights

    def own(self) -> Floats:
        """The logits as the row's own copy. Read from end to end, they are then near to hand."""
        if not self._own:
            self.z = self.z.copy()
            self._own = True
        return self.z

    def _changed(self) -> None:
        self._own = True
        self._one = self._top = self._total = self._weights = None
