"""Continuing a prompt: read it, then decode one or several candidates token by token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import KnownError
from engine.lm.backend import Alternative, End, Event, Finish, Request, Token
from engine.lm.draws import At
from engine.lm.reader import Branches, Reader
from engine.lm.sampling import Chain, History
from engine.lm.stops import Holdback, ends_sentence
from engine.lm.stream import StreamDecoder
from engine.tokens import Tokenizer

TAIL = 200  # characters of a candidate that deciding about the end of a sentence can need


class Candidate:
    """One row being written: its ids, its text so far, and whether it has ended."""

    def __init__(self, row: int, request: Request, chain: Chain, tokenizer: Tokenizer) -> None:
        self.row = row
        self.ended = False
        self._history = History(request.tokens)
        self._request = request
        self._chain = chain
        self._tokenizer = tokenizer
        self._decoder = StreamDecoder(tokenizer)
        self._hold = Holdback(request.stop)
        self._tail = ""
        self._n = 0

    def advance(self, logits: NDArray[np.float32], last: int) -> tuple[list[Event], int]:
        """Draw the next token from ``logits`` [V]; what can be shown, and the id to read next.

        ``last`` is how many tokens the row may have in all.
        """
        draw = At(self._request.seed, self.row, self._n)
        token = self._chain.sample(logits, self._history, draw)
        if self._tokenizer.is_special(token):
            return self._end(Finish.END), token
        text = self._decoder.push(token)
        if self._n >= self._request.max_tokens and text[:1].isspace() and ends_sentence(self._tail):
            return self._end(Finish.SENTENCE), token
        self._history.append(token)
        self._n += 1
        self._tail = (self._tail + text)[-TAIL:]
        logprob, top = likeliest(logits, token, self._request.top, self._tokenizer)
        events: list[Event] = [*self._hold.push(Token(self.row, token, text, logprob, top))]
        if self._hold.stopped:
            self.ended = True
            events.append(End(self.row, Finish.STOP))
        elif self._n >= last:
            events += self._end(Finish.LENGTH)
        return events, token

    def _end(self, reason: Finish) -> list[Event]:
        """Show what was held back, half a character included, and end."""
        self.ended = True
        return [*self._hold.flush(), End(self.row, reason)]


def likeliest(
    logits: NDArray[np.float32], token: int, n: int, tokenizer: Tokenizer
) -> tuple[float, tuple[Alternative, ...]]:
    """The log-probability of ``token`` (nats) and the ``n`` likeliest ids, best first."""
    peak = float(logits.max())
    total = peak + float(np.log(np.exp(logits - peak).sum(dtype=np.float64)))
    if not n:
        return float(logits[token]) - total, ()
    n = min(n, len(logits))
    best = np.argpartition(logits, len(logits) - n)[-n:]
    best = best[np.argsort(-logits[best], kind="stable")]
    top = tuple(
        Alternative(int(i), tokenizer.decode([int(i)]), float(logits[i]) - total) for i in best
    )
    return float(logits[token]) - total, top


def check(request: Request, n_ctx: int, n_vocab: int) -> None:
    """Refuse a request that cannot be run, before anything is.

    Raises:
        KnownError: no tokens, more than fit into the window, or ids the model does not have.
    """
    if not request.tokens:
        raise KnownError("There is nothing to continue: the prompt is empty.")
    if request.max_tokens < 1 or request.n < 1:
        raise KnownError("At least one token of one continuation has to be asked for.")
    if len(request.tokens) + request.max_tokens > n_ctx:
        raise KnownError(
            f"The prompt has {len(request.tokens)} tokens and {request.max_tokens} more were asked "
            f"for, but the model's window holds {n_ctx}. Shorten one of the two."
        )
    if not all(0 <= token < n_vocab for token in request.tokens):
        raise KnownError("The prompt holds token ids that this model does not have.")


def generate(reader: Reader, tokenizer: Tokenizer, request: Request) -> Iterator[Event]:
    """Events of ``request.n`` candidates from one reading of the prompt; close it to stop.

    Call ``check`` first.
    """
    yield from reader.read(request.tokens)
    chain = Chain(request.sampling)
    rows = [Candidate(row, request, chain, tokenizer) for row in range(request.n)]
    n_ctx = reader.model.config.n_ctx
    last = min(request.max_tokens + request.finish_sentence, n_ctx - len(request.tokens))
    if request.n == 1:
        yield from _decode_one(reader, rows[0], last, tokenizer.n_vocab)
    else:
        branches = reader.branch(request.n, len(request.tokens) + last)
        try:
            yield from _decode_many(branches, rows, last, tokenizer.n_vocab)
        finally:
            branches.keep()


def _decode_one(reader: Reader, row: Candidate, last: int, n_vocab: int) -> Iterator[Event]:
    while True:
        events, token = row.advance(reader.logits()[:n_vocab], last)
        yield from events
        if row.ended:
            return
        reader.step(token)


def _decode_many(
    branches: Branches, rows: Sequence[Candidate], last: int, n_vocab: int
) -> Iterator[Event]:
    tokens = [0] * len(rows)
    while True:
        logits = branches.logits()
        for row in rows:
            if not row.ended:
                events, tokens[row.row] = row.advance(logits[row.row, :n_vocab], last)
                yield from events
        if all(row.ended for row in rows):
            return
        branches.step(tokens)
