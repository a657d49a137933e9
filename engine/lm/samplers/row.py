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


class Candidates(NamedTuple):
    """What may come next: ``ids`` ascending, ``probs`` float64 that sum to 1."""

    ids: Ids
    probs: NDArray[np.float64]

    @property
    def entropy(self) -> float:
        """In nats."""
        return entropy(self.probs)

    def prob(self, token: int) -> float:
        """The probability of ``token``, which is among them."""
        return float(self.probs[np.searchsorted(self.ids, token)])

    def pick(self, u: float) -> int:
        """The id whose share of [0, 1), in id order, holds ``u``."""
        return int(self.ids[pick(self.probs, u)])


def pick(weights: Floats, u: float) -> int:
    """The place whose share of [0, 1), in order of places, holds ``u``."""
    blocks = np.cumsum(
        np.add.reduceat(weights, np.arange(0, len(weights), _BLOCK), dtype=np.float64)
    )
    goal = u * float(blocks[-1])
    block = min(int(np.searchsorted(blocks, goal, side="right")), len(blocks) - 1)
    first = block * _BLOCK
    reached = np.cumsum(weights[first : first + _BLOCK], dtype=np.float64)
    goal -= float(blocks[block - 1]) if block else 0.0
    place = min(int(np.searchsorted(reached, goal, side="right")), len(reached) - 1) + first
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
    never written to. What was worked out from the logits is remembered until they change.
    """

    __slots__ = ("_own", "_top", "_total", "_weights", "ids", "z")

    def __init__(self, logits: Floats) -> None:
        self.ids: Ids | None = None
        self.z: Floats = logits
        self._own = False
        self._changed()

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

    def weights(self) -> Floats:
        """exp(z - max): probabilities up to a factor. Not to be written to."""
        if self._weights is None:
            weights = self.z - self.z.dtype.type(self.top())
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
        total = self.total()
        return math.log(total) - float((self.weights() * self.depths()).sum()) / total

    def lse(self) -> float:
        """log(sum(exp(z)))."""
        return self.top() + math.log(self.total())

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
            chosen = np.flatnonzero(chosen)
        if len(chosen) == len(self.z):
            return
        self.ids = chosen if self.ids is None else self.ids[chosen]
        self.z = self.z[chosen].astype(np.float64, copy=False)
        self._own = True
        self._changed()

    def replace(self, z: Floats) -> None:
        """Other logits for the same tokens; the array becomes the row's own."""
        self.z = z
        self._own = True
        self._changed()

    def before(self) -> Row:
        """The row as it stands, which stays as it is when a later stage changes this one."""
        self._own = False
        row = Row(self.z)
        row.ids, row._top, row._total, row._weights = (
            self.ids,
            self._top,
            self._total,
            self._weights,
        )
        return row

    def places(self, ids: Ids) -> NDArray[np.intp]:
        """Where those of ``ids`` that are still in stand, in the order given, repeats and all."""
        if self.ids is None:
            inside = (ids >= 0) & (ids < len(self.z))
            return ids if inside.all() else ids[inside]
        places = np.searchsorted(self.ids, ids)
        places[places == len(self.ids)] = 0
        return places[self.ids[places] == ids]

    def put(self, places: NDArray[np.intp], values: Floats | float) -> None:
        """Write logits; where a place is named twice the last value stays."""
        if not self._own:
            self.z = self.z.copy()
            self._own = True
        self.z[places] = values
        self._changed()

    def _changed(self) -> None:
        self._top: float | None = None
        self._total: float | None = None
        self._weights: Floats | None = None
