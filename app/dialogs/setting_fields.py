"""Fields for settings: each shows one value, and tells its name and new value when it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.settings import FIELDS
from app.style import pad


class SettingField(QWidget):
    """One setting.

    Signals:
        changed: the setting's name and the value that a person gave it.
    """

    changed = Signal(str, object)

    def __init__(self, name: str, label: str, about: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.name, self.label, self.about = name, label, about
        self.lines = QVBoxLayout(self)
        self.lines.setContentsMargins(0, 0, 0, 0)
        self.lines.setSpacing(2)

    def show_value(self, value: object) -> None:
        """Show a value; nothing is told."""
        raise NotImplementedError

    def _finish(self, field: QWidget) -> None:
        field.setAccessibleName(self.label)
        field.setAccessibleDescription(self.about)
        self.setFocusProxy(field)
        self.lines.addWidget(field)
        if self.about:
            help_ = QLabel(self.about, self)
            help_.setWordWrap(True)
            help_.setProperty("quiet", "true")
            self.lines.addWidget(help_)
        self.lines.addStretch(1)  # takes what the words turn out not to need


class Choice(SettingField):
    """One of a few values, each with its words."""

    def __init__(
        self,
        name: str,
        label: str,
        about: str,
        choices: Sequence[tuple[str, str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(name, label, about, parent)
        self.box = QComboBox(self)
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.setMinimumContentsLength(14)
        self.set_choices(choices)
        self.box.activated.connect(lambda _at: self.changed.emit(name, self.box.currentData()))
        self._finish(self.box)

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer these values and words instead; the shown one stays where it can."""
        value = self.box.currentData()
        self.box.clear()
        for key, words in choices:
            self.box.addItem(words, key)
        if value is not None:
            self.show_value(value)

    def show_value(self, value: object) -> None:
        """Show a value, also one that was not offered."""
        at = self.box.findData(value)
        if at < 0:
            self.box.addItem(str(value), value)
            at = self.box.count() - 1
        self.box.setCurrentIndex(at)


class Number(SettingField):
    """A whole number; ``zero`` says what 0 means."""

    def __init__(
        self,
        name: str,
        label: str,
        about: str,
        parent: QWidget | None = None,
        *,
        suffix: str = "",
        step: int = 1,
        zero: str = "",
    ) -> None:
        super().__init__(name, label, about, parent)
        rule = FIELDS[name]
        self.box = QSpinBox(self)
        pad(self.box)
        self.box.setRange(int(rule.low or 0), int(rule.high or 0))
        self.box.setSuffix(suffix)
        self.box.setSingleStep(step)
        self.box.setSpecialValueText(zero)
        self.box.setKeyboardTracking(False)
        self.box.valueChanged.connect(lambda value: self.changed.emit(name, value))
        self._finish(self.box)

    def show_value(self, value: object) -> None:
        """Show a number."""
        self.box.blockSignals(True)  # noqa: FBT003
        self.box.setValue(int(str(value)))
        self.box.blockSignals(False)  # noqa: FBT003


class Decimal(SettingField):
    """A number with a point."""

    def __init__(self, name: str, label: str, about: str, parent: QWidget | None = None) -> None:
        super().__init__(name, label, about, parent)
        rule = FIELDS[name]
        self.box = QDoubleSpinBox(self)
        pad(self.box)
        self.box.setRange(rule.low or 0.0, rule.high or 0.0)
        self.box.setSingleStep(0.05)
        self.box.setKeyboardTracking(False)
        self.box.valueChanged.connect(lambda value: self.changed.emit(name, round(value, 2)))
        self._finish(self.box)

    def show_value(self, value: object) -> None:
        """Show a number."""
        self.box.blockSignals(True)  # noqa: FBT003
        self.box.setValue(float(str(value)))
        self.box.blockSignals(False)  # noqa: FBT003


class Toggle(SettingField):
    """On or off."""

    def __init__(self, name: str, label: str, about: str, parent: QWidget | None = None) -> None:
        super().__init__(name, label, about, parent)
        self.box = QCheckBox(label, self)
        self.box.clicked.connect(lambda on: self.changed.emit(name, on))
        self._finish(self.box)

    def show_value(self, value: object) -> None:
        """Show whether it is on."""
        self.box.setChecked(bool(value))


class Folder(SettingField):
    """A folder; empty is the usual one, which is named."""

    def __init__(
        self, name: str, label: str, about: str, usual: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(name, label, about, parent)
        self._usual = usual
        self._value = ""
        self.shown = QLabel(self)
        self.shown.setWordWrap(True)
        self.choose = QPushButton(self.tr("Choose…"), self)
        self.reset = QPushButton(self.tr("The usual one"), self)
        for button in (self.choose, self.reset):
            button.setAutoDefault(False)
            button.setAccessibleName(f"{label}: {button.text()}")
        self.choose.clicked.connect(self._ask)
        self.reset.clicked.connect(lambda: self.changed.emit(name, ""))
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.choose)
        row.addWidget(self.reset)
        row.addStretch(1)
        self._finish(self.shown)
        self.lines.insertLayout(self.lines.count() - 1, row)
        self.setFocusProxy(self.choose)

    def show_value(self, value: object) -> None:
        """Show a folder."""
        self._value = str(value)
        path = self._value or str(self._usual)
        # A long path may break after each of its folders.
        self.shown.setText(path.replace("/", "/\u200b").replace("\\", "\\\u200b"))
        self.shown.setToolTip(path)
        self.reset.setVisible(bool(self._value))

    def _ask(self) -> None:
        start = self._value or str(self._usual)
        path = QFileDialog.getExistingDirectory(self, self.label, start)
        if path:
            self.changed.emit(self.name, str(Path(path).absolute()))
