"""How likely a model found the words of a story: tokens of replies and windows, as ranges of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.story.ledger import Context
from engine.story.node import Node
from engine.tokens import Tokenizer

Top = tuple[tuple[int, float], ...]


class Other(NamedTuple):
    """A token that could have stood in a place; ``logprob`` in nats."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Chance:
    """One token: ``node.text[start:end]``, its log-probability in nats, the likeliest in its place."""

    start: int
    end: int
    logprob: float
    others: tuple[Other, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """Text between white space; ``logprob`` is the sum of its tokens'."""

    start: int
    end: int
    logprob: float
    tokens: tuple[Chance, ...]

    @property
    def probability(self) -> float:
        """How likely the whole word was, 0 to 1."""
        return math.exp(min(self.logprob, 0.0))


def ranges(ids: Iterable[int], tokenizer: Tokenizer) -> tuple[str, list[tuple[int, int]]]:
    """The text of ids, and which characters each one completes (code points)."""
    parts = [b"" if tokenizer.is_special(i) else tokenizer.decode_bytes((i,)) for i in ids]
    raw = b"".join(parts)
    text = raw.decode("utf-8", "replace")
    out: list[tuple[int, int]] = []
    if text.isascii():
        at = 0
        for part in parts:
            out.append((at, at + len(part)))
            at += len(part)
        return text, out
    at = done = 0
    for part in parts:
        at += len(part)
        shown = len(raw[:at].decode("utf-8", "ignore"))  # whole characters only
        out.append((done, max(shown, done)))
        done = max(shown, done)
    return text, out


def of_reply(node: Node, tokenizer: Tokenizer) -> list[Chance]:
    """The tokens of a reply that still stand in its text, by what was kept when it was written.

    ``tokenizer`` must be that of the model that wrote it. Words that a person has changed since
    have no chance of their own.
    """
    meta = node.meta
    if meta is None:
        return []
    ids, logprobs, top = meta.ids, meta.logprobs, meta.top
    if not ids or not all(0 <= i < tokenizer.n_vocab for i in ids):
        return []
    raw, places = ranges(ids, tokenizer)
    said, text = raw.lstrip(), node.text[len(node.lead) :]
    skipped = len(raw) - len(said)
    same = _same(said, text)
    tail = _same(said[same:][::-1], text[same:].rstrip()[::-1])
    moved = len(text.rstrip()) - len(said)
    out: list[Chance] = []
    for number, (start, end) in enumerate(places):
        start, end = max(start - skipped, 0), end - skipped
        if end <= start:
            continue
        if end > same:
            if start < len(said) - tail:
                continue
            start, end = start + moved, end + moved
        others = _others(top[number], tokenizer) if number < len(top) else ()
        lead = len(node.lead)
        out.append(Chance(lead + start, lead + end, float(logprobs[number]), others))
    return out


def _same(a: str, b: str) -> int:
    """The length of the common beginning."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def _others(top: Top, tokenizer: Tokenizer) -> tuple[Other, ...]:
    known = ((i, logprob) for i, logprob in top if 0 <= i < tokenizer.n_vocab)
    return tuple(Other(tokenizer.decode((i,)), logprob) for i, logprob in known)


def of_window(
    context: Context, scores: Sequence[tuple[float | None, tuple[Other, ...]]], tokenizer: Tokenizer
) -> dict[int, list[Chance]]:
    """The tokens of a window by the passages they stand in; one score for each of its tokens."""
    text, places = ranges(context.tokens, tokenizer)
    if text != context.text:
        return {}
    out: dict[int, list[Chance]] = {}
    spans, number = context.spans, 0
    for (start, end), (logprob, others) in zip(places, scores, strict=False):
        while number < len(spans) and spans[number].end <= start:
            number += 1
        if logprob is None or end <= start or number >= len(spans):
            continue
        for span in spans[number : number + 2]:
            if span.node is None or span.start >= end or span.end <= start:
                continue
            if span.end - span.start != span.last - span.first:
                continue  # an action in its line's form: its letters are not those on the page
            first = span.first + max(start, span.start) - span.start
            last = span.first + min(end, span.end) - span.start
            out.setdefault(span.node, []).append(Chance(first, last, logprob, others))
    return out


def words(text: str, chances: Sequence[Chance]) -> list[Word]:
    """The words of a passage that are wholly covered by tokens."""
    out: list[Word] = []
    group: list[Chance] = []

    def close() -> None:
        if group:
            start = next(
                (i for i in range(group[0].start, group[-1].end) if not text[i].isspace()), None
            )
            if start is not None:
                total = sum(one.logprob for one in group)
                out.append(Word(start, group[-1].end, total, tuple(group)))
            group.clear()

    for chance in chances:
        new = bool(group) and chance.start != group[-1].end
        if group and (new or text[chance.start : chance.start + 1].isspace()):
            close()
        if text[chance.start : chance.end].strip():
            group.append(chance)
    close()
    return [word for word in out if _whole(text, word)]


def _whole(text: str, word: Word) -> bool:
    before, after = text[word.start - 1 : word.start], text[word.end : word.end + 1]
    return (not before or not before.isalnum()) and (not after or not after.isalnum())
