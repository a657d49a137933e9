"""Stages that reshape the distribution without cutting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.lm.samplers.history import Moment
from engine.lm.samplers.row import Row

_COLDEST = 0.01


@dataclass(frozen=True, slots=True)
class Temperature:
    """Divides the logits; above 0 (0 is greedy, which the chain handles).

    With a ``reach`` it is dynamic: from temperature - reach where the model is sure to
    temperature + reach where every token left is equally likely.
    """

    temperature: float
    reach: float = 0.0
    exponent: float = 1.0
    name: str = "temperature"

    def now(self, row: Row) -> float:
        """The temperature for this row: lo + (hi - lo) * (H / ln n) ** exponent."""
        if not self.reach:
            return self.temperature
        low, high = max(0.0, self.temperature - self.reach), self.temperature + self.reach
        n = int(np.count_nonzero(np.isfinite(row.z)))
        spread = min(1.0, max(0.0, row.entropy() / np.log(n))) if n > 1 else 0.0
        return max(_COLDEST, low + (high - low) * spread**self.exponent)

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """z / T, from the top down, so that no quotient overflows."""
        kind = row.z.dtype.type
        row.replace((row.z - kind(row.top())) / kind(self.now(row)))


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Quadratic to cubic: bends the logits down from the top, flat near it and steep further off."""

    factor: float
    curve: float
    name: str = "smoothing"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """-k f d^2 + s f d^3 with d = z - max, k = (3 - curve) / 2, s = (curve - 1) / 2."""
        depths = row.depths().astype(np.float64, copy=False)
        k, s = (3 - self.curve) / 2, (self.curve - 1) / 2
        bent = self.factor * depths**2 * (s * depths - k)
        row.replace(np.where(np.isfinite(row.z), bent, -np.inf))
