"""Further stages that cut tokens off; none of them ever cuts the last one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.lm.draws import XTC
from engine.lm.samplers.history import Moment
from engine.lm.samplers.row import Floats, Ids, Row

_DEPTHS = (4.0, 8.0)  # nats below the highest logit
_SLACK = 1e-9  # for rounding


@dataclass(frozen=True, slots=True)
class TopA:
    """Drops tokens below ``a`` times the square of the likeliest one's probability."""

    a: float
    name: str = "top_a"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """As a bound on logits."""
        top = row.top()
        row.keep(row.z >= min(top, math.log(self.a) + 2 * top - row.lse()))


@dataclass(frozen=True, slots=True)
class TailFree:
    """Tail-free sampling as KoboldAI has it: cuts where the sorted curve has done its bending.

    With c the running share of |second difference|, place j is cut if c[j - 1] > z; so is the last.
    """

    z: float
    name: str = "tfs"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """Equals at the border stay in order of id."""
        n = len(row)
        if n < 3:
            return
        probs = row.probs()
        falling, kept = self._bent(row, probs)
        if not kept:
            return
        border = probs.dtype.type(falling[min(kept, n - 1) - 1])
        above = (probs > border).nonzero()[0]
        equal = (probs == border).nonzero()[0][: min(kept, n - 1) - len(above)]
        row.keep(np.sort(np.concatenate([above, equal])))

    def _bent(self, row: Row, probs: Floats) -> tuple[NDArray[np.float64], int]:
        """Probabilities from the highest down, and how many lie before the tail; 0 without a tail.

        All that lies below a place together bends by less than twice the probability there: where
        that cannot move the border, what lies below need not be sorted.
        """
        for bound in _DEPTHS:
            falling, bends = _bends(probs[row.z >= row.top() - bound])
            if len(bends):
                total = float(bends.sum())
                most = total + 2 * float(falling[-2])
                goals = [self.z * total * (1 - _SLACK), self.z * most * (1 + _SLACK)]
                first, last = np.cumsum(bends).searchsorted(goals, side="right").tolist()
                if first == last < len(bends):
                    return falling, 1 + first
        falling, bends = _bends(probs)
        total = float(bends.sum())
        if total == 0:  # a straight line has no tail
            return falling, 0
        return falling, 1 + int(np.cumsum(bends / total).searchsorted(self.z, side="right"))


def _bends(probs: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The probabilities from the highest down, and how much the curve bends at each but the ends."""
    falling = np.sort(probs)[::-1].astype(np.float64)
    return falling, np.abs(np.diff(falling, 2))


@dataclass(frozen=True, slots=True)
class TopNSigma:
    """Keeps logits within ``n`` standard deviations (of a sample, n - 1) of the highest."""

    n: float
    name: str = "top_n_sigma"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """What is ruled out already does not count towards the deviation."""
        inside = np.isfinite(row.z)
        finite = row.z if inside.all() else row.z[inside]
        if len(finite) > 1:
            row.keep(row.z >= row.top() - self.n * float(finite.std(ddof=1, dtype=np.float64)))


@dataclass(frozen=True, slots=True)
class Epsilon:
    """Drops tokens less likely than ``epsilon``; the likeliest always stays."""

    epsilon: float
    name: str = "epsilon"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """As a bound on logits."""
        row.keep(row.z >= min(row.top(), math.log(self.epsilon) + row.lse()))


@dataclass(frozen=True, slots=True)
class Eta:
    """Drops tokens less likely than min(eta, sqrt(eta) * exp(-entropy)); the likeliest stays."""

    eta: float
    name: str = "eta"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """As a bound on logits."""
        bound = min(math.log(self.eta), 0.5 * math.log(self.eta) - row.entropy())
        row.keep(row.z >= min(row.top(), bound + row.lse()))


@dataclass(frozen=True, slots=True)
class Xtc:
    """Exclude top choices: of the tokens at or above ``threshold`` only the least likely stays.

    Without a draw (a preview) it strikes, unless its chance is 0. It holds off where a token of
    ``spared`` (line end, end of text) would go.
    """

    threshold: float
    chance: float
    spared: Ids
    name: str = "xtc"

    def __call__(self, row: Row, moment: Moment) -> None:
        """Of equally likely ones the last stays."""
        if moment.draw is not None and moment.draw.uniform(XTC) >= self.chance:
            return
        probs = row.probs()
        obvious = (probs >= self.threshold).nonzero()[0]
        if len(obvious) < 2:
            return
        stays = obvious[len(obvious) - 1 - int(np.argmin(probs[obvious][::-1]))]
        gone = obvious[obvious != stays]
        if not np.isin(row.places(self.spared), gone).any():
            keep = np.ones(len(row), np.bool_)
            keep[gone] = False
            row.keep(keep)
