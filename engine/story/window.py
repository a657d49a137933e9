"""The parts of a window in their order, and the text, ids and spans they join to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from engine.story.ledger import Source, WindowSpan
from engine.story.pieces import Pieces
from engine.story.transcript import Origin, Unit


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the window: ``text`` begins with white space (but for the first) and ends without.

    ``origins`` and ``at`` say where its first other character stands in a transcript.
    """

    text: str
    source: Source
    key: str = ""
    ids: tuple[int, ...] | None = None
    origins: Sequence[Origin] = ()
    at: int = 0
    node: int | None = None  # for a shortened unit, whose text is no slice of the transcript

    def tokens(self, pieces: Pieces) -> tuple[int, ...]:
        """Its ids."""
        return self.ids if self.ids is not None else pieces.ids(self.text)


def unit_part(unit: Unit, origins: Sequence[Origin], lead: str | None = None) -> Part:
    """A unit of the story, with its own white space or another."""
    text = unit.text if lead is None else lead + unit.body
    ids = unit.ids if text == unit.text else None
    return Part(text, unit.source, ids=ids, origins=origins, at=unit.start + unit.lead)


def join(parts: Sequence[Part], pieces: Pieces) -> tuple[str, list[int], tuple[WindowSpan, ...]]:
    """The text, ids and spans of parts in a row."""
    tokens: list[int] = []
    spans: list[WindowSpan] = []
    at = 0
    for part in parts:
        tokens.extend(part.tokens(pieces))
        spans.extend(_spans(part, at))
        at += len(part.text)
    return "".join(part.text for part in parts), tokens, tuple(spans)


def _spans(part: Part, at: int) -> list[WindowSpan]:
    end = at + len(part.text)
    if not part.origins:
        return [WindowSpan(at, end, part.source, part.node, key=part.key)]
    body = at + len(part.text) - len(part.text.lstrip())
    shift = body - part.at
    spans: list[WindowSpan] = []
    done = at
    index = bisect_right(part.origins, part.at, key=attrgetter("end"))
    for origin in part.origins[index:]:
        start, stop = max(origin.start + shift, body), min(origin.end + shift, end)
        if start >= end:
            break
        if start > done:
            spans.append(WindowSpan(done, start, part.source))
        first, last = origin.first, origin.last
        if origin.end - origin.start == last - first:  # letter by letter
            first += start - (origin.start + shift)
            last -= origin.end + shift - stop
        spans.append(WindowSpan(start, stop, part.source, origin.node, first, last))
        done = stop
    if done < end:
        spans.append(WindowSpan(done, end, part.source))
    return spans
