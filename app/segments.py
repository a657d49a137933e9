"""Buttons joined to one, of which one is down: a choice between a few views or kinds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Segments(QWidget):
    """The first is down to begin with.

    Signals:
        picked: the number of the button that a person pressed.
    """

    picked = Signal(int)

    def __init__(
        self, names: Sequence[str], parent: QWidget | None = None, *, tips: Sequence[str] = ()
    ) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for number, name in enumerate(names):
            button = QPushButton(name, self)
            button.setCheckable(True)
            button.setChecked(number == 0)
            button.setAutoDefault(False)
            button.setAccessibleName(name)
            place = "first" if number == 0 else "last" if number == len(names) - 1 else "middle"
            button.setProperty("segment", place)
            if tips:
                button.setToolTip(tips[number])
                button.setAccessibleDescription(tips[number])
            self._group.addButton(button, number)
            row.addWidget(button, 1)
        self._group.idClicked.connect(self.picked)

    @property
    def number(self) -> int:
        """Which is down."""
        return self._group.checkedId()

    @property
    def buttons(self) -> list[QPushButton]:
        """From first to last."""
        return [self.button(number) for number in range(len(self._group.buttons()))]

    def button(self, number: int) -> QPushButton:
        """One of them."""
        found = self._group.button(number)
        assert isinstance(found, QPushButton)
        return found

    def choose(self, number: int) -> None:
        """Press one down without having it picked."""
        self.button(number).setChecked(True)
