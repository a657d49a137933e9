"""What a word's chances were: a card under the pointer, and a branch where another is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QTimer, Slot
from PySide6.QtGui import QMouseEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from app.heat import HeatMap
from app.word_card import WordCard
from engine.story.chances import Chance, Other, Word, of_reply, words

if TYPE_CHECKING:
    from app.page import Page
    from app.writer import Writer
    from engine.story.node import Node

REST = 350  # ms that the pointer rests on a word
LEAVE = 300  # ms after which the card goes


class WordChances(QObject):
    """Watches the pointer over the page while it is switched on."""

    def __init__(self, writer: Writer, page: Page) -> None:
        super().__init__(writer)
        self._writer, self._page = writer, page
        self.heat = HeatMap(writer, page)
        self.on = False
        self.card = WordCard(page)
        self.card.picked.connect(self._pick)
        self._node: Node | None = None
        self._word: Word | None = None
        self._point = QPoint()
        self._rest, self._leave = self._timer(REST, self._look), self._timer(LEAVE, self._go)
        page.viewport().installEventFilter(self)
        self.card.installEventFilter(self)
        writer.changed.connect(self.card.hide)
        writer.opened.connect(self.card.hide)
        page.verticalScrollBar().valueChanged.connect(self.card.hide)

    def _timer(self, ms: int, slot) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(ms)
        timer.timeout.connect(slot)
        return timer

    @Slot(bool)
    def set_on(self, on: bool) -> None:  # noqa: FBT001  a QAction's slot
        """Watch the pointer or not."""
        self.on = on
        self._page.viewport().setMouseTracking(True)
        self._rest.stop()
        self.card.hide()

    @Slot(bool)
    def set_heat(self, on: bool) -> None:  # noqa: FBT001  a QAction's slot
        """Colour words by how likely they were, or not."""
        self.heat.set_on(on=on)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the pointer."""
        kind = event.type()
        if watched is self.card:
            if kind is QEvent.Type.Enter:
                self._leave.stop()
            elif kind is QEvent.Type.Leave:
                self._leave.start()
            elif kind is QEvent.Type.Hide:
                self._page.layers.set("word", [])
        elif kind is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            if self.on or self.heat.on:
                self._point = event.position().toPoint()
                self._rest.start()
                if self.card.isVisible():
                    self._leave.start()
        elif kind in (QEvent.Type.Leave, QEvent.Type.KeyPress):
            self._rest.stop()
            self._leave.start()
        return False

    @Slot()
    def _go(self) -> None:
        self.card.hide()

    @Slot()
    def _look(self) -> None:
        self.show_at(self._point)

    def word_at(self, point: QPoint) -> tuple[Node, Word] | None:
        """The word under a point of the page's viewport whose chances are known, and its passage."""
        page, story = self._page, self._writer.story
        if story is None or page.streaming:
            return None
        cursor = page.cursorForPosition(point)
        if not page.cursorRect(cursor).adjusted(-14, 0, 14, 0).contains(point):
            return None  # beside the text
        node_id, at = page.places.node_at(page.places.offset_at(cursor.position()))
        if not node_id:
            return None
        node = story.node(node_id)
        for word in self.words_of(node):
            if word.start <= at < word.end:
                return node, word
        return None

    def words_of(self, node: Node) -> list[Word]:
        """The words of a passage: as its model wrote them, else as the heat map found them."""
        model = self._writer.model
        if model is None:
            return []
        if node.meta is not None and node.meta.digest == model.backend.identity.digest:
            found = words(node.text, of_reply(node, model.backend.tokenizer))
            if found and (found[0].tokens[0].others or not self.heat.on):
                return found
        return self.heat.words_of(node)

    def show_at(self, point: QPoint) -> bool:
        """Show the card of the word under a point; false where there is none."""
        found = self.word_at(point)
        if found is None:
            return False
        self._node, self._word = node, word = found
        first = word.tokens[0]
        page = self._page
        self.card.show_word(
            node.text[word.start : word.end], word.logprob, first,
            node.text[first.start : first.end], branch=not self._writer.streaming,
        )  # fmt: skip
        cursor = page.textCursor()
        cursor.setPosition(page.places.position_at(page.places.offset_of(node.id, word.start)))
        box = page.cursorRect(cursor)
        self._mark(node, word)
        self._leave.stop()
        self.card.move_to(page.viewport().mapToParent(box.topLeft()), box.height())
        return True

    def _mark(self, node: Node, word: Word) -> None:
        """Underline the word that the card is about."""
        page = self._page
        mark, look, cursor = QTextEdit.ExtraSelection(), QTextCharFormat(), page.textCursor()
        start, end = (page.places.offset_of(node.id, at) for at in (word.start, word.end))
        cursor.setPosition(page.places.position_at(start))
        cursor.setPosition(page.places.position_at(end), QTextCursor.MoveMode.KeepAnchor)
        look.setFontUnderline(True)
        look.setUnderlineColor(page.setting.theme.color("accent"))
        mark.cursor, mark.format = cursor, look  # type: ignore[misc]
        page.layers.set("word", [mark])

    @Slot(object, object)
    def _pick(self, chance: Chance, other: Other) -> None:
        node, self._node = self._node, None
        self.card.hide()
        if node is not None:
            self._writer.branch_with(node.id, chance.start, other.text)
