from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.find import Query, find_all
from app.find_bar import FindBar
from app.page import Page
from engine.errors import KnownError
from engine.story.node import Kind
from tests.app.page_book import Book

TEXT = "The lamp 🐉 is a lamp; LAMPS are not.\n\nA lamp."


def places(query: Query, text: str = TEXT) -> list[str]:
    return [text[m.start : m.end] for m in find_all(text, query)]


def test_words_and_case() -> None:
    assert places(Query("lamp")) == ["lamp", "lamp", "LAMP", "lamp"]
    assert places(Query("lamp", case=True)) == ["lamp", "lamp", "lamp"]
    assert places(Query("lamp", words=True)) == ["lamp", "lamp", "lamp"]
    assert places(Query("a.")) == []
    assert places(Query("")) == []


def test_expressions() -> None:
    assert places(Query(r"\bl\w+", is_regex=True, case=True)) == ["lamp", "lamp", "lamp"]
    assert places(Query(r"^A", is_regex=True, case=True)) == ["A"]
    assert places(Query(r"x*", is_regex=True)) == []  # empty matches are none
    made = find_all("ab ba", Query(r"(a)(b)", is_regex=True), r"\2\1")
    assert [m.replacement for m in made] == ["ba"]
    assert find_all("ab", Query("ab"), r"\1")[0].replacement == r"\1"


@pytest.mark.parametrize("pattern", ["(", "[", "*", r"\p{nonsense}", "(?P<a>", "a" * 20_000])
def test_a_wrong_expression_is_a_sentence(pattern: str) -> None:
    with pytest.raises(KnownError):
        find_all("text", Query(pattern, is_regex=True))


@pytest.mark.parametrize("new", [r"\9", r"\g<who>"])
def test_a_wrong_replacement_is_a_sentence(new: str) -> None:
    with pytest.raises(KnownError):
        find_all("text", Query("t(e)", is_regex=True), new)


def test_no_expression_hangs() -> None:
    start = time.process_time()
    with pytest.raises(KnownError, match="simpler"):
        find_all("a" * 5000 + "!", Query(r"(a|aa|a?)+$(?<=b)", is_regex=True))
    assert time.process_time() - start < 4


@pytest.fixture
def bar(qtbot: QtBot) -> FindBar:
    page = Page()
    qtbot.addWidget(page)
    page.resize(700, 500)
    book = Book(page)
    book.story.append(Kind.STORY, TEXT)
    bar = FindBar(page)
    qtbot.addWidget(bar)
    page.show()
    bar.open_with_selection()
    page.book = book  # type: ignore[attr-defined]  keeps it alive
    return bar


def chosen(bar: FindBar) -> tuple[int, int]:
    return bar._page.selection()


def test_it_goes_round_both_ways(bar: FindBar, qtbot: QtBot) -> None:
    page = bar._page
    page.set_caret(0)
    qtbot.keyClicks(bar.needle, "lamp")
    starts = [4, 16, 22, 40]
    for start in (*starts, starts[0]):
        qtbot.keyClick(bar.needle, Qt.Key.Key_Return)
        assert chosen(bar) == (start, start + 4)
    assert bar.found.text() == "1 of 4"
    for start in (starts[3], starts[2]):
        qtbot.keyClick(bar.needle, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        assert chosen(bar) == (start, start + 4)
    assert len(page.extraSelections()) == 4


def test_replace_one_then_all_is_undone_as_one(bar: FindBar) -> None:
    page = bar._page
    page.set_caret(0)
    bar.needle.setText("lamp")
    bar.new.setText("🕯")
    bar.search()
    bar.find_next()
    bar.replace_one()
    assert page.text() == TEXT.replace("lamp", "🕯", 1)
    bar.replace_all()
    everything = page.text()
    assert "lamp" not in everything.lower()
    assert bar.found.text() == "3 replaced"
    page.undo_requested.emit()
    assert page.text() == TEXT.replace("lamp", "🕯", 1)
    page.redo_requested.emit()
    assert page.text() == everything


def test_a_wrong_expression_is_shown_not_raised(bar: FindBar) -> None:
    bar.regex.setChecked(True)
    bar.needle.setText("(")
    bar.search()
    assert "regular expression" in bar.found.text()
    bar.find_next()
    bar.replace_all()
    assert bar._page.text() == TEXT


def test_the_selection_is_looked_for_and_escape_closes(bar: FindBar, qtbot: QtBot) -> None:
    page = bar._page
    bar.dismiss()
    page.select(4, 8)
    bar.open_with_selection()
    assert bar.needle.text() == "lamp"
    assert len(bar.matches) == 4
    qtbot.keyClick(bar.needle, Qt.Key.Key_Escape)
    assert bar.isHidden()
    assert page.extraSelections() == []


def test_every_field_has_a_name(bar: FindBar) -> None:
    from PySide6.QtWidgets import QAbstractButton, QLineEdit

    for kind in (QAbstractButton, QLineEdit):
        for widget in bar.findChildren(kind):
            if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                assert widget.accessibleName() or widget.text()
