"""Stages that make tokens of the last text less likely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.lm.samplers.history import Moment
from engine.lm.samplers.row import Ids, Row


def window(history: Ids, span: int) -> Ids:
    """The last ``span`` ids; 0 means all."""
    return history[-span:] if span else history


def slope_weights(penalty: float, span: int, slope: float, n: int) -> NDArray[np.float64]:
    """KoboldAI's weights [n] for the newest ``n`` of ``span`` places, oldest first.

    Without a slope, or with no span (0, the whole text), every weight is ``penalty``; else they rise
    along a sigmoid from 1 to it.
    """
    if slope == 0 or span < 2:
        return np.full(n, penalty)
    t = np.arange(span - n, span) / (span - 1) * 2 - 1
    t = slope * t / (1 + np.abs(t) * (slope - 1))
    return 1 + (t + 1) / 2 * (penalty - 1)


@dataclass(frozen=True, slots=True)
class Repetition:
    """Multiplicative penalty (CTRL), with KoboldAI's range and slope.

    On log-probabilities unless ``raw``: GPT-2's raw logits drift far below 0, where the same factor
    is a mild push at one position and a ban at the next.
    """

    penalty: float
    span: int
    slope: float
    raw: bool
    name: str = "repetition"

    def __call__(self, row: Row, moment: Moment) -> None:
        """Every weight applies to the logit as it came in: repeats don't compound, the newest wins."""
        ids = window(moment.history, self.span)
        places = row.places(ids)
        if not len(places):
            return
        weights: NDArray[np.float64] | float = self.penalty
        if self.slope:
            weights = slope_weights(self.penalty, self.span, self.slope, len(ids))
            if len(places) < len(ids):  # some are cut already; keep each weight with its id
                inside = np.arange(len(row)) if row.ids is None else row.ids
                weights = weights[np.isin(ids, inside)]
        zero = 0.0 if self.raw else row.lse()
        old = row.z[places].astype(np.float64) - zero
        row.put(places, np.where(old <= 0, old * weights, old / weights) + zero)


@dataclass(frozen=True, slots=True)
class Presence:
    """Takes a fixed amount off every token used (OpenAI's presence penalty)."""

    penalty: float
    span: int
    name: str = "presence"

    def __call__(self, row: Row, moment: Moment) -> None:
        """Once for each id, however often it was used."""
        places = row.places(window(moment.history, self.span))
        if len(places):
            row.put(places, row.own()[places] - self.penalty)


@dataclass(frozen=True, slots=True)
class Frequency:
    """Takes an amount off for every use of a token (OpenAI's frequency penalty)."""

    penalty: float
    span: int
    name: str = "frequency"

    def __call__(self, row: Row, moment: Moment) -> None:
        """In proportion to the count."""
        places = row.places(window(moment.history, self.span))
        if len(places):
            places, counts = np.unique(places, return_counts=True)
            row.put(places, row.own()[places] - self.penalty * counts)


@dataclass(frozen=True, slots=True)
class Used:
    """Presence and right behind it frequency in one stage, with the result of the two."""

    presence: Presence
    frequency: Frequency
    name: str = "presence and frequency"

    def __call__(self, row: Row, moment: Moment) -> None:
        """Rounded as the two round."""
        places = row.places(window(moment.history, self.presence.span))
        if len(places):
            places, counts = np.unique(places, return_counts=True)
            z = row.own()[places]
            z -= z.dtype.type(self.presence.penalty)
            row.put(places, z - self.frequency.penalty * counts)
