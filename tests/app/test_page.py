from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QDropEvent, QKeySequence, QShortcut, QTextOption, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.page import Page
from app.page_formats import Marks
from app.page_keys import build_menu
from app.page_layout import Mode
from app.spans import block_spans
from app.theme import BOOK_FAMILY, load_theme
from app.words import count_words
from engine.story.node import Author, Kind, Span
from tests.app.page_book import Book, canvas_of, check

REPLY = "\n\nThe door opens. Behind it is a lamp."


@pytest.fixture
def book(qtbot: QtBot) -> Book:
    page = Page()
    qtbot.addWidget(page)
    page.resize(700, 500)
    return Book(page)


@pytest.fixture
def page(book: Book) -> Page:
    return book.page


def play(book: Book, turns: int = 1) -> None:
    for _ in range(turns):
        book.story.append(Kind.DO, "open the door")
        book.story.append(Kind.REPLY, REPLY, Author.MODEL)


def blocks(page: Page) -> list[str]:
    return [canvas_of(page).block(n).text() for n in range(page.document().blockCount())]


def shortcut(page: Page, key: QKeySequence.StandardKey) -> bool:
    """Whether a window's own shortcut gets the key while the page has the focus."""
    window = QWidget()
    QVBoxLayout(window).addWidget(page)
    hit: list[int] = []
    QShortcut(QKeySequence(key), window).activated.connect(lambda: hit.append(1))
    window.show()
    window.activateWindow()
    page.setFocus()
    QApplication.processEvents()
    QTest.keySequence(page, QKeySequence(key))
    page.setParent(None)
    window.close()
    return bool(hit)


# Typing


def test_typing_into_an_empty_story_makes_its_first_passage(page: Page, book: Book) -> None:
    QTest.keyClicks(page, "Once")
    QTest.keyClick(page, Qt.Key.Key_Return)
    QTest.keyClicks(page, "upon")
    assert book.text == page.text() == "Once\n\nupon"
    assert blocks(page) == ["Once", "upon"]


def test_words_between_the_models_are_edits(page: Page, book: Book) -> None:
    play(book)
    page.set_caret(book.text.index("lamp"))
    QTest.keyClicks(page, "brass ")
    spans = block_spans(page.document().findBlockByNumber(1))
    assert [span.author for span in spans] == [Author.MODEL, Author.EDITED, Author.MODEL]
    assert spans[1] == Span(6, Author.EDITED)


def test_shift_enter_is_a_line_and_a_poem_breaks_lines(page: Page, book: Book) -> None:
    QTest.keyClicks(page, "a")
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(page, "b")
    assert book.text == "a\nb"
    page.apply_setting(replace(page.setting, mode=Mode.POEM))
    QTest.keyClick(page, Qt.Key.Key_Return)
    QTest.keyClick(page, Qt.Key.Key_Return)
    QTest.keyClicks(page, "c")
    assert book.text == "a\nb\n\nc"
    check(page, book.text, book.story.branch())


def test_backspace_at_an_actions_border_takes_nothing_away(page: Page, book: Book) -> None:
    book.story.append(Kind.DO, "look", join=True)
    book.story.append(Kind.REPLY, "Dark.", Author.MODEL, join=True)
    page.places.put(5, 5)  # before "Dark."
    QTest.keyClick(page, Qt.Key.Key_Backspace)
    assert book.text == "lookDark."
    assert blocks(page) == ["look", "Dark."]


def test_a_key_at_an_actions_end_goes_to_the_action(page: Page, book: Book) -> None:
    book.story.append(Kind.DO, "look", join=True)
    book.story.append(Kind.REPLY, "Dark.", Author.MODEL, join=True)
    page.places.put(4, 4)
    QTest.keyClicks(page, "s")
    assert [node.text for node in book.story.branch()] == ["looks", "Dark."]
    page.places.put(6, 6)
    QTest.keyClicks(page, "x")
    assert [node.text for node in book.story.branch()] == ["looks", "xDark."]


def test_an_edit_the_story_refuses_is_taken_back(page: Page, book: Book) -> None:
    play(book)
    before = book.text
    book.willing = False
    page.set_caret(5)
    QTest.keyClicks(page, "zzz")
    page.select(2, 30)
    QTest.keyClick(page, Qt.Key.Key_Delete)
    assert page.text() == before
    check(page, before, book.story.branch())


@pytest.mark.parametrize("key", [QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo])
def test_undo_and_redo_are_the_windows(key: QKeySequence.StandardKey, page: Page) -> None:
    assert shortcut(page, key)


