"""How a paragraph looks: its role, the space above it, and its runs by author and mark-up. No Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import TYPE_CHECKING

from app.page_layout import ACTIONS, Mode
from engine.story.node import Author, Kind

if TYPE_CHECKING:
    from app.page_text import PageText
    from engine.story.node import Node

_CHAPTER = re.compile(r"#{1,3} +(?=\S)")
_SCENE = re.compile(r"\s*(?:(?:[*•⁂~#–—-]\s*){3,}|[⁂#])\s*")
_ITALIC = re.compile(r"(?<![*\w])\*(?=[^\s*])[^*\n]{1,2000}?(?<=[^\s*])\*(?![*\w])")
_CUE = re.compile(r"[^a-z\n]{2,40}")
_LONGEST_LINE = 200  # characters; titles and cues are shorter


class Role(StrEnum):
    """What a paragraph is on the page."""

    BODY = "body"
    ACTION = "action"
    CHAPTER = "chapter"
    SCENE = "scene"  # a line of stars
    CUE = "cue"  # who speaks, in a script


class Ink(IntFlag):
    """What mark-up does to a run."""

    PLAIN = 0
    ITALIC = 1
    MARK = 2  # the sign itself, dimmed


@dataclass(frozen=True, slots=True)
class Run:
    """``length`` code points of one look."""

    length: int
    author: Author
    ink: Ink


@dataclass(frozen=True, slots=True)
class Look:
    """A paragraph's look; ``gap`` is the space above it in lines, ``level`` a chapter's (1 to 3)."""

    role: Role
    gap: float
    level: int
    runs: tuple[Run, ...]
    neutral: bool = False  # by a person, but not told apart: the opening of an adventure

    @property
    def signed(self) -> bool:
        """Whether a person wrote some of it and the page is to say so."""
        return not self.neutral and any(run.author is not Author.MODEL for run in self.runs)

    @property
    def block(self) -> tuple[Role, float, int]:
        """What belongs to the block, not to its letters."""
        return self.role, self.gap, self.level


_GAPS = {  # line ends swallowed above a paragraph -> space above it, in lines
    Mode.PROSE: (0.62, 0.3, 0.62, 1.5),
    Mode.POEM: (1.0, 0.0, 1.0, 2.0),
    Mode.DIALOGUE: (0.5, 0.25, 0.8, 1.5),
    Mode.SCRIPT: (0.5, 0.0, 0.8, 1.5),
}


def look(page: PageText, index: int, mode: Mode) -> Look:
    """The look of paragraph ``index``."""
    paragraph = page.paragraphs[index]
    start = page.content_start(index)
    number = page.node_at(start)
    if paragraph.text and number >= 0:
        authors = _authors(page, number, start, len(paragraph.text))
        action = page.passage(number).kind in ACTIONS
        neutral = is_neutral(page, number)
    else:
        authors, action, neutral = [], False, False
    role, level, marks = _role(paragraph.text, mode, action=action)
    gap = _gap(paragraph.sep, index, role, mode)
    return Look(role, gap, level, _runs(authors, marks), neutral)


def is_neutral(page: PageText, number: int) -> bool:
    """Whether a passage is an opening that no continuation has to be told apart from."""
    if page.passage(number).kind is not Kind.OPENING:
        return False
    return number + 1 >= len(page.nodes) or page.nodes[number + 1].kind in ACTIONS


def _role(text: str, mode: Mode, *, action: bool) -> tuple[Role, int, list[tuple[int, int, Ink]]]:
    """Role, chapter level, and the marked ranges as (start, end, ink)."""
    if action:
        return Role.ACTION, 0, _italics(text)
    if len(text) <= _LONGEST_LINE:
        chapter = _CHAPTER.match(text)
        if chapter:
            level = text.index(" ")
            return Role.CHAPTER, level, [(0, chapter.end(), Ink.MARK), *_italics(text)]
        if _SCENE.fullmatch(text):
            return Role.SCENE, 0, []
        if mode is Mode.SCRIPT and _CUE.fullmatch(text) and any(c.isalpha() for c in text):
            return Role.CUE, 0, []
    return Role.BODY, 0, _italics(text)


def _italics(text: str) -> list[tuple[int, int, Ink]]:
    if text.count("*") < 2:
        return []
    marked = []
    for match in _ITALIC.finditer(text):
        start, end = match.span()
        marked += [
            (start, start + 1, Ink.MARK),
            (start + 1, end - 1, Ink.ITALIC),
            (end - 1, end, Ink.MARK),
        ]
    return marked


def _authors(page: PageText, number: int, start: int, length: int) -> list[tuple[int, Author]]:
    """Who wrote the ``length`` characters from ``start``, as (length, author)."""
    out: list[tuple[int, Author]] = []
    count = page.passage_count
    while length > 0 and number < count:
        node = page.passage(number)
        skip = start - page.node_start(number)
        for span in _spans(node):
            take = min(span[0] - skip, length)
            skip = max(0, skip - span[0])
            if take <= 0:
                continue
            out.append((take, span[1]))
            start, length = start + take, length - take
        number += 1
    if length > 0:  # passages are behind the page for a moment: what was just typed
        out.append((length, Author.HUMAN))
    return out


def _spans(node: Node) -> list[tuple[int, Author]]:
    return [(span.length, span.author) for span in node.spans]


def _runs(authors: list[tuple[int, Author]], marks: list[tuple[int, int, Ink]]) -> tuple[Run, ...]:
    """Authors cut at the borders of the marked ranges; equal neighbours are one run."""
    runs: list[Run] = []
    at = 0
    marks = list(marks)
    for length, author in authors:
        end = at + length
        while at < end:
            while marks and marks[0][1] <= at:
                marks.pop(0)
            if marks and marks[0][0] <= at:
                stop, ink = min(end, marks[0][1]), marks[0][2]
            else:
                stop, ink = min(end, marks[0][0]) if marks else end, Ink.PLAIN
            if runs and (runs[-1].author, runs[-1].ink) == (author, ink):
                runs[-1] = Run(runs[-1].length + stop - at, author, ink)
            else:
                runs.append(Run(stop - at, author, ink))
            at = stop
    return tuple(runs)


def _gap(sep: str, index: int, role: Role, mode: Mode) -> float:
    if index == 0:
        return 0.0
    gap = _GAPS[mode][min(sep.count("\n"), 3)]
    if role is Role.ACTION:
        return max(gap, 0.9)
    if role is Role.CHAPTER:
        return max(gap, 1.8)
    return gap
