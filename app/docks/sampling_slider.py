"""A slider that shows where a sampler is off, and a number field that says so."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPalette,
    QPen,
    QValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QWidget,
)

from app.docks.sampling_scale import POSITIONS, Scale
from app.docks.story_field import WheelGuard
from app.style import pad

_UP = {Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Plus}
_DOWN = {Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Minus}
_PAGE = 10  # steps


class KnobSlider(QSlider):
    """Moves one knob; the filled part of its line reaches from "off" to the value.

    Signals:
        moved: the value a person has moved it to.
    """

    moved = Signal(float)

    def __init__(self, scale: Scale, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._scale = scale
        self._value = scale.knob.off
        self._off = False
        self.setRange(0, POSITIONS)
        self.setPageStep(POSITIONS // 10)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.valueChanged.connect(self._changed)

    def show_value(self, value: float, *, off: bool) -> None:
        """Stand at a value without telling anybody."""
        self._value, self._off = value, off
        with QSignalBlocker(self):
            self.setValue(self._scale.position(value))
        self.update()

    def _changed(self, position: int) -> None:
        value = self._scale.value(position)
        if value != self._value:
            self._value = value
            self.moved.emit(value)

    def step(self, steps: int) -> None:
        """Move by steps of the knob's own."""
        value = self._scale.fit(self._value + steps * self._scale.knob.step)
        if value != self._value:
            self.show_value(value, off=False)
            self.moved.emit(value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go by the knob's steps, Page keys by ten of them."""
        key = event.key()
        if key in _UP | _DOWN:
            self.step(1 if key in _UP else -1)
        elif key in {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}:
            self.step(_PAGE if key == Qt.Key.Key_PageUp else -_PAGE)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the panel, unless the slider is being worked with."""
        if self.hasFocus():
            self.step(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Jump to where the line is pressed, and drag on from there."""
        if event.button() == Qt.MouseButton.LeftButton and not self._handle().contains(
            event.position().toPoint()
        ):
            handle = self._handle().width()
            room = self.width() - handle
            place = QStyle.sliderValueFromPosition(
                0, POSITIONS, round(event.position().x() - handle / 2), room
            )
            with QSignalBlocker(self):
                self.setValue(place)
        super().mousePressEvent(event)  # the slider is held from here on
        self._changed(self.value())

    def _handle(self):
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_SliderHandle
        return self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)

    def paintEvent(self, _event) -> None:
        """A line, a mark where the knob is off, the part between, a knob to hold."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        line = palette.color(QPalette.ColorRole.Mid)
        accent = palette.color(group, QPalette.ColorRole.Link)
        if not self.isEnabled():
            accent = line
        handle = self._handle()
        middle, x = self.height() / 2, float(handle.center().x()) + 0.5
        edge = handle.width() / 2
        left, right = edge, self.width() - edge
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(line)
        painter.drawRoundedRect(QRectF(left, middle - 1.5, right - left, 3), 1.5, 1.5)
        off = left + (right - left) * self._scale.position(self._scale.knob.off) / POSITIONS
        painter.drawRect(QRectF(off - 1, middle - 5, 2, 10))
        if not self._off:
            painter.setBrush(accent)
            start, end = sorted((off, x))
            painter.drawRoundedRect(QRectF(start, middle - 1.5, end - start, 3), 1.5, 1.5)
        dim = palette.color(QPalette.ColorRole.PlaceholderText) if self.isEnabled() else line
        self._draw_handle(painter, x, middle, accent, dim)

    def _draw_handle(
        self, painter: QPainter, x: float, y: float, accent: QColor, dim: QColor
    ) -> None:
        paper = self.palette().color(QPalette.ColorRole.Base)
        hollow = self._off or not self.isEnabled()
        painter.setPen(QPen(dim if hollow else accent, 1.6))
        painter.setBrush(paper if hollow else accent)
        painter.drawEllipse(QRectF(x - 6, y - 6, 12, 12))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Link), 1.4))
            painter.drawEllipse(QRectF(x - 9, y - 9, 18, 18))


class KnobField(QDoubleSpinBox):
    """The number of one knob; says a word in place of the number that means "off"."""

    def __init__(self, scale: Scale, word: str, parent: QWidget | None = None) -> None:
        self._scale = scale
        self._word = word
        super().__init__(parent)
        WheelGuard(self)
        pad(self)
        self.setProperty("bare", "true")  # arrows would take the room of the number
        knob = scale.knob
        self.setDecimals(scale.decimals)
        self.setRange(knob.low, knob.high)
        self.setSingleStep(knob.step)
        self.setKeyboardTracking(False)
        self.setAccelerated(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    def textFromValue(self, value: float) -> str:
        """The number, or the word."""
        if self._word and value == self._scale.knob.off:
            return self._word
        return super().textFromValue(value)

    def valueFromText(self, text: str) -> float:
        """The word means the value that is off."""
        if self._word and text.strip().casefold() == self._word.casefold():
            return self._scale.knob.off
        return super().valueFromText(text)

    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """A number, or the word as it is typed."""
        typed = text.strip().casefold()
        if self._word and typed and self._word.casefold().startswith(typed):
            whole = typed == self._word.casefold()
            state = QValidator.State.Acceptable if whole else QValidator.State.Intermediate
            return (state, text, pos)
        return super().validate(text, pos)

    def stepBy(self, steps: int) -> None:
        """Steps from the word on, too."""
        self.setValue(self._scale.fit(self.value() + steps * self._scale.knob.step))
