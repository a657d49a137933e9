"""Where a change of the branch's text falls: which passage loses what, and which one gains."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from engine.story import spans as authorship
from engine.story.node import Author, Node
from engine.story.revision import difference
from engine.story.spans import Spans
from engine.story.state import Wording

PARAGRAPH = "\n\n"  # what divides a passage from the one before, unless its text says otherwise


class Cut(NamedTuple):
    """In passage number ``place``, characters ``start`` to ``stop`` give way to ``text``."""

    place: int
    start: int
    stop: int
    text: str


def with_lead(before: str, text: str) -> str:
    """``text`` as a paragraph of its own after ``before``: a line break is put where none is."""
    apart = not before or not text or before.endswith("\n") or text.startswith("\n")
    return text if apart else PARAGRAPH + text


def cuts(starts: Sequence[int], start: int, end: int, text: str, near: int | None) -> list[Cut]:
    """Replace ``start`` to ``end`` by ``text`` in passages that begin at ``starts`` (and the end).

    ``near`` is the number of the passage that is meant where a border leaves a choice. Without it
    an insertion at a border goes to the passage before, a replacement to the first that loses text.
    """
    ends = starts[1:]
    first = bisect_right(ends, start) if start < end else bisect_left(ends, start)
    last = bisect_left(starts, end) - 1 if start < end else first
    gains = first
    if near is not None and starts[near] <= end and start <= ends[near]:
        gains = near
    out = []
    for index in range(min(first, gains), max(last, gains) + 1):
        low = min(max(start - starts[index], 0), ends[index] - starts[index])
        high = min(max(end - starts[index], low), ends[index] - starts[index])
        inserted = text if index == gains else ""
        if low < high or inserted:
            out.append(Cut(index, low, high, inserted))
    return out


def reworded(node: Node, cut: Cut, author: Author) -> Wording:
    """The wording of a passage after a cut; a person's words between a model's are an edit."""
    if author is Author.HUMAN:
        author = authorship.typed_author(node.spans, cut.start, cut.stop)
    text = node.text[: cut.start] + cut.text + node.text[cut.stop :]
    middle = authorship.whole(len(cut.text), author)
    return Wording(text, authorship.splice(node.spans, cut.start, cut.stop, middle))


def edited(node: Node, text: str, author: Author) -> Wording:
    """The wording of a passage that now reads ``text``: what did not change keeps its author."""
    all_new = authorship.whole(len(text), author)
    blank = authorship.whole(len(node.text), author)
    start, stop, new_stop = difference(node.text, blank, text, all_new)
    return reworded(node, Cut(0, start, stop, text[start:new_stop]), author)


def fitted(text: str, spans: Spans | None, author: Author) -> Spans:
    """``spans`` if they cover ``text``; without any, all of it is by ``author``."""
    if spans is None:
        return authorship.whole(len(text), author)
    if authorship.total(spans) != len(text):
        raise ValueError("author spans must cover the text as it is stored (normalised)")
    return authorship.tidy(spans)
