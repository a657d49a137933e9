"""One knob of the sampling panel: a switch or a name, a number, a slider, a way back, a sentence."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.docks.sampling_scale import Scale
from app.docks.sampling_slider import KnobField, KnobSlider
from engine.lm.knobs import Knob, Switch

WIDEST = "0.0000"  # what a number field has room for


class KnobRow(QWidget):
    """Shows one knob and reports what a person makes of it.

    Signals:
        changed: the knob's field and its new value.
        gripped: the slider is held from now on.
        let_go: it is not any more.
    """

    changed = Signal(str, object)
    gripped = Signal()
    let_go = Signal()

    def __init__(self, knob: Knob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.knob = knob
        self._scale = scale = Scale(knob)
        self._value: float = knob.off
        self._last = scale.usual  # what it is switched on at
        self._home: float = knob.off  # what reset goes back to
        self._shown: tuple[float, float] | None = None
        self._reason: tuple[str, bool] = ("", True)
        self.setObjectName(f"knob_{knob.field}")
        self.switch = QCheckBox(knob.label, self) if scale.switchable else None
        self.label = QLabel(knob.label, self) if self.switch is None else None
        if self.switch is not None:
            word = self.tr("off")
        else:
            word = self.tr("all") if knob.off == 0 and knob.field.endswith("range") else ""
        self.field = KnobField(scale, word, self)
        self.field.setFixedWidth(self.fontMetrics().horizontalAdvance(WIDEST) + 20)
        self.reset = QToolButton(self)
        self.reset.setText("↺")
        self.reset.setProperty("flat", "true")
        self.reset.setAccessibleName(self.tr("Reset %1").replace("%1", knob.label))
        self.slider = KnobSlider(scale, self)
        self.help = QLabel(knob.help, self)
        self._lay_out()
        self._name()
        self._connect()
        self.show_value(knob.off, knob.off)

    def _lay_out(self) -> None:
        self.help.setWordWrap(True)
        self.help.setProperty("quiet", "true")
        small = self.help.font()
        small.setPointSizeF(small.pointSizeF() * 0.92)
        self.help.setFont(small)
        name = self.switch or self.label
        assert name is not None
        name.setMinimumWidth(40)
        name.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        lines = QGridLayout(self)
        lines.setContentsMargins(0, 4, 0, 8)
        lines.setHorizontalSpacing(6)
        lines.setVerticalSpacing(2)
        place = self.reset.sizePolicy()
        place.setRetainSizeWhenHidden(True)  # the slider must not move under the hand
        self.reset.setSizePolicy(place)
        lines.addWidget(name, 0, 0)
        lines.addWidget(self.field, 0, 1)
        lines.addLayout(spread(self.slider, self.reset), 1, 0, 1, 2)
        lines.addWidget(self.help, 2, 0, 1, 2)
        lines.setColumnStretch(0, 1)

    def _name(self) -> None:
        label, text = self.knob.label, self.knob.help
        self.field.setAccessibleName(label)
        self.slider.setAccessibleName(self.tr("%1, slider").replace("%1", label))
        for widget in (self.switch, self.field, self.slider):
            if widget is not None:
                widget.setAccessibleDescription(text)
        if self.label is not None:
            self.label.setBuddy(self.field)

    def _connect(self) -> None:
        self.slider.moved.connect(self._set)
        self.slider.sliderPressed.connect(self.gripped)
        self.slider.sliderReleased.connect(self.let_go)
        self.field.valueChanged.connect(self._set)
        self.reset.clicked.connect(self._go_home)
        if self.switch is not None:
            self.switch.clicked.connect(self._switched)

    @property
    def on(self) -> bool:
        """Whether the knob does anything."""
        return self._value != self.knob.off

    def show_value(self, value: float, home: float) -> None:
        """Show what holds, and what reset would go back to; nobody is told."""
        if (value, home) == self._shown:
            return  # most rows stand still while one is moved
        self._shown = (value, home)
        self._value, self._home = value, home
        off = self.switch is not None and not self.on
        if self.switch is not None:
            if self.on:
                self._last = value
            self.switch.setChecked(self.on)
            shade = self.switch.property("quiet") != "true"
            if shade == off:
                self.switch.setProperty("quiet", "true" if off else "false")
                self.switch.style().unpolish(self.switch)
                self.switch.style().polish(self.switch)
        self.slider.show_value(value, off=off)
        with QSignalBlocker(self.field):
            self.field.setValue(value)
        self.reset.setVisible(value != home)
        number = self.field.textFromValue(home)
        self.reset.setToolTip(self.tr("Back to %1").replace("%1", number))

    def set_reason(self, reason: str, *, usable: bool) -> None:
        """Say why the knob has no effect in place of its help; grey it out if it cannot be used."""
        if (reason, usable) == self._reason:
            return
        self._reason = (reason, usable)
        for widget in (self.switch, self.label, self.field, self.slider, self.reset):
            if widget is not None:
                widget.setEnabled(usable)
        self.help.setText(reason or self.knob.help)
        self.setToolTip(reason)

    def sizeHint(self) -> QSize:
        """As high as its sentence needs at the width there is."""
        size = super().sizeHint()
        return QSize(min(size.width(), 280), size.height())

    @Slot(float)
    def _set(self, value: float) -> None:
        value = self._scale.fit(value)
        if value != self._value:
            self.changed.emit(self.knob.field, value)

    @Slot(bool)
    def _switched(self, on: bool) -> None:  # noqa: FBT001  a Qt slot
        self._set(self._last if on else self.knob.off)

    @Slot()
    def _go_home(self) -> None:
        self._set(self._home)


class SwitchRow(QWidget):
    """Something that is on or off.

    Signals:
        changed: the field and whether it is on.
    """

    changed = Signal(str, object)

    def __init__(self, switch: Switch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.switch = switch
        self.box = QCheckBox(switch.label, self)
        self.box.setAccessibleDescription(switch.help)
        self.help = QLabel(switch.help, self)
        self.help.setWordWrap(True)
        self.help.setProperty("quiet", "true")
        small = self.help.font()
        small.setPointSizeF(small.pointSizeF() * 0.92)
        self.help.setFont(small)
        lines = QGridLayout(self)
        lines.setContentsMargins(0, 4, 0, 8)
        lines.setVerticalSpacing(2)
        lines.addWidget(self.box, 0, 0)
        lines.addWidget(self.help, 1, 0)
        self.box.clicked.connect(self._clicked)

    def show_value(self, *, on: bool) -> None:
        """Show what holds."""
        self.box.setChecked(on)

    def set_reason(self, reason: str) -> None:
        """Grey it out with a reason; an empty one makes it usable."""
        self.box.setEnabled(not reason)
        self.help.setText(reason or self.switch.help)

    @Slot(bool)
    def _clicked(self, on: bool) -> None:  # noqa: FBT001  a Qt slot
        self.changed.emit(self.switch.field, on)


def spread(*widgets: QWidget) -> QHBoxLayout:
    """Widgets side by side, the first as wide as there is room for."""
    line = QHBoxLayout()
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(6)
    for n, widget in enumerate(widgets):
        line.addWidget(widget, 0 if n else 1)
    return line
