"""``‹ 2/5 ›`` under the last passage: leafs through its alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable


class AlternativesBar(QWidget):
    """Two arrows and where one is between them; hidden while there is nothing to choose from."""

    previous_requested = Signal()
    next_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("alternatives")
        self.setAccessibleName(self.tr("Alternatives of the last passage"))
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._back = self._arrow("‹", self.tr("Previous alternative"), self.previous_requested.emit)
        self._label = QLabel(self)
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._next = self._arrow("›", self.tr("Next alternative"), self.next_requested.emit)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for widget in (self._back, self._label, self._next):
            row.addWidget(widget)
        self.hide()

    def _arrow(self, sign: str, name: str, pressed: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setText(sign)
        button.setAutoRaise(True)
        button.setAccessibleName(name)
        button.setToolTip(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the caret where it is
        button.clicked.connect(pressed)
        return button

    def set_state(self, number: int, count: int) -> None:
        """Show alternative ``number`` (from 1) of ``count``; fewer than two hide the bar."""
        self._label.setText(f"{number}/{count}")
        spoken = self.tr("Alternative {number} of {count}").format(number=number, count=count)
        self._label.setAccessibleName(spoken)
        self._back.setEnabled(number > 1)
        self._next.setEnabled(number < count)
        self.setVisible(count > 1)
        self.adjustSize()
