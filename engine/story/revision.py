"""The wordings a passage has had: each a whole text or a change to an earlier one."""

from __future__ import annotations

from typing import NamedTuple

from engine.story import spans as authorship
from engine.story.spans import Spans
from engine.tokens import common_prefix

CHAIN = 32  # changes between two whole texts: bounds the work of rebuilding one
WHOLE = -1  # ``base`` of a revision that is a whole text


class Revision(NamedTuple):
    """A wording: the text of revision ``base`` with ``start`` to ``stop`` replaced, or all of it."""

    text: str
    spans: Spans
    created: float
    base: int = WHOLE
    start: int = 0
    stop: int = 0


def rebuild(revisions: list[Revision], number: int) -> tuple[str, Spans]:
    """Text and authorship of revision ``number``; ValueError where the chain makes no sense."""
    chain: list[Revision] = []
    while (revision := revisions[number]).base != WHOLE:
        chain.append(revision)
        if not 0 <= revision.base < number:
            raise ValueError("a revision builds on a later one")
        number = revision.base
    text, spans = revision.text, revision.spans
    for change in reversed(chain):
        if not 0 <= change.start <= change.stop <= len(text):
            raise ValueError("a revision changes text outside its base")
        text = text[: change.start] + change.text + text[change.stop :]
        spans = authorship.splice(spans, change.start, change.stop, change.spans)
    if authorship.total(spans) != len(text):
        raise ValueError("author spans do not cover the text")
    return text, spans


def chain_length(revisions: list[Revision], number: int) -> int:
    """How many changes stand between revision ``number`` and a whole text."""
    length = 0
    while (base := revisions[number].base) != WHOLE:
        number = base
        length += 1
    return length


def difference(old: str, old_spans: Spans, new: str, new_spans: Spans) -> tuple[int, int, int]:
    """``(start, stop, new_stop)``: all outside ``old[start:stop]`` and ``new[start:new_stop]`` agrees.

    Characters agree when both the letter and its author do.
    """
    start = min(common_prefix(old, new), authorship.common_prefix(old_spans, new_spans))
    room = min(len(old), len(new)) - start
    tail = min(
        room,
        common_suffix(old, new),
        authorship.common_prefix(old_spans[::-1], new_spans[::-1]),
    )
    return start, len(old) - tail, len(new) - tail


def common_suffix(a: str, b: str) -> int:
    """Length of the longest common suffix of two texts."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a.endswith(b[-middle:]):
            low = middle
        else:
            high = middle - 1
    return low


def make(base: int, old: tuple[str, Spans], new: tuple[str, Spans], created: float) -> Revision:
    """The revision that turns ``old``, the wording of revision ``base``, into ``new``."""
    start, stop, new_stop = difference(*old, *new)
    text, spans = new
    if 2 * (new_stop - start) > len(text):  # mostly new: a whole text keeps chains short
        return Revision(text, spans, created)
    middle = authorship.cut(spans, start, new_stop)
    return Revision(text[start:new_stop], middle, created, base, start, stop)
