"""Candidates on their way: what reads their tokens and gives the logits after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from engine.lm.backend import Request
from engine.lm.reader import Reader
from engine.lm.samplers.guidance import guide

Rows = NDArray[np.float32]  # [rows, V], on the host
Ids = NDArray[np.int64]


class Track(Protocol):
    """Rows that grow from one prompt, a token at a time."""

    def logits(self) -> tuple[Rows, Rows]:
        """Logits after the last tokens: the model's own, and those to draw from."""
        ...

    def step(self, tokens: Mapping[int, int]) -> None:
        """Read one more token in the rows that are named; they must be of one length."""
        ...

    def follow(self, row: int, history: Ids) -> None:
        """Read what ``history`` has beyond a row, which it may have left a few tokens back."""
        ...

    def keep(self) -> None:
        """Leave what was read to the next request."""
        ...


def track_of(reader: Reader, rows: int, room: int) -> Track:
    """Rows that grow from what ``reader`` has read, by up to ``room`` tokens."""
    return Alone(reader) if rows == 1 else Branches(reader, rows, len(reader.ids) + room)


class Alone:
    """A single row, which grows in the reader's own cache."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def logits(self) -> tuple[Rows, Rows]:
        """Logits after the last token."""
        row = self._reader.logits()[None]
        return row, row

    def step(self, tokens: Mapping[int, int]) -> None:
        """Read one more token."""
        self._reader.extend([tokens[0]])

    def follow(self, row: int, history: Ids) -> None:  # noqa: ARG002 - there is one row
        """Read what ``history`` has beyond what was read."""
        self._reader.truncate(len(history) - 1)
        self._reader.extend(history[len(self._reader.ids) :].tolist())

    def keep(self) -> None:
        """Nothing to do: the reader has read it."""


class Branches:
    """Several candidates that grow from one prompt, decoded as one batch."""

    def __init__(self, reader: Reader, rows: int, room: int) -> None:
        self._reader = reader
        self._model = reader.model
        self._cache, self._step = reader.branch(rows, room)
        self._rows = [list(reader.ids) for _ in range(rows)]
        self._logits = np.repeat(reader.logits()[None], rows, axis=0)

    def logits(self) -> tuple[Rows, Rows]:
        """Logits after the last tokens."""
        return self._logits, self._logits

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> None:
        """Read one more token in the rows that are named; they must be of one length.

        The others compute along and keep what they had: a batch costs little more than a row.
        """
        batch = [tokens.get(row, 0) for row in range(len(self._rows))]
        self._cache.length = len(self._rows[next(iter(tokens))])
        logits = self._step(batch).float().cpu().numpy()
        for row, token in tokens.items():
            self._rows[row].append(token)
            self._logits[row] = logits[row]

    @torch.inference_mode()
    def follow(self, row: int, history: NDArray[np.int64]) -> None:
        """Read what ``history`` has beyond a row, which it may have left a few tokens back."""
        alone = self._cache.row(row)
        ids = self._rows[row]
        del ids[len(history) - 1 :]
        new = history[len(ids) :].tolist()
        alone.length = len(ids)
        hidden = self._model.hidden(torch.tensor([new], device=self._model.device), alone)
        self._logits[row] = self._model.lm_head(hidden[:, -1])[0].float().cpu().numpy()
        ids += new

    def keep(self) -> None:
        """Leave the candidates with the reader, for the one that will be chosen."""
        self._reader.keep(self._cache, self._rows)


class Guided:
    """Two tracks in step, one after the prompt and one after a prompt to keep away from."""

    def __init__(self, wanted: Track, unwanted: Track, request: Request, length: int) -> None:
        self._wanted, self._unwanted = wanted, unwanted
        self._scale = request.sampling.guidance
        self._start = len(request.tokens)
        self._length = length  # of the unwanted prompt

    def logits(self) -> tuple[Rows, Rows]:
        """The model's own logits, and those that lead away from the unwanted prompt."""
        (plain, _), (other, _) = self._wanted.logits(), self._unwanted.logits()
        pairs = zip(plain, other, strict=True)
        return plain, np.stack([guide(yes, no, self._scale) for yes, no in pairs])

    def step(self, tokens: Mapping[int, int]) -> None:
        """Read one more token after both prompts."""
        self._wanted.step(tokens)
        self._unwanted.step(tokens)

    def follow(self, row: int, history: Ids) -> None:
        """Read what ``history`` has beyond a row, after both prompts."""
        self._wanted.follow(row, history)
        # Only what comes after the prompt counts here: the rest of it is never looked at.
        prompt = np.zeros(self._length, np.int64)
        self._unwanted.follow(row, np.concatenate([prompt, history[self._start :]]))

    def keep(self) -> None:
        """Leave the wanted rows to the next request."""
        self._wanted.keep()
