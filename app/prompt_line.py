"""The field of the prompt line: grows with its text, knows what was typed before."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QTextCursor, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

MAX_LINES = 6
MAX_HISTORY = 200


class Line(QPlainTextEdit):
    """The field itself: grows with its text, Enter sends, the arrow keys leaf through the past.

    Signals:
        entered: Enter was pressed.
        escaped: Esc was pressed.
        resized: the field wants another height.
    """

    entered = Signal()
    escaped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(8)
        self._past: list[str] = []
        self._place = 0  # in the past; len(past) is the text being written
        self._draft = ""
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def remember(self, text: str) -> None:
        """Put a line into the past."""
        if text.strip() and text not in self._past[-1:]:
            self._past = [*self._past[1 - MAX_HISTORY :], text]
        self._place = len(self._past)
        self._draft = ""

    def sizeHint(self) -> QSize:
        """As high as the text, up to a few lines."""
        return QSize(super().sizeHint().width(), self._height())

    def minimumSizeHint(self) -> QSize:
        """One line."""
        return QSize(120, self._height())

    def changeEvent(self, event: QEvent) -> None:
        """Another font, another height."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps differently."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Undo and redo are the story's while the line is empty."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            standard = QKeySequence.StandardKey
            if not self.toPlainText() and (
                event.matches(standard.Undo) or event.matches(standard.Redo)
            ):
                event.ignore()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, Esc, the arrows; the rest as ever."""
        key, mods = event.key(), event.modifiers()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if mods & Qt.KeyboardModifier.ShiftModifier:
                self.textCursor().insertText("\n")
                self.ensureCursorVisible()
            else:
                self.entered.emit()
        elif key == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif key == Qt.Key.Key_Up and self._on_edge(QTextCursor.MoveOperation.Up):
            self._leaf(-1)
        elif key == Qt.Key.Key_Down and self._on_edge(QTextCursor.MoveOperation.Down):
            self._leaf(1)
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste plain text only."""
        if source.hasText():
            self.textCursor().insertText(source.text().replace("\r\n", "\n").replace("\0", ""))
            self.ensureCursorVisible()

    def _on_edge(self, move: QTextCursor.MoveOperation) -> bool:
        return not QTextCursor(self.textCursor()).movePosition(move)

    def _leaf(self, step: int) -> None:
        place = self._place + step
        if not 0 <= place <= len(self._past):
            return
        if self._place == len(self._past):
            self._draft = self.toPlainText()
        self._place = place
        self.setPlainText(self._past[place] if place < len(self._past) else self._draft)
        self.moveCursor(QTextCursor.MoveOperation.End)

    def _height(self) -> int:
        lines = min(MAX_LINES, max(1, round(self.document().size().height())))
        frame = self.height() - self.viewport().height()
        margins = round(2 * self.document().documentMargin())
        return self.fontMetrics().lineSpacing() * lines + margins + frame

    @Slot()
    def _fit(self) -> None:
        over = self.document().size().height() > MAX_LINES
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if over else policy.ScrollBarAlwaysOff
        )
        if self.height() != self._height():
            self.setFixedHeight(self._height())
