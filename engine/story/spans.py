"""Who wrote which characters: the algebra of author spans.

A text's spans cover all of it; neighbours differ in author and none is empty, so that equal
authorship is equal tuples.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.story.node import Author, Span

Spans = tuple[Span, ...]


def whole(length: int, author: Author) -> Spans:
    """Spans of ``length`` characters by one author."""
    return (Span(length, author),) if length else ()


def tidy(spans: Iterable[Span]) -> Spans:
    """The same authorship with neighbours of one author merged and empty spans gone."""
    runs: list[Span] = []
    for span in spans:
        if not span.length:
            continue
        if runs and runs[-1].author == span.author:
            runs[-1] = Span(runs[-1].length + span.length, span.author)
        else:
            runs.append(span)
    return tuple(runs)


def total(spans: Spans) -> int:
    """Number of characters covered."""
    return sum(span.length for span in spans)


def cut(spans: Spans, start: int, stop: int) -> Spans:
    """The spans of characters ``start`` to ``stop``."""
    runs: list[Span] = []
    at = 0
    for span in spans:
        low, high = max(start, at), min(stop, at + span.length)
        if low < high:
            runs.append(Span(high - low, span.author))
        at += span.length
        if at >= stop:
            break
    return tuple(runs)


def splice(spans: Spans, start: int, stop: int, middle: Spans) -> Spans:
    """Spans after characters ``start`` to ``stop`` gave way to ``middle``."""
    return tidy((*cut(spans, 0, start), *middle, *cut(spans, stop, total(spans))))


def author_at(spans: Spans, index: int) -> Author | None:
    """Who wrote character ``index``; None outside the text."""
    if index < 0:
        return None
    for span in spans:
        if index < span.length:
            return span.author
        index -= span.length
    return None


def typed_author(spans: Spans, start: int, stop: int) -> Author:
    """The author of what a person types in place of ``start`` to ``stop``.

    Between a model's words it is an edit of the model's text, elsewhere it is the person's own.
    """
    around = (author_at(spans, start - 1), author_at(spans, stop))
    return Author.HUMAN if None in around or Author.HUMAN in around else Author.EDITED


def common_prefix(a: Spans, b: Spans) -> int:
    """Number of leading characters with the same author in both."""
    shared = 0
    for one, other in zip(a, b, strict=False):
        if one.author != other.author:
            break
        shared += min(one.length, other.length)
        if one.length != other.length:
            break
    return shared
