from __future__ import annotations

import pytest
from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextDocument

from app.spans import author_of, block_spans, set_author
from engine.story.node import Author, Span


def written_by(author: Author) -> QTextCharFormat:
    made = QTextCharFormat()
    set_author(made, author)
    return made


@pytest.mark.parametrize("author", Author)
def test_a_format_remembers_its_author(author: Author) -> None:
    assert author_of(written_by(author)) is author


def test_unmarked_text_is_the_persons() -> None:
    assert author_of(QTextCharFormat()) is Author.HUMAN


def test_spans_are_code_points_and_neighbours_merge() -> None:
    document = QTextDocument()
    cursor = QTextCursor(document)
    cursor.insertText("🐉a", written_by(Author.MODEL))
    bold = written_by(Author.MODEL)
    bold.setFontItalic(True)
    cursor.insertText("👩‍👧", bold)
    cursor.insertText("é", written_by(Author.EDITED))
    assert block_spans(document.firstBlock()) == (Span(5, Author.MODEL), Span(1, Author.EDITED))


def test_what_is_typed_inside_a_run_inherits_and_a_split_keeps() -> None:
    document = QTextDocument()
    cursor = QTextCursor(document)
    cursor.insertText("lamp", written_by(Author.MODEL))
    cursor.setPosition(2)
    cursor.insertText("x")
    cursor.insertBlock()
    assert block_spans(document.firstBlock()) == (Span(3, Author.MODEL),)
    assert block_spans(document.lastBlock()) == (Span(2, Author.MODEL),)


def test_an_empty_block_has_no_spans() -> None:
    assert block_spans(QTextDocument().firstBlock()) == ()
