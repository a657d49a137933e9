"""How a branch becomes paragraphs: what is swallowed between them, and where each one begins.

The story's text is the plain concatenation of its passages. On the page every run of line ends is
one paragraph border, and next to an action there is one even where the text has none. A paragraph
therefore carries ``sep``, the text swallowed before it; ``sep + text`` over all paragraphs is the
story's text, character for character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

from engine.story.node import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.story.node import Node

ACTIONS = frozenset({Kind.DO, Kind.SAY})
_LINE_ENDS = re.compile(r"\n+")
_QT_BORDERS = {ord(c): "\ufffd" for c in "\r\u2028\u2029\ufdd0\ufdd1"}  # Qt ends a block at each


class Mode(StrEnum):
    """What a page is set as: decides line breaks and the space between paragraphs."""

    PROSE = "prose"
    POEM = "poem"
    DIALOGUE = "dialogue"
    SCRIPT = "script"

    @property
    def line_end(self) -> str:
        """What Enter writes into the story."""
        return "\n\n" if self is Mode.PROSE else "\n"


@dataclass(slots=True, eq=False)
class Paragraph:
    """One block of the page; ``look`` is how it was last drawn (None: not drawn yet)."""

    sep: str
    text: str
    look: object = None
    words: int = -1  # -1: not counted yet

    def __len__(self) -> int:
        """Code points of the story in this paragraph, with what is swallowed before it."""
        return len(self.sep) + len(self.text)

    def same(self, other: Paragraph) -> bool:
        """Whether both hold the same part of a story."""
        return self.sep == other.sep and self.text == other.text


class Offsets:
    """Where each of a row of lengths begins; sums are made when asked for and kept.

    ``total`` is the sum of all.
    """

    def __init__(self, lengths: Iterable[int] = ()) -> None:
        self._lengths = list(lengths)
        self._starts = [0]  # a valid prefix of the starts
        self.total = sum(self._lengths)

    def __len__(self) -> int:
        """How many lengths there are."""
        return len(self._lengths)

    def splice(self, first: int, last: int, lengths: Iterable[int]) -> None:
        """Put ``lengths`` in place of those from ``first`` up to ``last``."""
        fresh = list(lengths)
        self.total += sum(fresh) - sum(self._lengths[first:last])
        self._lengths[first:last] = fresh
        del self._starts[first + 1 :]

    def start(self, index: int) -> int:
        """Where number ``index`` begins; ``len`` asks for the end."""
        self._reach(index)
        return self._starts[index]

    def find(self, offset: int) -> int:
        """The last one that begins at or before ``offset`` (-1 where there is none at all)."""
        while self._starts[-1] <= offset and len(self._starts) <= len(self._lengths):
            self._reach(min(len(self._lengths), len(self._starts) + 1023))
        return min(bisect_right(self._starts, offset) - 1, len(self._lengths) - 1)

    def _reach(self, index: int) -> None:
        known = len(self._starts)
        if index >= known:
            more = self._lengths[known - 1 : index]
            self._starts.extend(list(accumulate(more, initial=self._starts[-1]))[1:])


def shown(text: str) -> str:
    """``text`` as it stands in Qt's document, character for character."""
    return text if text.isascii() and "\r" not in text else text.translate(_QT_BORDERS)


def breaks_before(previous: Node, node: Node) -> bool:
    """Whether ``node`` begins a paragraph of its own even where no line end says so."""
    return previous.kind in ACTIONS or node.kind in ACTIONS


def split(text: str, breaks: Sequence[int] = (), *, leading: bool = True) -> list[Paragraph]:
    """Lay out ``text``; ``breaks`` are ascending offsets where a paragraph begins in any case.

    With ``leading`` the line ends at the very beginning are swallowed before the first paragraph;
    without it they follow an empty one.
    """
    cuts = _cuts(text, breaks)
    if leading and cuts and cuts[0][0] == 0:
        first = cuts.pop(0)
        sep, at = text[: first[1]], first[1]
    else:
        sep, at = "", 0
    paragraphs = []
    for start, end in cuts:
        paragraphs.append(Paragraph(sep, text[at:start]))
        sep, at = text[start:end], end
    paragraphs.append(Paragraph(sep, text[at:]))
    return paragraphs


def _cuts(text: str, breaks: Sequence[int]) -> list[tuple[int, int]]:
    """What is swallowed between paragraphs, as ascending (start, end)."""
    lines = [match.span() for match in _LINE_ENDS.finditer(text)]
    if not breaks:
        return lines
    extra = []
    starts = [start for start, _ in lines]
    for offset in breaks:
        if not 0 < offset <= len(text):
            continue
        near = bisect_right(starts, offset) - 1
        if near >= 0 and lines[near][1] >= offset:
            continue  # a line end is there already
        end = offset
        while text[end : end + 1] == " ":
            end += 1
        extra.append((offset, end))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(lines + extra):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
