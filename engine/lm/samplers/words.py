"""Settings that are made of words, compiled for one tokenizer: biases, bans, sequence breakers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.lm.samplers.history import History, Moment, State
from engine.lm.samplers.repeats import forbid
from engine.lm.samplers.row import Ids, Row
from engine.tokens import Tokenizer

_ATTEMPTS = 50  # ids forbidden at one place before a banned phrase is let through
_CACHE = 4096  # pieces remembered


class Pieces:
    """The bytes of single ids, remembered."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, bytes] = {}

    def __call__(self, token: int) -> bytes:
        """What ``token`` writes; nothing for special ones."""
        piece = self._known.get(token)
        if piece is None:
            special = not 0 <= token < self._tokenizer.n_vocab or self._tokenizer.is_special(token)
            piece = b"" if special else self._tokenizer.decode_bytes([token])
            if len(self._known) < _CACHE:
                self._known[token] = piece
        return piece


def variants(tokenizer: Tokenizer, word: str) -> list[tuple[int, ...]]:
    """Id sequences of a word as it stands and, unless it begins with white space, after a space."""
    texts = [word] if word[:1].isspace() else [word, " " + word]
    return list(dict.fromkeys(tuple(tokenizer.encode(text)) for text in texts))


class Bias:
    """Adds to the logits of words, in nats.

    Of a phrase of several tokens a bias below 0 holds the last one back once the others stand; one
    above 0 lifts each in turn.
    """

    name = "bias"

    def __init__(self, sequences: Sequence[tuple[tuple[int, ...], float]]) -> None:
        always: dict[int, float] = {}
        self._after: list[tuple[tuple[int, ...], int, float]] = []
        for ids, bias in sequences:
            for n, token in enumerate(ids):
                if bias < 0 and n < len(ids) - 1:
                    continue
                if n == 0:
                    always[token] = always.get(token, 0.0) + bias
                else:
                    self._after.append((ids[:n], token, bias))
        self._ids = np.fromiter(always, np.int64)
        self._bias = np.fromiter(always.values(), np.float64)
        self._longest = max((len(prefix) for prefix, _, _ in self._after), default=0)

    def __call__(self, row: Row, moment: Moment) -> None:
        """On the whole row; every bias that applies adds up."""
        if len(self._ids):
            inside = (self._ids >= 0) & (self._ids < len(row))
            places = self._ids[inside]
            row.put(places, row.z[places] + self._bias[inside])
        if not self._after:
            return
        tail = tuple(moment.history[-self._longest :].tolist())
        for prefix, token, bias in self._after:
            if tail[len(tail) - len(prefix) :] == prefix and 0 <= token < len(row):
                place = np.array([token])
                row.put(place, row.z[place] + bias)


class Breakers:
    """Texts that a repeat does not reach across."""

    def __init__(self, texts: Sequence[str], pieces: Callable[[int], bytes]) -> None:
        self._texts = [text.encode("utf-8", "replace") for text in texts]
        self._pieces = pieces

    def breaks(self, token: int) -> bool:
        """Whether one id alone writes a breaker."""
        piece = self._pieces(token)
        return any(text in piece for text in self._texts)

    def unbroken(self, ids: Ids, most: int) -> int:
        """How many of the last ids, up to ``most``, hold no breaker between them."""
        pieces = [self._pieces(token) for token in ids[-most - 1 :].tolist()]
        text = b"".join(pieces)
        last = max((text.rfind(breaker) for breaker in self._texts), default=-1)
        behind, n = len(text), 0
        for piece in reversed(pieces):
            behind -= len(piece)
            if behind <= last or n == most:
                break
            n += 1
        return n


@dataclass(frozen=True, slots=True)
class Found:
    """A banned phrase: ``n`` tokens back it begins, with the id ``token``."""

    n: int
    token: int


class Bans:
    """Finds banned words and phrases in what was written, however it was cut into tokens.

    Whole words only, capitals make no difference, white space matches white space.
    """

    def __init__(self, phrases: Sequence[str], pieces: Pieces) -> None:
        self._pieces = pieces
        self._phrases = [_Phrase.of(phrase) for phrase in phrases]
        longest = max((len(phrase.encode("utf-8", "replace")) for phrase in phrases), default=0)
        self._tail = longest + 16  # tokens: each writes a byte at least; some room for white space

    def find(self, history: Ids, state: State, *, ended: bool) -> Found | None:
        """The first banned phrase that the reply completes, if any.

        A word's end shows in the character after it, unless the text has ``ended``.
        """
        first = max(0, len(history) - self._tail)
        pieces = [self._pieces(token) for token in history[first:].tolist()]
        text = b"".join(pieces).decode("utf-8", "surrogateescape")
        lower = text.lower()
        begins = np.cumsum([0, *map(len, pieces)])
        written = int(begins[max(0, state.start - first)])
        for phrase in self._phrases:
            if phrase.hint not in lower:
                continue
            for match in re.finditer(phrase.pattern, text, re.IGNORECASE):
                start, end = (len(_bytes(text[:i])) for i in match.span())
                unsure = phrase.open and match.end() == len(text) and not ended
                if unsure or end <= written:
                    continue
                place = first + int(np.searchsorted(begins, start, side="right")) - 1
                place = max(place, state.start)
                if len(state.forbidden.get(place, ())) < _ATTEMPTS:
                    return Found(len(history) - place, int(history[place]))
        return None

    def take_back(self, history: History, state: State, *, ended: bool) -> int:
        """Drop a completed phrase from the history and forbid its first id there; how many went."""
        found = self.find(history.ids, state, ended=ended)
        if found is None:
            return 0
        history.drop(found.n)
        state.forbid(len(history), found.token)
        return found.n


class Forbid:
    """Rules out what was taken back at this place."""

    name = "banned"

    def __call__(self, row: Row, moment: Moment) -> None:
        """Only in a generation: a preview has no memory."""
        if moment.state is not None:
            ids = moment.state.forbidden.get(len(moment.history))
            if ids:
                forbid(row, np.array(ids))


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A banned phrase: its first word, what matches it, and whether a letter could carry it on.

    The pattern is compiled when the first word turns up: lists may be long.
    """

    hint: str
    pattern: str
    open: bool

    @classmethod
    def of(cls, phrase: str) -> _Phrase:
        """A phrase of nothing but white space stands for itself."""
        words = phrase.split() or [phrase]
        before = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
        open_ = bool(re.search(r"\w\Z", words[-1]))
        text = r"\s{1,3}".join(re.escape(word) for word in words)
        after = r"(?!\w)" if open_ else ""
        return cls(words[0].lower(), before + text + after, open_)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
