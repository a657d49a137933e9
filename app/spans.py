"""Authorship in a Qt document: a property of the character format.

The property is inherited by what is typed inside a run and survives cutting a run in two; text
without it (pasted, or from an input method) is the person's own. Authors are small integers there,
so that equal formats merge into one fragment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QTextFormat

from app.units import to_points
from engine.story.node import Author, Span
from engine.story.spans import tidy

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextCharFormat

AUTHOR_PROPERTY = QTextFormat.Property.UserProperty.value + 1
_NUMBERS = {Author.HUMAN: 1, Author.MODEL: 2, Author.EDITED: 3}
_AUTHORS = {number: author for author, number in _NUMBERS.items()}


def set_author(char_format: QTextCharFormat, author: Author) -> None:
    """Mark a character format as written by ``author``."""
    char_format.setProperty(AUTHOR_PROPERTY, _NUMBERS[author])


def author_of(char_format: QTextFormat) -> Author:
    """Who wrote text of this format; without a mark, the person."""
    return _AUTHORS.get(char_format.intProperty(AUTHOR_PROPERTY), Author.HUMAN)


def block_spans(block: QTextBlock) -> tuple[Span, ...]:
    """Who wrote a block's text, in code points."""
    text, spans, at = block.text(), [], 0
    iterator = block.begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        stop = to_points(text, fragment.position() + fragment.length() - block.position())
        spans.append(Span(stop - at, author_of(fragment.charFormat())))
        at = stop
        iterator += 1
    return tidy(spans)