def test_without_a_window_the_keys_reach_the_story(page: Page, book: Book) -> None:
    QTest.keyClicks(page, "word")
    QTest.keySequence(page, QKeySequence(QKeySequence.StandardKey.Undo))
    assert page.text() == book.text == ""
    QTest.keySequence(page, QKeySequence(QKeySequence.StandardKey.Redo))
    assert page.text() == book.text == "word"


# Pasting and copying


def test_a_paste_is_plain_text_of_the_persons(page: Page, book: Book) -> None:
    play(book)
    page.set_caret(len(book.text))
    data = QMimeData()
    data.setHtml("<h1>no</h1>")
    data.setText("one\r\ntwo 🐉\u2029three")
    page.insertFromMimeData(data)
    assert book.text.endswith("one\ntwo 🐉\nthree")
    assert book.story.branch()[-1].spans[-1].author is Author.HUMAN
    assert page.caret() == len(book.text)


def test_a_copy_is_the_storys_text(page: Page, book: Book) -> None:
    play(book)
    start, end = 3, len(book.text) - 4
    page.select(start, end)
    data = page.createMimeDataFromSelection()
    assert data.text() == book.text[start:end]
    assert not data.hasHtml()


def drop(page: Page, at: int, text: str, source: QWidget | None) -> None:
    data = QMimeData()
    data.setText(text)
    cursor = page.textCursor()
    cursor.setPosition(page.places.position_at(at))
    event = QDropEvent(
        QPointF(page.cursorRect(cursor).center()), Qt.DropAction.MoveAction, data,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    if source is not None:
        event.source = lambda: source  # type: ignore[method-assign]
    page.dropEvent(event)


def test_text_dropped_from_elsewhere_is_pasted(page: Page, book: Book) -> None:
    book.story.append(Kind.STORY, "one three")
    page.show()
    drop(page, 4, "two\r\n", None)
    assert book.text == "one two\nthree"
    check(page, book.text, book.story.branch())


@pytest.mark.parametrize(
    ("at", "text", "chosen"),
    [(9, "one three two", (9, 13)), (0, " twoone three", (0, 4)), (5, "one two three", (3, 7))],
)
def test_text_dragged_on_the_page_moves_as_one_step(
    page: Page, book: Book, at: int, text: str, chosen: tuple[int, int]
) -> None:
    book.story.append(Kind.STORY, "one two three")
    page.show()
    page.select(3, 7)
    drop(page, at if at != 9 else 13, "ignored", page.viewport())
    assert book.text == text
    assert page.selection() == chosen
    check(page, book.text, book.story.branch())
    if text != "one two three":
        page.undo_requested.emit()
    assert book.text == "one two three"


# Streaming


def test_a_stream_is_painted_by_frames_and_becomes_the_reply(
    page: Page, book: Book, qtbot: QtBot
) -> None:
    book.story.append(Kind.DO, "look")
    page.begin_stream()
    for word in ("\n", "\n", "It", " is", " dark", ".", "\n\n", "Very"):
        page.stream(word)
    assert blocks(page) == ["look"]  # not yet
    qtbot.waitUntil(lambda: blocks(page) == ["look", "It is dark.", "Very"])
    page.retract(6)
    assert blocks(page) == ["look", "It is dark."]
    book.story.append(Kind.REPLY, "\n\nIt is dark.", Author.MODEL)
    page.end_stream(book.story.branch())
    assert not page.streaming
    check(page, book.text, book.story.branch())


def test_only_one_stream_at_a_time(page: Page) -> None:
    page.begin_stream()
    with pytest.raises(ValueError, match="already"):
        page.begin_stream()


def test_the_view_follows_only_from_the_end(page: Page, book: Book, qtbot: QtBot) -> None:
    play(book, 20)
    page.show()
    page.scroll_to_end()
    page.set_caret(len(book.text))
    bar = page.verticalScrollBar()
    page.begin_stream()
    page.stream("\n\nMore." * 30)
    page.arriving.flush()
    assert bar.value() == bar.maximum() > 0
    assert page.caret() == len(book.text)  # the caret stays where the person writes
    bar.setValue(100)
    page.stream("\n\nMore." * 30)
    page.arriving.flush()
    assert bar.value() == 100


def test_one_writes_above_while_it_streams_but_not_into_it(page: Page, book: Book) -> None:
    play(book)
    page.stream(" And on")
    page.arriving.flush()
    page.set_caret(4)
    QTest.keyClicks(page, " wide")
    assert book.text.startswith("open wide the door")
    assert page.text() == book.text + " And on"
    page.set_caret(len(book.text) + 3)
    QTest.keyClicks(page, "no")
    assert page.text() == book.text + " And on"
    page.stream(" and on.")
    page.end_stream(book.story.branch())  # dropped
    check(page, book.text, book.story.branch())


# Loading


def test_the_end_is_there_at_once_and_the_rest_follows(
    page: Page, book: Book, qtbot: QtBot
) -> None:
    play(book, 60)
    page.first_fill, page.back_fill = 200, 300
    page.show()
    with qtbot.waitSignal(page.loaded, timeout=5000):
        page.show_branch(book.story.branch())
        few = page.document().blockCount()
        assert 1 < few < 20
        bar = page.verticalScrollBar()
        below = bar.maximum() - bar.value()
    assert bar.maximum() - bar.value() == below
    assert page.document().blockCount() == 120
    check(page, book.text, book.story.branch())


def test_a_place_that_is_not_there_yet_is_fetched(page: Page, book: Book) -> None:
    play(book, 30)
    page.first_fill = 50
    page.show_branch(book.story.branch())
    page.set_caret(3)
    assert page.caret() == 3
    page.show_branch(book.story.branch())
    page.select_all()
    assert page.selection() == (0, len(book.text))


def test_places_and_passages(page: Page, book: Book) -> None:
    assert page.places.node_at(0) == (0, 0)
    play(book, 2)
    branch = book.story.branch()
    for number, node in enumerate(branch):
        start = sum(len(n.text) for n in branch[:number])
        assert page.places.offset_of(node.id, 2) == start + 2
        assert page.places.node_at(start + 2) == (node.id, 2)
    with pytest.raises(ValueError, match="not on the page"):
        page.places.offset_of(99)


# Appearance


def column(page: Page) -> tuple[int, int]:
    """The left and right border of the text in the page's coordinates."""
    gutter = canvas_of(page).formats.gutter
    view = page.viewport().geometry()
    return round(view.left() + gutter), round(view.right() - gutter)


def test_the_column_is_a_readable_measure_in_the_middle(page: Page, book: Book) -> None:
    play(book, 3)
    book.story.append(Kind.STORY, "The lantern on the wall had burned all night long. " * 20)
    page.resize(1400, 700)
    page.show()
    left, right = column(page)
    room = page.width() - page.verticalScrollBar().width()
    assert abs(left - (room - right)) <= 3
    layout = page.document().lastBlock().layout()
    lengths = [layout.lineAt(i).textLength() for i in range(layout.lineCount() - 1)]
    assert 58 <= sum(lengths) / len(lengths) <= 72
    page.resize(420, 700)
    assert column(page)[0] < 60


def test_lines_stand_apart_by_the_leading(page: Page, book: Book) -> None:
    book.story.append(Kind.STORY, "word " * 100)
    page.show()
    for leading in (1.3, 1.5, 1.8):
        page.apply_setting(replace(page.setting, leading=leading))
        layout = page.document().firstBlock().layout()
        step = layout.lineAt(2).y() - layout.lineAt(1).y()
        assert step == pytest.approx(leading * canvas_of(page).formats.size, abs=1.0)


def test_zoom_keeps_the_place(page: Page, book: Book, qtbot: QtBot) -> None:
    play(book, 30)
    page.show()
    page.select(40, 50)
    page.verticalScrollBar().setValue(400)
    top = page.places.top()
    with qtbot.waitSignal(page.zoomed):
        page.zoom(2)
    assert page.setting.points == 15
    assert page.selection() == (40, 50)
    assert abs(page.places.top() - top) <= len(REPLY)
    page.zoom(-99)
    assert page.setting.points == 7
    page.zoom(0)
    assert page.setting.points == 13
    check(page, book.text, book.story.branch())


def wheel(page: Page, modifier: Qt.KeyboardModifier, at: QPointF, steps: int) -> None:
    event = QWheelEvent(
        at, QPointF(page.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton, modifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(page, event)


def test_the_wheel_scrolls_from_the_margin_and_zooms_with_ctrl(page: Page, book: Book) -> None:
    play(book, 30)
    page.resize(1300, 400)
    page.show()
    page.scroll_to_end()
    before = page.verticalScrollBar().value()
    wheel(page, Qt.KeyboardModifier.NoModifier, QPointF(10, 100), 1)
    assert page.verticalScrollBar().value() < before
    wheel(page, Qt.KeyboardModifier.ControlModifier, QPointF(10, 100), 1)
    assert page.setting.points == 14


def test_a_theme_changes_colours_and_nothing_else(page: Page, book: Book) -> None:
    play(book, 5)
    book.story.append(Kind.STORY, "I wrote this.")
    page.select(3, 9)
    for name in ("dark", "sepia", "light"):
        theme = load_theme(name)
        page.set_theme(theme)
        assert page.palette().color(page.backgroundRole()) == theme.color("paper")
        block = page.document().lastBlock()
        assert block.begin().fragment().charFormat().foreground().color() == theme.color("human")
        assert page.selection() == (3, 9)
    check(page, book.text, book.story.branch())


def test_authors_have_a_second_sign_that_can_be_switched_off(page: Page, book: Book) -> None:
    book.story.append(Kind.REPLY, "The lamp is lit.", Author.MODEL)
    book.story.append(Kind.STORY, "I wrote this.")
    page.set_caret(8)
    QTest.keyClicks(page, " now")
    page.show()

    def inks() -> list[tuple[str, bool]]:
        found = []
        for number in range(2):
            iterator = page.document().findBlockByNumber(number).begin()
            while not iterator.atEnd():
                form = iterator.fragment().charFormat()
                underlined = form.underlineStyle() is not form.UnderlineStyle.NoUnderline
                found.append((form.foreground().color().name(), underlined))
                iterator += 1
        return found

    colours = page.setting.theme.colors
    plain, edited, human = "#000000", colours["edited"], colours["human"]
    wanted = [(plain, False), (edited, False), (plain, False), (human, False)]
    assert inks() == wanted
    gutter = round(canvas_of(page).formats.gutter)

    def signs() -> int:
        """Pixels of the authors' bars in the gutter."""
        image = page.viewport().grab().toImage()
        paper = page.setting.theme.color("paper")
        width = round(gutter * image.devicePixelRatio()) - 2
        return sum(
            image.pixelColor(x, y) != paper for x in range(width) for y in range(image.height())
        )

    assert signs() > 20
    page.apply_setting(replace(page.setting, marks=Marks.SIGNS))
    assert inks() == [(plain, False), (edited, True), (plain, False), (human, True)]
    page.apply_setting(replace(page.setting, marks=Marks.NONE))
    assert {colour for colour, _ in inks()} == {plain}
    assert signs() == 0


def test_focus_mode_dims_all_but_the_paragraph_one_is_in(page: Page, book: Book) -> None:
    play(book, 3)
    page.show()
    page.set_caret(len(book.text) - 3)
    bright = page.viewport().grab().toImage()
    page.set_focus_mode(on=True)
    dimmed = page.viewport().grab().toImage()

    def darkest(image, block) -> int:
        box = page.document().documentLayout().blockBoundingRect(block)
        top = box.top() - page.verticalScrollBar().value()
        rows = range(round(top), round(top + box.height()))
        return min(
            image.pixelColor(x, y).lightness()
            for y in rows
            if 0 <= y < image.height()
            for x in range(image.width())
        )

    other, own = page.document().findBlockByNumber(1), page.document().lastBlock()
    assert darkest(dimmed, other) > darkest(bright, other) + 60
    assert darkest(dimmed, own) == darkest(bright, own)


def test_it_is_set_in_the_book_font_and_named(page: Page) -> None:
    assert page.document().defaultFont().family() == BOOK_FAMILY
    assert page.accessibleName()
    assert page.wordWrapMode() is QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
    interface = QAccessible.queryAccessibleInterface(page)
    assert interface is not None
    assert interface.isValid()


# Reports


def test_words_are_counted_a_moment_later(page: Page, book: Book, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.counted, timeout=3000) as told:
        book.story.append(Kind.STORY, "It was four o'clock.\n\nStill dark.")
    assert told.args == [6, 0]
    with qtbot.waitSignal(page.counted, timeout=3000) as told:
        page.select(0, 6)
    assert told.args == [6, 2]


def test_the_menu_can_be_added_to(page: Page, book: Book) -> None:
    play(book)
    page.select(0, 4)
    menu = build_menu(page)
    assert isinstance(menu, QMenu)
    texts = [action.text().replace("&", "") for action in menu.actions() if action.text()]
    assert texts == ["Cut", "Copy", "Paste", "Select all"]
    menu.actions()[0].trigger()
    assert book.text.startswith(" the door")


def test_the_caret_is_reported_in_code_points(page: Page, book: Book, qtbot: QtBot) -> None:
    book.story.append(Kind.STORY, "🐉🐉 dragons")
    with qtbot.waitSignal(page.caret_moved) as told:
        page.set_caret(3)
    assert told.args == [3, 3]
    assert page.textCursor().position() == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("… — !", 0), ("o’clock well-known 3.14", 3), ("a*b* c", 3), ("日本", 1)],
)
def test_what_a_word_is(text: str, words: int) -> None:
    assert count_words(text) == words
