"""Fields that write into the story with every key, and follow it without moving the caret."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Signal, Slot
from PySide6.QtGui import QResizeEvent, QTextCursor
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QWidget,
)

from app.docks.story_field import StoryField, WheelGuard
from app.style import pad
from app.units import to_units, units
from engine.story.normalize import normalize


class StoryText(QPlainTextEdit):
    """A text of several lines, as high as it needs to be between two limits.

    Undo is the story's (``StoryField``): the field itself keeps none.

    Signals:
        edited: what it says now.
    """

    edited = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, lines: tuple[int, int] = (3, 12)) -> None:
        super().__init__(parent)
        self._lines = lines
        self._setting = False
        self.of_story = StoryField(self)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setProperty("field", "true")
        self.document().setDocumentMargin(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.textChanged.connect(self._text_changed)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    @property
    def text(self) -> str:
        """What it says."""
        return normalize(self.toPlainText())

    def show_text(self, text: str) -> None:
        """Say this; only the characters that differ are replaced, so that the caret stays."""
        now = self.toPlainText()
        if text in (now, normalize(now)):
            return
        start = _same(now, text)
        tail = min(_same(now[:start:-1], text[:start:-1]), len(now) - start, len(text) - start)
        self._setting = True
        caret = self.textCursor().position()
        cursor = QTextCursor(self.document())
        first, last = to_units(now, start), units(now[: len(now) - tail])
        cursor.setPosition(first)
        cursor.setPosition(last, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[start : len(text) - tail])
        if first < caret < last:  # what it stood in gave way: it stays where it was, in what came
            mine = self.textCursor()
            mine.setPosition(min(caret, cursor.position()))
            self.setTextCursor(mine)
        self._setting = False

    @Slot()
    def _text_changed(self) -> None:
        if not self._setting:
            self.edited.emit(self.text)

    @Slot()
    def _fit(self) -> None:
        """Be as high as the text, within the limits."""
        low, high = self._lines
        lines = min(max(round(self.document().size().height()), low), high)
        margins = 2 * (round(self.document().documentMargin()) + self.frameWidth()) + 2
        height = lines * self.fontMetrics().lineSpacing() + margins
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other lines, another height."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """Narrow, and as high as it is."""
        return QSize(180, self.minimumHeight())


class StoryLine(QLineEdit):
    """A text of one line; its signals are those of ``StoryText``."""

    edited = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.of_story = StoryField(self)
        self.textEdited.connect(lambda text: self.edited.emit(normalize(text)))

    def show_text(self, text: str) -> None:
        """Say this, if it says something else."""
        line = " ".join(text.split("\n"))
        if normalize(self.text()) != line:
            place = self.cursorPosition()
            self.setText(line)
            self.setCursorPosition(min(place, len(line)))


class Number(QDoubleSpinBox):
    """A number; the wheel only turns it while it is in use, so that scrolling past changes nothing."""

    def __init__(
        self, low: float, high: float, parent: QWidget | None = None, *, places: int = 0
    ) -> None:
        super().__init__(parent)
        WheelGuard(self)
        pad(self)
        self.setProperty("bare", "true")  # arrows would take the room of the number
        self.setDecimals(places)
        self.setRange(low, high)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("00000000") + 24)

    def textFromValue(self, value: float) -> str:
        """Without zeros at the end and without parting thousands."""
        return (
            f"{value:.{self.decimals()}f}".rstrip("0").rstrip(".")
            if self.decimals()
            else f"{value:.0f}"
        )

    def show_value(self, value: float) -> None:
        """Show this, unless it is being typed."""
        if self.value() != value:
            with QSignalBlocker(self):
                self.setValue(value)


class Choice(QComboBox):
    """A choice of named values; the wheel only turns it while it is in use."""

    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        WheelGuard(self)
        self.setMinimumContentsLength(8)
        self.activated.connect(lambda row: self.picked.emit(self.itemData(row)))

    def show_value(self, value: object) -> None:
        """Show this one."""
        row = next((row for row in range(self.count()) if self.itemData(row) == value), -1)
        if row != self.currentIndex():
            with QSignalBlocker(self):
                self.setCurrentIndex(row)


def quiet(text: str, parent: QWidget, *, small: bool = False) -> QLabel:
    """A sentence of help."""
    label = QLabel(text, parent)
    label.setWordWrap(True)
    label.setProperty("quiet", "true")
    if small:
        font = label.font()
        font.setPointSizeF(font.pointSizeF() * 0.92)
        label.setFont(font)
    return label


def _same(a: str, b: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
