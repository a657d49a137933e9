"""Continuing a prompt: read it, then decode one or several candidates token by token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.errors import KnownError
from engine.lm.backend import Alternative, End, Event, Finish, Request, Retract, Token
from engine.lm.draws import At
from engine.lm.reader import Reader
from engine.lm.samplers.guidance import unwanted_prompt
from engine.lm.samplers.row import Floats, Row
from engine.lm.samplers.truncation import highest
from engine.lm.sampling import Chain, History
from engine.lm.stops import TAIL, Holdback, ends_sentence
from engine.lm.stream import StreamDecoder
from engine.lm.tracks import Guided, Track, track_of
from engine.tokens import Tokenizer

MAX_CANDIDATES = 64  # each needs a KV cache of its own
REFUSALS = 40  # tokens that are refused at one place before a candidate may end without a word


class Candidate:
    """One row being written: its ids, its text so far, and whether it has ended."""

    def __init__(self, row: int, request: Request, chain: Chain, tokenizer: Tokenizer) -> None:
        self.row = row
        self.ended = False
        self.history = History(request.tokens)
        self._start = len(request.tokens)
        self._request = request
        self._chain = chain
        self._state = chain.state(self._start)
        self._tokenizer = tokenizer
        self._decoder = StreamDecoder(tokenizer)
        self._hold = Holdback(request.stop)
        self._text = ""

    def advance(self, plain: Floats, shaped: Floats, last: int) -> list[Event]:
        """Draw the next token from the logits ``shaped`` [V]; what can be shown.

        ``plain`` are the model's own (without guidance the same), which log-probabilities come
        from. ``last`` is how many tokens the row may have in all. Unless the row has ended, ``history``
        is one token longer afterwards, or shorter where a banned phrase was taken back.
        """
        row = Row(plain)
        total = row.lse()
        if not np.may_share_memory(plain, shaped):  # else the chain goes on with this row
            row = Row(shaped)
        refused: list[int] = []
        while True:
            token = self._draw(row)
            over = self._try(token, plain, total)
            if over is None:
                return self._appended(token, last)
            if not self.ended:  # its last word was a banned one
                return over
            said = not self._request.nonempty or bool(self._text.strip())
            if said or len(refused) >= REFUSALS:
                return over
            refused.append(token)  # it may not end before it has said a word
            shaped = shaped.copy()
            shaped[refused] = -np.inf
            row = Row(shaped)
            self.ended = False
            self._hold.refuse()
            self._decode_again()

    def _draw(self, row: Row) -> int:
        draw = At(self._request.seed, self.row, len(self.history) - self._start)
        return self._chain.sample(row, self.history, draw, self._state)

    def _try(self, token: int, logits: Floats, total: float) -> list[Event] | None:
        """Events if ``token`` does not become part of the row: it ends, or a ban takes words back."""
        self._ready: list[Event] = []
        if self._tokenizer.is_special(token):
            return self._taken_back() or self._end(Finish.END)
        text = self._decoder.push(token)
        place = len(self.history) - self._start
        if place >= self._request.max_tokens and text[:1].isspace() and ends_sentence(self._text):
            return self._taken_back() or self._end(Finish.SENTENCE)
        top = likeliest(logits, total, self._request.top, self._tokenizer)
        logprob = float(logits[token]) - total
        self._ready += self._hold.push(Token(self.row, token, text, logprob, top))
        if self._hold.stopped:
            if back := self._taken_back(refuse=True):
                return back
            self.ended = True
            return [*self._ready, End(self.row, Finish.STOP)]
        self._text = (self._text + text)[-TAIL:]
        return None

    def _appended(self, token: int, last: int) -> list[Event]:
        """Go on with ``token``: what is shown of it, what a banned phrase takes back, the end."""
        self.history.append(token)
        full = len(self.history) - self._start >= last
        back = self._chain.take_back(self.history, self._state, ended=full)
        if back:
            return self._ready + self._retract(back)
        return self._ready + self._end(Finish.LENGTH) if full else self._ready

    def _taken_back(self, *, refuse: bool = False) -> list[Event]:
        """Where the row would end: what takes back its last word if that is a banned one."""
        back = self._chain.take_back(self.history, self._state, ended=True)
        if not back:
            return []
        if refuse:
            self._hold.refuse()
        return self._retract(back) or [Retract(self.row, 0)]

    def _retract(self, back: int) -> list[Event]:
        """Take back ``back`` tokens: those held in silence, those shown with an event."""
        shown = back - self._hold.drop(back)
        self._decode_again()
        return [Retract(self.row, shown)] if shown else []

    def _decode_again(self) -> None:
        """Bring decoder and text back in step with the history."""
        self._decoder = StreamDecoder(self._tokenizer)
        ids = self.history.ids[self._start :].tolist()
        self._text = "".join(map(self._decoder.push, ids))[-TAIL:]

    def _end(self, reason: Finish) -> list[Event]:
        """Show what was held back, and end."""
        self.ended = True
        return [*self._hold.flush(), End(self.row, reason)]


def likeliest(
    logits: Floats, total: float, n: int, tokenizer: Tokenizer
) -> tuple[Alternative, ...]:
    """The ``n`` likeliest ids, best first; ``total`` is the log of the sum of exp(logits)."""
    best = highest(logits, n).tolist() if n else ()
    return tuple(Alternative(i, tokenizer.decode([i]), float(logits[i]) - total) for i in best)


def check(request: Request, n_ctx: int, n_vocab: int) -> None:
    """Refuse a request that cannot be run, before anything is.

    Raises:
        KnownError: no tokens, more than fit into the window, or ids the model does not have.
    """
    if not request.tokens:
        raise KnownError("There is nothing to continue: the prompt is empty.")
    if request.max_tokens < 1 or request.n < 1:
        raise KnownError("At least one token of one continuation has to be asked for.")
    if request.n > MAX_CANDIDATES:
        raise KnownError(f"At most {MAX_CANDIDATES} continuations can be written side by side.")
    if len(request.each) not in {0, request.n}:
        raise KnownError("Each continuation needs settings of its own, or none does.")
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
    n_ctx = reader.model.config.n_ctx
    last = min(request.max_tokens + request.finish_sentence, n_ctx - len(request.tokens))
    chains = [Chain(settings, tokenizer) for settings in request.each or (request.sampling,)]
    unwanted = unwanted_prompt(request.sampling, tokenizer, request.tokens, n_ctx - last)
    yield from reader.read(request.tokens)
    track = track_of(reader, request.n, last)
    if unwanted is not None:
        other = reader.another()  # a graph would not pay for one reply
        yield from other.read(unwanted)
        track = Guided(track, track_of(other, request.n, last), request, len(unwanted))
    rows = [
        Candidate(row, request, chains[row % len(chains)], tokenizer) for row in range(request.n)
    ]
    try:
        yield from _decode(track, rows, last, tokenizer.n_vocab)
    finally:
        track.keep()


def _decode(track: Track, rows: Sequence[Candidate], last: int, n_vocab: int) -> Iterator[Event]:
    """All rows a token at a time; one that was taken back waits until the others have ended."""
    going, waiting = list(rows), list[Candidate]()
    while going:
        plain, shaped = track.logits()
        for row in going:
            length = len(row.history)
            at = row.row
            yield from row.advance(plain[at, :n_vocab], shaped[at, :n_vocab], last)
            if not row.ended and len(row.history) <= length:
                waiting.append(row)
        going = [row for row in going if not row.ended and row not in waiting]
        if going:
            track.step({row.row: int(row.history.ids[-1]) for row in going})
    for row in waiting:
        while not row.ended:
            track.follow(row.row, row.history.ids)
            plain, shaped = track.logits()
            yield from row.advance(plain[row.row, :n_vocab], shaped[row.row, :n_vocab], last)
