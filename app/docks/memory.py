"""What the model is told beside the story: memory, author's note, and the lorebook."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.docks.lore_book import Book
from app.docks.lore_page import LorePage
from app.docks.memory_look import SHEET
from app.docks.memory_pages import MemoryPage, NotePage
from app.docks.parts import Parts
from app.segments import Segments
from engine.errors import KnownError
from engine.story.ledger import Context
from engine.turn import see, sources

PAUSE = 40  # ms: keys in a burst are answered once
_MOST_LORE = 1000  # entries that are taken into account while a memory is typed


class MemoryPanel(QWidget):
    """Three pages; what is typed in them is in the story with the key that typed it."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self.book = Book(parts, self)
        self.memory = MemoryPage(parts, self)
        self.note = NotePage(parts, self)
        self.lore = LorePage(parts, self.book, self)
        self._nothing = QLabel(
            self.tr(
                "What the model is told beside the story: a memory it never loses, a note about "
                "how to go on, and lore that comes up when it matters. Open a story to write them."
            ),
            self,
        )
        self._nothing.setWordWrap(True)
        self._nothing.setProperty("quiet", "true")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._nothing.setContentsMargins(12, 10, 12, 10)
        self.pages = QStackedWidget(self)
        for page in (self.memory, self.note, self.lore):
            self.pages.addWidget(page)
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self.weigh)
        self._connect()
        self.show_story()

    def _lay_out(self) -> None:
        self.setMinimumWidth(256)
        self.setStyleSheet(SHEET)
        self.switch = Segments((self.tr("Memory"), self.tr("Note"), self.tr("Lore")), self)
        self._head = QWidget(self)
        row = QHBoxLayout(self._head)
        row.setContentsMargins(12, 10, 12, 4)
        row.addWidget(self.switch)
        row.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._nothing)
        outer.addWidget(self._head)
        outer.addWidget(self.pages, 1)

    def _connect(self) -> None:
        writer = self._parts.writer
        self.switch.picked.connect(self.show_page)
        for signal in (writer.opened, writer.changed):
            signal.connect(self.show_story)
        writer.model_changed.connect(self._later)
        for page in (self.memory, self.note, self.lore):
            page.undone.connect(self._undo)

    def show_page(self, number: int) -> None:
        """Show memory (0), note (1) or lore (2)."""
        self.switch.choose(number)
        self.pages.setCurrentIndex(number)
        self._later()

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while nobody looked."""
        super().showEvent(event)
        self.show_story()

    @Slot()
    def show_story(self) -> None:
        """Show what the story says now; fields that say so already are left alone."""
        there = self._parts.writer.story is not None
        self._nothing.setVisible(not there)
        self._head.setVisible(there)
        self.pages.setVisible(there)
        self.memory.show_story()
        self.note.show_story()
        self._later()

    @Slot()
    def _later(self) -> None:
        if self.isVisible():
            self._pause.start()

    @Slot()
    def weigh(self) -> None:
        """Build the next turn's window, and tell the open page what it takes of it."""
        page = self.pages.currentWidget()
        if isinstance(page, MemoryPage | NotePage):
            page.show_context(self._context())

    def _context(self) -> Context | None:
        writer = self._parts.writer
        story, model, builder = writer.story, writer.model, writer.builder
        if story is None or model is None or builder is None:
            return None
        lore = self.book.entries.values() if self.book.size <= _MOST_LORE else ()
        made_of = sources(story, lore=tuple(lore))
        try:
            return see(made_of, model.backend, builder, writer.play(story))
        except KnownError:
            return None

    @Slot(bool)
    def _undo(self, back: bool) -> None:  # noqa: FBT001  a Qt slot
        writer = self._parts.writer
        if back:
            writer.undo()
        else:
            writer.redo()
