"""One candidate as it comes from a server: the same rules as for the engine of this machine."""

from __future__ import annotations

from engine.lm.backend import End, Event, Finish, Request, Retract, Token
from engine.lm.remote.speaker import Chunk, Piece
from engine.lm.stops import TAIL, Holdback, ends_sentence

MARGIN = 8  # tokens beyond what was asked for that are put up with
CHARACTERS = 200  # of one token: no vocabulary has longer ones

_REASONS = {
    "length": Finish.LENGTH,
    "word": Finish.STOP,  # a stop string, where the server tells it from an end
}


class Row:
    """Turns chunks into events; ``again`` is set where it ended without a word and must not."""

    def __init__(self, row: int, request: Request) -> None:
        self.row = row
        self.ended = False
        self.started = False
        self.again = False
        self.endless = False
        self._request = request
        self._last = request.max_tokens + request.finish_sentence
        self._reset()

    def _reset(self) -> None:
        self._hold = Holdback(self._request.stop)
        self._text = ""  # the end of it
        self._said = False
        self._count = 0
        self._shown = 0

    def take(self, chunk: Chunk) -> list[Event]:
        """The events of one chunk."""
        self.again = False
        events: list[Event] = []
        for piece in chunk.pieces:
            if self.ended:
                return events
            self.started = True
            events += self._token(piece)
            if self.again:
                return events
        if chunk.finish and not self.ended:
            events += self._end(_REASONS.get(chunk.finish, Finish.END))
        return events

    def _token(self, piece: Piece) -> list[Event]:
        text = piece.text
        if self._count >= self._last + MARGIN or len(text) > self._last * CHARACTERS:
            self.endless = True
            return self._end(Finish.LENGTH)
        if self._count >= self._last:
            self._count += 1  # dropped: it only shows whether the server stops by itself
            return []
        late = self._count >= self._request.max_tokens
        if late and text[:1].isspace() and ends_sentence(self._text):
            return self._end(Finish.SENTENCE)
        shown = self._hold.push(Token(self.row, piece.id, text, piece.logprob, piece.top))
        if self._hold.stopped:
            if self._wordless(extra="".join(token.text for token in shown)):
                return self._begin_again()
            self.ended = True
            return [*shown, End(self.row, Finish.STOP)]
        self._count += 1
        self._text = (self._text + text)[-TAIL:]
        self._said = self._said or bool(text.strip())
        self._shown += len(shown)
        return list(shown)

    def _end(self, reason: Finish) -> list[Event]:
        """Show what was held back, and end; or begin again where no word was said."""
        if reason is not Finish.LENGTH and self._wordless():
            return self._begin_again()
        self.ended = True
        return [*self._hold.flush(), End(self.row, reason)]

    def _wordless(self, extra: str = "") -> bool:
        return self._request.nonempty and not self._said and not extra.strip()

    def _begin_again(self) -> list[Event]:
        """Take back the white space that was shown."""
        self.again = True
        back, self._shown = self._shown, 0
        self._reset()
        return [Retract(self.row, back)] if back else []

    def close(self) -> list[Event]:
        """The stream is over: end if it had all it was to have, or never found a word."""
        if self.ended or not (self.again or self._count >= self._last):
            return []
        self.ended = True
        reason = Finish.END if self.again else Finish.LENGTH
        return [*self._hold.flush(), End(self.row, reason)]
