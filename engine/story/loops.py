"""Noticing that a model repeats itself, while it streams, and where to roll back to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.sentences import sentence_ends

LONGEST_PERIOD = 48  # tokens
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Loop:
    """A repetition: keep what is before ``start`` (its first round). ``period`` is one round.

    Both count tokens for a loop of ids and characters for a loop of sentences.
    """

    start: int
    period: int


class LoopDetector:
    """Finds the same ids over and over at the end of a stream; constant work per token.

    A loop is a round of up to 48 tokens that came three times in a row, and at least
    ``least`` tokens of repetition, so that "knock, knock, knock" passes.
    """

    def __init__(self, least: int = 14) -> None:
        self._least = least
        self._ids: list[int] = []
        self._runs = [0] * (
            LONGEST_PERIOD + 1
        )  # per period: how many ids in a row equal the one before

    def feed(self, token: int) -> Loop | None:
        """Take one more id; the loop that it completes, if any."""
        ids = self._ids
        found: Loop | None = None
        for period in range(1, min(LONGEST_PERIOD, len(ids)) + 1):
            if ids[-period] != token:
                self._runs[period] = 0
                continue
            self._runs[period] += 1
            run = self._runs[period]
            if found is None and run >= max(2 * period, self._least):
                found = Loop(len(ids) + 1 - run, period)
        ids.append(token)
        return found

    def retract(self, count: int) -> None:
        """Forget the last ``count`` ids (the engine took them back)."""
        kept = self._ids[: max(0, len(self._ids) - count)]
        self._ids, self._runs = [], [0] * (LONGEST_PERIOD + 1)
        for token in kept:
            self.feed(token)


def find_loop(ids: Iterable[int], least: int = 14) -> Loop | None:
    """The first loop in ``ids``."""
    detector = LoopDetector(least)
    for token in ids:
        loop = detector.feed(token)
        if loop:
            return loop
    return None


def _sentences(text: str) -> list[tuple[int, int, str]]:
    """Complete sentences as (start, end, its words in lower case)."""
    out: list[tuple[int, int, str]] = []
    start = 0
    for end in sentence_ends(text):
        begin = start + len(text[start:end]) - len(text[start:end].lstrip())
        out.append((begin, end, " ".join(_WORDS.findall(text[begin:end].lower()))))
        start = end
    return out


def repeated_sentence(text: str, *, least_words: int = 5) -> Loop | None:
    """The first sentence that says what an earlier one said: twice running, or the third time.

    Sentences of fewer than ``least_words`` words may come again ("Who goes there?"), those of two
    and more up to three times, and single words always ("No. No. No.").
    """
    seen: dict[str, int] = {}
    before = ""
    for start, end, words in _sentences(text):
        length = words.count(" ") + 1
        seen[words] = times = seen.get(words, 0) + 1
        again = times >= 4 and length > 1
        if again or (length >= least_words and (words == before or times >= 3)):
            return Loop(start, end - start)
        before = words
    return None


def echoes(reply: str, earlier: Sequence[str], *, least_words: int = 4) -> bool:
    """Whether ``reply`` only says again what one of the ``earlier`` replies said."""
    new = [words for _, _, words in _sentences(reply) if words.count(" ") + 1 >= least_words]
    if not new:
        return False
    for text in earlier:
        old = {words for _, _, words in _sentences(text)}
        if sum(words in old for words in new) * 10 >= len(new) * 9:
            return True
    return False
