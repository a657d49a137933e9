"""The ids before the next token, and what a chain remembers from one token to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.lm.draws import Draw
from engine.lm.samplers.row import Ids


class History:
    """Ids of prompt and reply in one growing array, so that a token costs no copy of the rest."""

    __slots__ = ("_buffer", "_n")

    def __init__(self, ids: Iterable[int] = ()) -> None:
        start = np.fromiter(ids, np.int64)
        self._n = len(start)
        self._buffer = np.empty(max(64, 2 * self._n), np.int64)
        self._buffer[: self._n] = start

    def __len__(self) -> int:
        return self._n

    @property
    def ids(self) -> Ids:
        """A view of all ids."""
        return self._buffer[: self._n]

    def append(self, token: int) -> None:
        """One more."""
        if self._n == len(self._buffer):
            self._buffer = np.concatenate([self._buffer, np.empty_like(self._buffer)])
        self._buffer[self._n] = token
        self._n += 1

    def drop(self, n: int) -> None:
        """Take the last ``n`` back."""
        if not 0 <= n <= self._n:
            raise ValueError(f"cannot take back {n} of {self._n}")
        self._n -= n


def as_ids(history: History | Sequence[int] | Ids) -> Ids:
    """The ids of a history in any form."""
    if isinstance(history, History):
        return history.ids
    return np.asarray(history, np.int64)


class State:
    """What a chain remembers within one generation of one row.

    ``memory`` has one number for each length of the reply so far (mirostat's bound, adaptive-p's
    average), so that tokens can be taken back; ``forbidden`` has ids by place in the history.
    """

    __slots__ = ("forbidden", "memory", "start")

    def __init__(self, start: int, first: float = 0.0) -> None:
        self.start = start
        self.memory = [first]
        self.forbidden: dict[int, list[int]] = {}

    def recall(self, place: int) -> float:
        """The number that holds before the token at ``place``."""
        return self.memory[min(place - self.start, len(self.memory) - 1)]

    def remember(self, place: int, value: float) -> None:
        """The number that holds after the token at ``place``."""
        del self.memory[place - self.start + 1 :]
        self.memory.append(value)

    def forbid(self, place: int, token: int) -> None:
        """``token`` may not stand at ``place``; what was forbidden behind it is open again."""
        self.forbidden = {p: ids for p, ids in self.forbidden.items() if p <= place}
        self.forbidden.setdefault(place, []).append(token)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a stage may know besides the row: the ids before it, the draws, and the memory."""

    history: Ids
    draw: Draw | None = None
    state: State | None = field(default=None)
