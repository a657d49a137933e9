"""Stages that look for repeated runs in the text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.lm.samplers.history import Moment
from engine.lm.samplers.penalties import window
from engine.lm.samplers.row import Ids, Row

_LONGEST = 50  # tokens: longer repeats count as this long


def forbid(row: Row, ids: Ids) -> None:
    """Rule ``ids`` out, unless nothing would be left."""
    places = row.places(ids)
    if not len(places):
        return
    old = row.z[places]
    row.put(places, -np.inf)
    if row.z.max() == -np.inf:
        row.put(places, old)


@dataclass(frozen=True, slots=True)
class NoRepeatNgram:
    """Rules out every token that would complete a run of ``n`` tokens that stands in the text."""

    n: int
    name: str = "no_repeat_ngram"

    def __call__(self, row: Row, moment: Moment) -> None:
        """Looks at the whole history."""
        ids, n = moment.history, self.n
        if len(ids) < n:
            return
        starts = np.arange(len(ids) - n + 1)
        for k in range(n - 1):
            starts = starts[ids[starts + k] == ids[len(ids) - n + 1 + k]]
        forbid(row, ids[starts + n - 1])


@dataclass(frozen=True, slots=True)
class Dry:
    """Don't repeat yourself: a token that continues a repeat of L tokens loses m * base^(L - allowed).

    ``unbroken`` tells how many of the last ids hold no sequence breaker, ``breaks`` whether one id
    is a breaker; repeats neither reach across breakers nor continue with one.
    """

    multiplier: float
    base: float
    allowed: int
    span: int
    unbroken: Callable[[Ids, int], int]
    breaks: Callable[[int], bool]
    name: str = "dry"

    def __call__(self, row: Row, moment: Moment) -> None:
        """For every earlier place of the last id: how far back does the text before it agree?"""
        ids = window(moment.history, self.span)
        places = (ids[:-1] == ids[-1]).nonzero()[0] if len(ids) else ids
        longest: dict[int, int] = {}  # by the id that came next
        length, limit = 1, _LONGEST
        while len(places) and length <= limit:
            if length == self.allowed:  # seldom reached, so breakers are looked for only here
                limit = self.unbroken(ids, _LONGEST)
                if limit < length:
                    return
            if length >= self.allowed:
                longest.update(dict.fromkeys(ids[places + 1].tolist(), length))
            places = places[places >= length]
            places = places[ids[places - length] == ids[len(ids) - 1 - length]]
            length += 1
        longest = {token: n for token, n in longest.items() if not self.breaks(token)}
        if not longest:
            return
        tokens = np.fromiter(longest, np.int64)
        inside = row.places(tokens)
        if len(inside):
            known = inside if row.ids is None else row.ids[inside]
            lengths = np.array([longest[int(token)] for token in known], np.float64)
            row.put(inside, row.z[inside] - self.multiplier * self.base ** (lengths - self.allowed))
