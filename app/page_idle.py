"""What the page does while nobody waits: fill in what is above the fold, and count words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from app.words import count_words

if TYPE_CHECKING:
    from app.page import Page
    from app.page_canvas import Canvas

COUNT_MS = 300  # rest after which words are counted
COUNT_STEP = 200_000  # characters counted at once


class Idle(QObject):
    """Steps that are short enough not to be felt, on timers of the GUI thread."""

    def __init__(self, page: Page, canvas: Canvas) -> None:
        super().__init__(page)
        self._page = page
        self._canvas = canvas
        self._fill_timer, self._count_timer = QTimer(self), QTimer(self)
        for timer, slot in ((self._fill_timer, self._fill), (self._count_timer, self._count)):
            timer.setSingleShot(True)
            timer.timeout.connect(slot)

    def fill(self) -> None:
        """Fill in the beginning of the story step by step."""
        self._fill_timer.start()

    def count(self) -> None:
        """Count words a moment after the last change."""
        self._count_timer.start(COUNT_MS)

    @Slot()
    def _fill(self) -> None:
        bar = self._page.verticalScrollBar()
        from_end = bar.maximum() - bar.value()
        self._canvas.back_fill(self._page.back_fill)
        bar.setValue(bar.maximum() - from_end)
        if self._canvas.hidden:
            self._fill_timer.start()
        else:
            self._page.loaded.emit()

    @Slot()
    def _count(self) -> None:
        model = self._canvas.page
        words = model.word_count(COUNT_STEP)
        if words is None:
            self._count_timer.start(0)
            return
        start, end = self._page.selection()
        selected = count_words(model.text(start, end)) if end > start else 0
        self._page.counted.emit(words, selected)
