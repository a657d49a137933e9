"""What the next turn takes out of the window."""

from __future__ import annotations

from dataclasses import replace

from engine.story.account import TURN_TOKENS
from engine.story.context import ContextBuilder, Sources
from engine.story.ledger import Context
from engine.story.node import Node
from engine.story.tree import ACTIONS


def turn_tokens(builder: ContextBuilder, branch: tuple[Node, ...]) -> int:
    """How many tokens a turn is likely to add: as many as the last one did."""
    actions = [at for at, node in enumerate(branch) if node.kind in ACTIONS]
    if len(actions) < 2:
        return TURN_TOKENS
    return sum(builder.pieces.count(node.text) for node in branch[actions[-2] : actions[-1]])


def leaving(
    builder: ContextBuilder, sources: Sources, context: Context, *, block: float
) -> tuple[tuple[int, int], ...]:
    """The ranges of ``context.text`` that the next window is likely to lose, in order.

    The next turn adds about as much as the last one did; a window with so much less room is built
    and compared. ``context`` was built of ``sources`` with the same ``block``.
    """
    growth = turn_tokens(builder, tuple(sources.branch))
    later = builder.build(
        replace(sources, border=context.border), max(context.budget - growth, 0), block=block
    )
    kept: dict[int, list[tuple[int, int]]] = {}
    for span in later.spans:
        if span.node is not None:
            kept.setdefault(span.node, []).append((span.first, span.last))
    out: list[tuple[int, int]] = []
    for span in context.spans:
        if span.node is None or span.first == span.last:
            continue
        for start, end in _without(span.first, span.last, kept.get(span.node, [])):
            if span.last - span.first == span.end - span.start:  # letter by letter
                out.append((span.start + start - span.first, span.start + end - span.first))
            elif (start, end) == (span.first, span.last):
                out.append((span.start, span.end))
    return _joined(out, context.text)


def _without(start: int, end: int, kept: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of a range without the ranges in ``kept``."""
    out, at = [], start
    for low, high in sorted(kept):
        if high <= at or low >= end:
            continue
        if low > at:
            out.append((at, low))
        at = max(at, high)
    if at < end:
        out.append((at, end))
    return out


def _joined(ranges: list[tuple[int, int]], text: str) -> tuple[tuple[int, int], ...]:
    """Neighbours with nothing but white space and marks of form between them are one range."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if out and not any(c.isalnum() for c in text[out[-1][1] : start]):
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)
