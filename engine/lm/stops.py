"""Stop strings across token borders, and the end of a sentence (torch-free).

Tokens whose text may still become part of a stop string are held back, so that a reader never sees
the beginning of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.lm.backend import Token
from engine.sentences import sentence_ends

TAIL = 200  # characters that deciding about the end of a sentence can need


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends where a sentence may end: a stop and closing marks, no abbreviation."""
    tail = text[-TAIL:]
    return sentence_ends(tail)[-1:] == [len(tail)]


class Holdback:
    """Holds the newest tokens of one candidate while they may become a stop string."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(s for s in stop if s)
        self._held: list[Token] = []
        self._before_last: list[Token] = []
        self.stopped = False

    def push(self, token: Token) -> list[Token]:
        """Take the next token; the tokens that can be shown now.

        When a stop string is complete, ``stopped`` is set: what stands before it comes back, the
        last token shortened if the stop string begins inside it, the rest is dropped.
        """
        self._before_last = list(self._held)
        self._held.append(token)
        if not self._stop:
            return self.flush()
        text = "".join(t.text for t in self._held)
        found = [i for i in (text.find(s) for s in self._stop) if i >= 0]
        if found:
            self.stopped = True
            return self._before(min(found))
        return self._release(len(text) - self._possible(text))

    def flush(self) -> list[Token]:
        """Everything still held: nothing more will come (``refuse`` brings it back)."""
        self._before_last, self._held = self._held, []
        return self._before_last

    def refuse(self) -> None:
        """Hold again what was held before the token that completed a stop string, or the end."""
        self._held = list(self._before_last)
        self.stopped = False

    def drop(self, count: int) -> int:
        """Take back up to ``count`` of the tokens that are held; how many that were."""
        count = min(count, len(self._held))
        if count:
            del self._held[-count:]
        return count

    def _possible(self, text: str) -> int:
        """Length of the longest end of ``text`` that begins a stop string."""
        longest = min(len(text), max(len(s) for s in self._stop) - 1)
        for n in range(longest, 0, -1):
            end = text[-n:]
            if any(s.startswith(end) for s in self._stop):
                return n
        return 0

    def _release(self, safe: int) -> list[Token]:
        """Tokens that lie wholly within the first ``safe`` characters of what is held."""
        shown, position = 0, 0
        for token in self._held:
            position += len(token.text)
            if position > safe:
                break
            shown += 1
        out, self._held = self._held[:shown], self._held[shown:]
        return out

    def _before(self, end: int) -> list[Token]:
        """Tokens up to character ``end``; one that straddles it is cut."""
        out: list[Token] = []
        position = 0
        for token in self._held:
            if position >= end:
                break
            room = end - position
            out.append(token if len(token.text) <= room else replace(token, text=token.text[:room]))
            position += len(token.text)
        self._held = []
        return out
