"""One candidate: its settings, its words as they come, a button that puts it on the page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QMouseEvent, QTextCursor
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.theme import book_font

WIDTH = 220  # pixels at least


class Words(QTextEdit):
    """A candidate's text.

    Signals:
        entered: a double click, or Enter.
    """

    entered = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = parent
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setMinimumHeight(44)
        self.document().setDocumentMargin(0)
        self._dress()

    def _dress(self) -> None:
        self.setFont(book_font(points=self._column.font().pointSizeF() * 1.15))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take it."""
        event.accept()
        self.entered.emit()

    def keyPressEvent(self, event) -> None:
        """Enter takes it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Larger letters of the window, larger letters here."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ApplicationFontChange:
            self._dress()

    def add(self, text: str, back: int) -> None:
        """Take ``back`` characters off the end, then put ``text`` there."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if back:
            cursor.movePosition(
                QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, back
            )
        cursor.insertText(text)
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())


class Column(QFrame):
    """A column of the panel.

    Signals:
        picked: the id of the passage that is to stand on the page.
    """

    picked = Signal(int)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("candidate")
        self.setMinimumWidth(WIDTH)
        self.node: int | None = None
        self._title = QLabel(str(number + 1), self)
        self._told = QLabel(self)
        self._told.setProperty("quiet", "true")
        self.preset = QComboBox(self)
        self.preset.setAccessibleName(
            self.tr("Preset of candidate %1").replace("%1", str(number + 1))
        )
        self.words = Words(self)
        self.words.setAccessibleName(self.tr("Candidate %1").replace("%1", str(number + 1)))
        self.pick = QPushButton(self)
        self.pick.clicked.connect(self._pick)
        self.words.entered.connect(self._pick)
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addWidget(self._told, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(10, 8, 10, 8)
        outer.setSpacing(6)
        outer.addLayout(head)
        outer.addWidget(self.preset)
        outer.addWidget(self.words, 1)
        outer.addWidget(self.pick, alignment=Qt.AlignmentFlag.AlignRight)
        self.set_node(None, on_page=False)

    def set_node(self, node: int | None, *, on_page: bool) -> None:
        """The passage that this is, and whether it is the one on the page."""
        self.node = node
        self.pick.setVisible(node is not None)
        self.pick.setEnabled(not on_page)
        self.pick.setText(self.tr("On the page") if on_page else self.tr("Take this one"))
        self.setProperty("chosen", "true" if on_page else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def set_text(self, text: str) -> None:
        """Show a passage's words."""
        if self.words.toPlainText() != text:
            self.words.setPlainText(text)

    def tell(self, text: str) -> None:
        """A few words beside the number."""
        self._told.setText(text)
        self._told.setToolTip(text)

    def _pick(self) -> None:
        if self.node is not None and self.pick.isEnabled():
            self.picked.emit(self.node)
