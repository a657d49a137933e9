"""The window's text, tinted by source; what the next turn is likely to lose is dimmed and dashed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPalette, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from app.docks.sources import tint
from app.theme import blend
from app.units import to_points, units
from engine.story.ledger import Context, WindowSpan


def _faint(palette: QPalette) -> QColor:
    """Weaker than ink, and still to be read on every tint."""
    role = QPalette.ColorRole
    return blend(palette.color(role.Text), palette.color(role.Base), 0.78)


class ContextText(QPlainTextEdit):
    """Shows a ``Context``, word for word.

    Signals:
        asked: a passage's id and a character in it, where the text was double-clicked.
    """

    asked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setObjectName("context_text")
        self.setAccessibleName(self.tr("What the model sees"))
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.document().setDocumentMargin(10)
        self._context: Context | None = None
        self._leaving: Sequence[tuple[int, int]] = ()
        self._ends: list[int] = []  # of the spans, in Qt's units

    @property
    def text(self) -> str:
        """What is shown."""
        return self.toPlainText()

    def show_context(self, context: Context | None, leaving: Sequence[tuple[int, int]]) -> None:
        """Show a window; ``leaving`` are ranges of its text."""
        text = context.text if context is not None else ""
        if context is self._context and leaving == self._leaving:
            return
        at_end = self._at_end()
        place = self.verticalScrollBar().value()
        self._context, self._leaving = context, leaving
        if text != self.toPlainText():
            self.setPlainText(text)
        self._paint()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum() if at_end else min(place, bar.maximum()))

    def show_span(self, key: object) -> None:
        """Scroll to the first part of a source (a ``Source``) or of a lore entry (its id)."""
        if self._context is None:
            return
        for span in self._context.spans:
            if (span.key or span.source) == key:
                cursor = self.textCursor()
                cursor.setPosition(units(self._context.text[: span.start]))
                self.setTextCursor(cursor)
                self.centerCursor()
                return

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Whoever saw the end sees it still."""
        at_end = self._at_end()
        super().resizeEvent(event)
        if at_end:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - 2

    def _paint(self) -> None:
        """Lay tints over the text; the document itself stays plain."""
        selections: list[QTextEdit.ExtraSelection] = []
        context = self._context
        self._ends = []
        if context is not None:
            at, done = 0, 0
            for span in context.spans:
                at += units(context.text[done : span.end])
                done = span.end
                self._ends.append(at)
                made = QTextCharFormat()
                made.setBackground(tint(span.source, self.palette()))
                words = context.text[span.start : span.end]
                if "\n" in words[: len(words) - len(words.lstrip())]:
                    words = words.lstrip()  # no tint on empty lines
                start = at - units(words)
                selections.append(self._selection(start, at, made))
            gone = QTextCharFormat()
            gone.setForeground(_faint(self.palette()))
            gone.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
            for start, end in self._leaving:
                first = units(context.text[:start])
                last = first + units(context.text[start:end])
                selections.append(self._selection(first, last, gone))
        self.setExtraSelections(selections)

    def _selection(self, start: int, end: int, made: QTextCharFormat) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        selection.cursor = cursor  # type: ignore[assignment]
        selection.format = made  # type: ignore[assignment]
        return selection

    def span_at(self, position: int) -> WindowSpan | None:
        """The part of the window at a document position."""
        if self._context is None:
            return None
        for span, end in zip(self._context.spans, self._ends, strict=True):
            if position < end:
                return span
        return None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to the passage."""
        position = self.cursorForPosition(event.position().toPoint()).position()
        span = self.span_at(position)
        if span is None or span.node is None or self._context is None:
            super().mouseDoubleClickEvent(event)
            return
        inside = to_points(self._context.text, position) - span.start
        self.asked.emit(span.node, min(span.first + max(inside, 0), span.last))

    def changeEvent(self, event: QEvent) -> None:
        """Another theme, other tints."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_ends"):
            self._paint()
